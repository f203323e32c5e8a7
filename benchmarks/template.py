"""The newsletter, template to message and to bytes, beside Jinja with premailer and with css-inline; and what it costs
by the number of recipients and of structures."""

import logging
from collections.abc import Callable
from email.message import EmailMessage
from email.policy import SMTP
from functools import partial
from itertools import count
from pathlib import Path
from time import perf_counter

import jinja2
from css_inline import CSSInliner
from premailer import Premailer, transform

from benchmarks.measure import compare
from benchmarks.newsletter import FILES, NAME, content, person
from benchmarks.plot import plot
from mailkit import Templates

_DOCS = Path(__file__).parent.parent / "docs"
_SHARED = content()
_jinja = jinja2.Environment(
    loader=jinja2.DictLoader({**FILES, NAME: FILES[NAME].partition("\n\n")[2]}),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
)
_usual = _jinja.get_template(NAME)
_css = CSSInliner(keep_style_tags=True)


def _data(number: int) -> dict[str, object]:
    return {**_SHARED, **person(number)}


def _in_turn(work: Callable[[int], object]) -> Callable[[], object]:
    """Each call is for the next recipient."""
    numbers = count()
    return lambda: work(next(numbers))


def mailkit_render(templates: Templates, number: int) -> object:
    return templates.render(NAME, _data(number))


def mailkit_bytes(templates: Templates, number: int) -> bytes:
    builder = templates.compose(NAME, _data(number))
    return bytes(builder.from_("letters@news.example.com").to("zoe@example.com").build())


def premailer_html(number: int) -> str:
    """As its documentation says. HTML alone: there is no text part."""
    return str(transform(_usual.render(_data(number)), cssutils_logging_level=logging.CRITICAL))


def lean_premailer_html(number: int) -> str:
    """With the checks of CSS left out, as mailkit does it. HTML alone."""
    return str(Premailer(_usual.render(_data(number)), allow_network=False, disable_validation=True).transform())


def css_inline_html(number: int) -> str:
    """HTML alone: there is no text part."""
    return _css.inline(_usual.render(_data(number)))


def premailer_bytes(number: int) -> bytes:
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"] = "letters@news.example.com", "zoe@example.com"
    message["Subject"] = f"What is new in {person(number)['city']}"
    message.set_content(premailer_html(number), subtype="html")
    return message.as_bytes()


def run() -> None:
    print(f"A newsletter of {len(premailer_html(0)) / 1000:.0f} KB of HTML.")
    templates, fast = Templates(FILES), Templates(FILES, inliner="css-inline")
    for number in range(20):  # each structure is met, as in any list of some length
        mailkit_render(templates, number)
        mailkit_render(fast, number)
    ours = _in_turn(partial(mailkit_render, templates))
    compare(
        "Template to HTML and text",
        {"mailkit": ours, "Jinja alone": _in_turn(lambda number: _usual.render(_data(number)))},
        times=500,
    )
    compare(
        "Template to HTML and text, beside Jinja and premailer, HTML alone",
        {
            "mailkit": ours,
            "premailer, lean": _in_turn(lean_premailer_html),
            "premailer": _in_turn(premailer_html),
        },
        times=20,
        aim=("premailer", 150),
    )
    compare(
        "The same with css-inline",
        {
            "mailkit": _in_turn(partial(mailkit_render, fast)),
            "Jinja, css-inline": _in_turn(css_inline_html),
        },
        times=300,
        aim=("Jinja, css-inline", 3),
    )
    compare(
        "Template to the bytes of a message",
        {
            "mailkit": _in_turn(partial(mailkit_bytes, templates)),
            "premailer, EmailMessage": _in_turn(premailer_bytes),
        },
        times=20,
        aim=("premailer, EmailMessage", 100),
    )
    usual = _each(premailer_html, 20)
    print("\nBy the number of recipients, from nothing: milliseconds for each message")
    by_recipients: list[tuple[float, float]] = []
    for total in (1, 10, 100, 1_000, 10_000, 100_000):
        fresh = Templates(FILES)
        by_recipients.append((total, _each(partial(mailkit_render, fresh), total)))
        print(f"  {total:>7,} recipients {by_recipients[-1][1]:>10.3f}")
    print("\nBy the number of structures among 1,000 recipients: milliseconds for each message")
    by_structures: list[tuple[float, float]] = []
    for structures in (1, 3, 10, 30, 100, 300, 1_000):
        fresh = Templates({**FILES, NAME: FILES[NAME].replace("<h1", "{% for _ in range(depth) %}<hr>{% endfor %}<h1")})

        def varied(number: int, fresh: Templates = fresh, structures: int = structures) -> object:
            return fresh.render(NAME, {**_data(1), "depth": number % structures})

        by_structures.append((structures, _each(varied, 1_000)))
        print(f"  {structures:>7,} structures {by_structures[-1][1]:>10.3f}")
    print(f"  {'Jinja, premailer':>18} {usual:>10.3f}")
    _draw("recipients", "Cost of a newsletter by the number of recipients", "recipients", by_recipients, usual)
    _draw("structures", "Cost by the number of structures among 1,000 recipients", "structures", by_structures, usual)


def _draw(name: str, title: str, across: str, ours: list[tuple[float, float]], usual: float) -> None:
    lines = {"mailkit": ours, "Jinja and premailer": [(ours[0][0], usual), (ours[-1][0], usual)]}
    path = _DOCS / f"cost-by-{name}.svg"
    path.write_text(plot(title, lines, across=across, unit="ms"), encoding="utf-8")
    print(f"drawn: docs/{path.name}")


def _each(work: Callable[[int], object], total: int) -> float:
    start = perf_counter()
    for number in range(total):
        work(number)
    return (perf_counter() - start) * 1000 / total
