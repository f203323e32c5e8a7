"""Loops over what is the same for everybody: rendered once, and never with what was true for somebody else."""

import itertools
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from markupsafe import Markup

from mailkit import Templates
from mailkit.errors import TemplateError

Files = str | dict[str, str]
Pages = Callable[[], Iterator[dict[str, Any]]]


class Words(list[str]):
    """The user's own list, with a way of its own to be gone through."""

    def __iter__(self) -> Iterator[str]:
        return reversed(list(super().__iter__()))


@dataclass
class Counted:
    """An object that says something else each time."""

    numbers: Iterator[int] = field(default_factory=itertools.count)

    def __str__(self) -> str:
        return f"n{next(self.numbers)}"

    @property
    def price(self) -> int:
        return next(self.numbers)


def told(
    files: Files, pages: Pages, *, skeletons: bool, make_globals: Callable[[], dict[str, Any]] = dict, **options: Any
) -> list[object]:
    """What every page says, one after another; data and globals are made anew, for some of them change."""
    files = {"x.html": files} if isinstance(files, str) else files
    templates = Templates(files, inliner="none", skeletons=skeletons, globals=make_globals(), **options)
    said: list[object] = []
    for page in pages():
        try:
            made = templates.render("x.html", page, locale=page.get("speak"))
            said.append((made.html, made.text))
        except TemplateError as error:
            said.append(str(error))
    return said


def assert_same(files: Files, pages: Pages, **options: Any) -> list[object]:
    said = told(files, pages, skeletons=True, **options)
    assert said == told(files, pages, skeletons=False, **options)
    return said


def same_for(count: int = 5, **data: Any) -> Pages:
    """Pages with the same data, each with a name of its own."""
    return lambda: iter([{"name": f"N{number}", **data} for number in range(count)])


def each(name: str, *values: Any, rounds: int = 3) -> Pages:
    """Pages on which one value takes turns."""
    return lambda: iter([{name: value, "name": "x"} for _ in range(rounds) for value in values])


ITEMS = [{"title": "Tea", "price": 3, "tags": ["a", "b"]}, {"title": "<Cake> & co", "price": 4.5, "tags": []}]

_LOOPS = {
    "plain": "{% for i in items %}<p>{{ i.title }}</p>{% endfor %}",
    "counted": "{% for i in items %}{{ loop.index }}/{{ loop.length }} {{ loop.first }} {{ loop.cycle('a', 'b') }}{% endfor %}",
    "with its neighbours": "{% for i in items %}{{ loop.previtem.title if loop.previtem }}{{ loop.changed(i.price) }}{% endfor %}",
    "nested": "{% for i in items %}{% for t in i.tags %}{{ loop.index }}{{ t }}{% endfor %}{{ loop.index }}{% endfor %}",
    "nested, with each ones own": "{% for i in items %}{% for t in i.tags %}{{ t }}{{ name }}{% endfor %}{% endfor %}",
    "each ones own": "{% for i in items %}{{ i.title }} for {{ name }}{% endfor %}",
    "with a condition": "{% for i in items if i.price > 3 %}{{ i.title }}{% else %}none{% endfor %}",
    "with a condition of each ones own": "{% for i in items if name != 'N2' %}{{ i.title }}{% else %}none{% endfor %}",
    "with nothing to go through": "{% for i in [] %}x{% else %}{{ items[0].title }}{% endfor %}",
    "left early": "{% for i in items %}{% if i.price > 4 %}{% break %}{% endif %}{{ i.title }}{% endfor %}",
    "with variables": "{% for i in items %}{% set t = i.title | upper %}{{ t }}{% endfor %}{{ t | default('gone') }}",
    "with a variable from outside": "{% set x = name %}{% for i in items %}{{ x }}{{ i.title }}{% endfor %}",
    "with a scope": "{% for i in items %}{% with t = i.title, n = name %}{{ t }}{{ n }}{% endwith %}{% endfor %}",
    "with a namespace": "{% set ns = namespace(n=0) %}{% for i in items %}{% set ns.n = ns.n + 1 %}{{ ns.n }}{% endfor %}{{ ns.n }}",
    "with a namespace of each ones own": "{% set ns = namespace(n=name) %}{% for i in items %}{{ ns.n }}{% endfor %}",
    "that changes its data": "{% set q = [] %}{% for i in items %}{{ q.append(i.title) or '' }}{{ q | length }}{% endfor %}{{ q | length }}",
    "with filters": "{% for i in items | sort(attribute='price') %}{{ i.title | truncate(3) }}{{ i.price | number }}{% endfor %}",
    "with attributes": "{% for t in items | map(attribute='title') %}{{ t }}{% endfor %}",
    "grouped": "{% for g in items | groupby('price') %}{{ g.grouper }}{% for i in g.list %}{{ i.title }}{% endfor %}{% endfor %}",
    "over keys and values": "{% for k, v in items[0].items() %}{{ k }}={{ v }}{% endfor %}",
    "over numbers": "{% for n in range(3) %}{{ n }}{{ items | length }}{% endfor %}",
    "with a macro": "{% macro m(x) %}<b>{{ x }}</b>{% endmacro %}{% for i in items %}{{ m(i.title) }}{% endfor %}",
    "with a macro of each ones own": "{% macro m(x) %}{{ x }}{{ name }}{% endmacro %}{% for i in items %}{{ m(i.title) }}{% endfor %}",
    "with an imported macro": '{% import "m.html" as m %}{% for i in items %}{{ m.bold(i.title) }}{{ m.twice(i.title) }}{% endfor %}',
    "with a macro by its name": '{% from "m.html" import bold %}{% for i in items %}{{ bold(i.title) }}{% endfor %}',
    "with a macro that is told": '{% import "m.html" as m %}{% for i in items %}{% call m.box() %}{{ i.title }}{{ name }}{% endcall %}{% endfor %}',
    "within a macro": "{% macro m(x) %}{% for i in x %}{{ i.title }}{{ caller(i) }}{% endfor %}{% endmacro %}{% call(i) m(items) %}{{ name }}{% endcall %}",
    "with an included page": '{% for i in items %}{% include "i.html" %}{% endfor %}',
    "around a block": "{% for i in items %}{% block b scoped %}{{ i.title }}{{ name }}{% endblock %}{% endfor %}",
    "captured": "{% set k %}{% for i in items %}{{ i.title }}{% endfor %}{% endset %}{{ k }}{{ name }}",
    "captured, and measured": "{% set k %}{% for i in items %}{{ i.title }}{% endfor %}{% endset %}{{ k | length }}{{ name }}",
    "filtered": "{% filter upper %}{% for i in items %}{{ i.title }}{% endfor %}{% endfilter %}{{ name }}",
    "in an attribute": '<p title="{% for i in items %}{{ i.title }} {% endfor %}">{{ name }}</p>',
    "in a class": '<p class="{% for i in items %}c{{ i.price }} {% endfor %}">{{ name }}</p>',
    "translated": "{% for i in items %}{% trans t=i.title %}Buy {{ t }}{% endtrans %}{% endfor %}",
    "with what may be missing": "{% for i in items %}{{ i.nope | default('x') }}{{ nope | default(name) }}{% endfor %}",
    "with what is missing": "{% for i in items %}{{ i.title }}{{ i.nope }}{% endfor %}",
    "recursive": "{% for i in [items, []] recursive %}{{ loop.depth }}{{ loop(i) if i is not mapping }}{% endfor %}",
    "as Markdown": "{% markdown %}\n{% for i in items %}\n* {{ i.title }} {{ name }}\n{% endfor %}\n{% endmarkdown %}",
}
MODULE = {
    "m.html": "{% macro bold(x) %}<b>{{ x }}</b>{% endmacro %}{% macro twice(x) %}{{ bold(x) }}{{ bold(x) }}{% endmacro %}"
    "{% macro box() %}<div>{{ caller() }}</div>{% endmacro %}",
    "i.html": "{{ i.title }}{{ name }}",
}


@pytest.mark.parametrize("case", _LOOPS)
def test_loop_of_each_kind_when_rendered_again_says_the_same(case: str) -> None:
    """Loops that are shared, and loops that must not be: nobody can tell which is which."""
    assert_same({"x.html": _LOOPS[case], **MODULE}, same_for(items=ITEMS))


@pytest.mark.parametrize(
    ("case", "structures"),
    [
        ("plain", 1),
        ("nested", 1),
        ("over numbers", 1),
        ("with an imported macro", 1),
        ("each ones own", 1),
        ("captured", 1),
    ],
)
def test_loop_that_is_the_same_for_everybody_stays_one_structure(case: str, structures: int) -> None:
    """It is a part of the skeleton from its second time on: that makes one more, and no page does without."""
    templates = Templates({"x.html": f"{_LOOPS[case]}<p>{{{{ name }}}}</p>", **MODULE}, inliner="none")
    for page in same_for(6, items=ITEMS)():
        templates.render("x.html", page)
    told = templates.statistics
    assert (told.fallbacks, told.skeletons) in {(0, structures), (0, structures + 1)}
    assert told.hits == 6 - told.skeletons


# -- data that is not the same, although it looks so ------------------------------------------------------------------

_ALIKE = {
    "numbers": (1, 1.0, True, Decimal(1), Decimal("1.00"), "1"),
    "zeros": (0, 0.0, -0.0, False, Decimal("-0"), "0", None),
    "no number": (float("nan"), float("inf")),
    "markup": ("<b>", Markup("<b>"), Markup("&lt;b&gt;")),
    "dates": (date(2026, 11, 24), datetime(2026, 11, 24), "2026-11-24", datetime(2026, 11, 24, tzinfo=UTC)),
    "zones": tuple(
        datetime(2026, 11, 24, 12, tzinfo=zone)
        for zone in (UTC, timezone(timedelta(0)), timezone(timedelta(hours=1), "X"), ZoneInfo("Europe/Berlin"))
    ),
    "an hour that is there twice": tuple(
        datetime(2026, 10, 25, 2, 30, fold=fold, tzinfo=ZoneInfo("Europe/Berlin")) for fold in (0, 1)
    ),
    "times": (time(12), timedelta(hours=12)),
    "lists": ([1, 2], (1, 2), [2, 1], [1, 2, 3], [1, True], {1: 2}, "12"),
    "dictionaries": ({"a": 1, "b": 2}, {"b": 2, "a": 1}, {"a": 2, "b": 1}, {"ab": 12}),
    "nested": ([["a"], ["b"]], [["a", "b"]], ["a", ["b"]], [["a"], "b"]),
    "bytes": (b"x", "x", bytearray(b"x")),
    "a list of ones own": (["a", "b"], Words(["a", "b"]), ["b", "a"]),
    "sets": ({1}, frozenset({1}), {1: None}.keys()),
    "nothing": ([], (), "", {}, None),
}


@pytest.mark.parametrize("case", _ALIKE)
@pytest.mark.parametrize(
    "loop", ["{% for n in [1, 2] %}{{ data }}{% endfor %}", "{% for d in data or [] %}[{{ d }}]{% endfor %}"]
)
def test_loop_over_data_that_is_alike_tells_it_apart(case: str, loop: str) -> None:
    """1 is not True is not 1.0, and the order of a dictionary counts."""
    assert_same(loop, each("data", *_ALIKE[case]))


def test_loop_over_data_that_changes_follows_it() -> None:
    """In place, deep inside, between two renderings."""

    def pages() -> Iterator[dict[str, Any]]:
        items = [{"tags": ["a"]}]
        for number in range(12):
            yield {"items": items}
            if number % 3 == 2:
                items[0]["tags"].append(f"t{number}")
            if number == 7:
                items.append({"tags": []})

    said = assert_same("{% for i in items %}{% for t in i.tags %}{{ t }}{% endfor %};{% endfor %}", pages)
    assert len(set(said)) == 5


def test_loop_over_shared_data_that_is_replaced_and_comes_back_is_right() -> None:
    """Two newsletters in turn, and a third, and the first again."""
    assert_same(
        "{% for i in items %}<p>{{ i }}</p>{% endfor %}{{ name }}",
        each("items", ["a"], ["b"], ["a"], *([f"c{n}"] for n in range(20)), ["a"]),
    )


@pytest.mark.parametrize(
    "data", [lambda: Counted(), lambda: [Counted()], lambda: {"k": Counted()}, lambda: (Counted(), 1)]
)
@pytest.mark.parametrize(
    "loop",
    [
        "{% for n in [1, 2] %}{{ data }}{% endfor %}",
        "{% for n in [1, 2] %}{{ data.price | default('x') }}{% endfor %}",
        "{% for d in data if data is not string %}{{ d }}{% endfor %}",
    ],
)
def test_loop_over_objects_with_state_asks_them_each_time(data: Callable[[], Any], loop: str) -> None:
    """Only plain data can be known to be the same."""

    def pages() -> Iterator[dict[str, Any]]:
        one = data()
        return iter([{"data": one} for _ in range(5)])

    assert_same(loop, pages)


def test_loop_over_what_can_be_gone_through_once_is_not_emptied_before() -> None:
    """A generator is looked at by the loop alone."""
    said = assert_same(
        "{% for i in items %}{{ i }}{% endfor %}", lambda: iter([{"items": (n for n in (1, 2))} for _ in range(4)])
    )
    assert said == [("12", "12\n")] * 4


@pytest.mark.parametrize("items", [[["x"] * 200_000], [[[[]]]]])
def test_loop_over_data_that_is_huge_or_holds_itself_is_rendered_each_time(items: list[Any]) -> None:
    """No key is made of it, and no error."""
    items[0].append(items)
    assert_same("{% for i in items %}{{ i | length }}{% endfor %}", same_for(3, items=items))


# -- what is not data --------------------------------------------------------------------------------------------------

_CALLED: dict[str, Files] = {
    "a function": "{% for i in items %}{{ tick() }}{% endfor %}",
    "a function in an object": "{% for i in items %}{{ clock.tick() }}{% endfor %}",
    "a function in a dictionary": "{% for i in items %}{{ drawer.tick() }}{{ drawer['tick']() }}{% endfor %}",
    "a filter": "{% for i in items %}{{ i | ticked }}{% endfor %}",
    "a filter that replaces another": "{% for i in items %}{{ i | upper }}{% endfor %}",
    "a filter by its name": "{% for i in items | map('ticked') %}{{ i }}{% endfor %}",
    "an object": "{% for i in items %}{{ counted }}{% endfor %}",
    "a function, in a condition": "{% for i in items if tick() > 0 %}{{ i }}{{ tick() }}{% endfor %}",
    "a function, to go through": "{% for i in ticks() %}{{ i }}{% endfor %}",
    "a function under another name": "{% set f = tick %}{% for i in items %}{{ f() }}{% endfor %}",
    "a function in a scope": "{% macro f() %}x{% endmacro %}{% for i in items %}{% with f = tick %}{{ f() }}{% endwith %}{% endfor %}",
    "a function in a macro": "{% macro m() %}{{ tick() }}{% endmacro %}{% for i in items %}{{ m() }}{% endfor %}",
    "a function in a macro in a macro": "{% macro n() %}{{ tick() }}{% endmacro %}{% macro m() %}{{ n() }}{% endmacro %}"
    "{% for i in items %}{{ m() }}{% endfor %}",
    "a function in an imported macro": {
        "x.html": '{% import "m.html" as m %}{% for i in items %}{{ m.m() }}{% endfor %}',
        "m.html": "{% macro m() %}{{ tick() }}{% endmacro %}",
    },
    "a function in one of two macros of a name": {
        "x.html": '{% import "m.html" as m %}{% for i in items %}{{ m.m() }}{% endfor %}',
        "m.html": "{% if true %}{% macro m() %}{{ tick() }}{% endmacro %}{% endif %}"
        "{% if false %}{% macro m() %}x{% endmacro %}{% endif %}",
    },
    "an object in a module": {
        "x.html": '{% import "m.html" as m %}{% for i in items %}{{ m.m() }}{{ m.thing }}{% endfor %}',
        "m.html": "{% macro m() %}x{% endmacro %}{% set thing = counted %}",
    },
    "an object in a module under another name": {
        "x.html": '{% import "m.html" as m %}{% for i in items %}{{ m.m() }}{% set q = m %}{{ q.thing }}{% endfor %}',
        "m.html": "{% macro m() %}x{% endmacro %}{% set thing = counted %}",
    },
    "a function in an included page": {
        "x.html": '{% for i in items %}{% include "i.html" %}{% endfor %}',
        "i.html": "{{ tick() }}",
    },
    "chance": "{% for i in items %}{{ [i, i] | random }}{% endfor %}",
}


class Clock:
    """What a user's globals may hold."""

    def __init__(self) -> None:
        self.numbers = itertools.count(1)

    def tick(self, *_: Any) -> int:
        return next(self.numbers)


@pytest.mark.parametrize("case", _CALLED)
def test_loop_with_what_the_user_brings_along_calls_it_each_time(case: str) -> None:
    """Functions, filters and objects may say something else each time, and are asked each time."""
    files = _CALLED[case]
    said = []
    for skeletons in (True, False):
        clock = Clock()
        made = {
            "tick": clock.tick,
            "ticks": lambda clock=clock: [clock.tick(), clock.tick()],
            "clock": clock,
            "drawer": {"tick": clock.tick},
            "counted": Counted(clock.numbers),
        }
        filters = {"ticked": clock.tick, "upper": clock.tick}
        said.append(
            told(
                files, same_for(items=[1, 2]), skeletons=skeletons, make_globals=lambda made=made: made, filters=filters
            )
        )
    assert said[0] == said[1]
    if case != "chance":
        assert len({str(one) for one in said[0]}) == 5


def test_loop_over_range_when_the_data_has_another_range_takes_that() -> None:
    """A name of the data goes before Jinja's own."""
    ranges = [lambda n, k=k: [k] * n for k in range(5)]
    assert_same("{% for n in range(2) %}{{ n }}{{ name }}{% endfor %}", each("range", *ranges, range, rounds=2))
    assert_same(
        "{% macro m() %}{{ range(2) | list }}{% endmacro %}{% for n in [1] %}{{ m() }}{% endfor %}",
        each("range", *ranges, range, rounds=2),
    )


# -- languages, files, threads -----------------------------------------------------------------------------------------


def test_loop_in_another_language_says_it_in_that() -> None:
    """The data is the same, what is printed is not."""
    loop = "{% for i in items %}{{ i.price | money('EUR') }} {{ '2026-11-24' | date('long') }} {{ locale }}{% endfor %}"
    pages = [{"items": ITEMS, "speak": speak} for _ in range(4) for speak in ("de", "en", "fr", None)]
    said = assert_same(loop, lambda: iter(pages))
    assert len(set(said)) == 3


def test_loop_in_a_file_that_changes_is_the_new_one() -> None:
    """What was remembered of the old one is forgotten, also of a macro in another file."""
    files = {
        "x.html": '{% import "m.html" as m %}{% for i in items %}{{ m.m(i) }}{% endfor %}',
        "m.html": "{% macro m(x) %}<b>{{ x }}</b>{% endmacro %}",
    }
    templates = Templates(files, inliner="none")

    def render() -> str | None:
        return [templates.render("x.html", {"items": [1, 2]}).html for _ in range(3)][-1]

    assert render() == "<b>1</b><b>2</b>"
    files["m.html"] = "{% macro m(x) %}<i>{{ x }}</i>{% endmacro %}"
    assert render() == "<i>1</i><i>2</i>"
    files["x.html"] = '{% import "m.html" as m %}{% for i in items %}{{ m.m(i * 2) }}{% endfor %}'
    assert render() == "<i>2</i><i>4</i>"


def test_loop_in_many_threads_gives_each_its_own() -> None:
    """Some of the data is everybody's, some is not."""
    templates = Templates(
        {"x.html": "{% for i in items %}<p>{{ i }}</p>{% endfor %}{% for i in own %}<b>{{ i }}</b>{% endfor %}"},
        inliner="none",
    )
    wrong: list[object] = []

    def work(number: int) -> None:
        for turn in range(40):
            own = [number, turn]
            shared = ["a", "b"] if turn % 2 else ["a", number // 4]
            page = templates.render("x.html", {"items": shared, "own": own}).html
            if page != "".join(f"<p>{one}</p>" for one in shared) + "".join(f"<b>{one}</b>" for one in own):
                wrong.append((number, turn, page))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    told = templates.statistics
    assert told.skeletons + told.hits + told.fallbacks == 8 * 40
