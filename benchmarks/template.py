"""The newsletter, template to message and to bytes, beside Jinja with premailer and with css-inline; and what it costs
by the number of recipients and of structures."""

from collections.abc import Callable
from email.message import EmailMessage
from email.policy import SMTP
from functools import partial
from itertools import count
from time import perf_counter

import jinja2
from css_inline import CSSInliner
from premailer import Premailer

from benchmarks.measure import compare
from benchmarks.newsletter import FILES, NAME, content, person
from mailkit import Templates

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
    """HTML alone: there is no text part."""
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
        {"mailkit": ours, "Jinja, premailer": _in_turn(premailer_html)},
        times=20,
        aim=("Jinja, premailer", 150),
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
            "Jinja, premailer, stdlib": _in_turn(premailer_bytes),
        },
        times=20,
        aim=("Jinja, premailer, stdlib", 100),
    )
    print("\nBy the number of recipients, from nothing: milliseconds for each message")
    for total in (1, 10, 100, 1_000, 10_000, 100_000):
        fresh = Templates(FILES)
        print(f"  {total:>7,} recipients {_each(partial(mailkit_render, fresh), total):>10.3f}")
    print("\nBy the number of structures among 1,000 recipients: milliseconds for each message")
    for structures in (1, 3, 10, 30, 100, 300, 1_000):
        fresh = Templates({**FILES, NAME: FILES[NAME].replace("<h1", "{% for _ in range(depth) %}<hr>{% endfor %}<h1")})

        def varied(number: int, fresh: Templates = fresh, structures: int = structures) -> object:
            return fresh.render(NAME, {**_data(1), "depth": number % structures})

        print(f"  {structures:>7,} structures {_each(varied, 1_000):>10.3f}")
    print(f"  {'Jinja, premailer':>18} {_each(premailer_html, 20):>10.3f}")


def _each(work: Callable[[int], object], total: int) -> float:
    start = perf_counter()
    for number in range(total):
        work(number)
    return (perf_counter() - start) * 1000 / total
