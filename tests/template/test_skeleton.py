"""Skeletons: which values share one, which are pinned, which pages do without; and that no page ever shows it.

Each rule is a line of a table. ``a`` is the value that the rule is about; ``b`` stands in text on every page.
"""

import re
import threading
from collections.abc import Callable
from itertools import cycle, islice
from typing import Any

import jinja2
import pytest
from markupsafe import Markup

from mailkit import Templates
from mailkit.errors import TemplateError
from mailkit.template.skeleton import Statistics

INLINERS = ["premailer", "css-inline", "none"]
SHEET = "<style>p { color: red } .red { margin: 0 } @media print { p { color: blue } }</style>"

# Two values of ``a``, no two pages alike.
PAGES = [{"a": a, "b": b} for a, b in [("red", "one"), ("green", "two"), ("red", "three"), ("green", "four")]]
# What parsers, inliners and text writers may each treat in their own way.
ODD = [
    "Zoë & <Bob>",
    'it\'s "so"',
    "two  blanks\tand\nlines",
    "https://ü.example/ö?a=1&b=%20",
    "--",
    "!",
    "a\u00a0b",
    "\u00a0",
    "",
    "ignore",
    "/",
    "#top",
    "\x07",
    "&amp;",
    "</style>",
    "😀\U0001fffe",
    Markup("<i>x</i>"),
    Markup("a &amp; b"),
    7,
    None,
]

SHARED, PINNED, ALL_PINNED, ALONE = "shared", "pinned", "all pinned", "alone"
_MEANT = {
    SHARED: Statistics(skeletons=1, hits=3),
    PINNED: Statistics(skeletons=2, hits=2),
    ALL_PINNED: Statistics(skeletons=4),
    ALONE: Statistics(fallbacks=4),
}


def look(thing: Any = "", **named: Any) -> int:
    """What a user's own function may do: call what it is given, and look at what that says."""
    for one in (thing, *named.values()):
        found = one[0] if isinstance(one, list) else one
        return len(str(found("q") if callable(found) else found))
    return 0


def asks_kindly(value: Any) -> str:
    """A user's own function that has an answer to everything."""
    try:
        return "yes" if re.match("r", value) else "no"
    except TypeError:
        return "not text"


@jinja2.pass_context
def look_around(context: jinja2.runtime.Context) -> int:
    return len(context["card"](context["a"]))


@jinja2.pass_context
def call_around(context: jinja2.runtime.Context) -> int:
    return len(context.call(context["card"], context["a"]))


GLOBALS = {
    "look": look,
    "asks_kindly": asks_kindly,
    "look_around": look_around,
    "call_around": call_around,
    "look_in": lambda module: len(module.card("q")),
    "look_at_block": lambda caller: str(len(caller())),
    "same": lambda value: value,
}
FILES = {
    "part.html": "<i>{{ a }}</i>",
    "part.txt": "{{ a }}",
    "module.html": "{% macro card(x) %}<i>{{ x }}</i>{% endmacro %}{% set made = card('k') %}<u>{{ 'own' }}</u>"
    "{% macro again() %}{{ made }}{% endmacro %}",
}
KEPT = "{% set kept %}{{ a }}{% endset %}"
CARD = "{% macro card(x) %}<i>{{ x }}</i>{% endmacro %}"
BOX = "{% macro box() %}<div>{{ caller() }}</div>{% endmacro %}"

# What is done with the value, and what that means for sharing, where the inliners differ for each.
_RULES: dict[str, tuple[str, str | dict[str, str]]] = {
    # -- places where a value has no say
    "text": ("<p>{{ a }}</p>", SHARED),
    "text beside text": ("x{{ a }}{{ a }}y {{ a }}", SHARED),
    "an attribute": ('<p title="{{ a }}" data-id="{{ a }}">x</p>', SHARED),
    "an attribute in single quotes": ("<p title='{{ a }}'>x</p>", SHARED),
    "an image": ('<img src="{{ a }}" alt="{{ a }}" width="{{ a }}">', SHARED),
    "a link": ('<a href="https://x.example/?q={{ a }}&amp;x=1">{{ a }}</a>', SHARED),
    "a link that is its own words": ('<a href="{{ a }}">{{ a }}&nbsp;</a>', SHARED),
    "a link around a block": ('<a href="https://x.example/{{ a }}"><h2>{{ a }}</h2></a>', SHARED),
    "a link around a link": ('<a href="x{{ a }}"><b><a href="{{ b }}">x</a></b></a>', SHARED),
    "preformatted text": ('<pre>{{ a }}  <a href="{{ a }}">{{ a }}</a></pre>', SHARED),
    "a comment": ("<!-- {{ a }} -->", SHARED),
    "a conditional comment": ('<!--[if mso]><v:rect href="{{ a }}"/><![endif]-->', SHARED),
    "a title": ("<title>{{ a }}</title>", SHARED),
    "a text area": ("<textarea>{{ a }}</textarea>", SHARED),
    "an option": ("<select><option>{{ a }}</option></select>", SHARED),
    "a drawing": ("<svg><title>{{ a }}</title><text>{{ a }}</text></svg>", SHARED),
    "a table, between its cells": ("<table>{{ a }}<tr><td>x</td></tr></table>", SHARED),
    "a cell of data": ("<table><tr><td><p>{{ a }}</p>{{ a }}</td><td>x</td></tr></table>", SHARED),
    "behind the body": ("<body>x</body>{{ a }}", SHARED),
    # -- places where it has one
    "a class": ('<p class="x {{ a }}">x</p>', PINNED),
    "an id": ('<p id="{{ a }}">x</p>', PINNED),
    "a style attribute": ('<p style="color: {{ a }}">x</p>', PINNED),
    "the name of a tag": ("<{{ a }}>x</{{ a }}>", PINNED),
    "the name of an end tag": ("<b>x</{{ a }}>", PINNED),
    "the name of an attribute": ('<p {{ a }}="1">x</p>', PINNED),
    "an attribute without quotes": ("<p title={{ a }}>x</p>", PINNED),
    "an attribute that is there twice": (
        '<p title="x" title="{{ a }}">x</p>',
        {"premailer": PINNED, "css-inline": PINNED, "none": SHARED},
    ),
    "the number that a list begins with": ('<ol start="{{ a }}"><li>x</ol>', PINNED),
    "the name of a place": ('<a name="{{ a }}">x</a>', PINNED),
    "the language": ('<p lang="{{ a }}">x</p>', PINNED),
    "a meta element": ('<meta name="x" content="{{ a }}">', PINNED),
    "a base": ('<base href="{{ a }}">', PINNED),
    "a style sheet": ("<style>b { color: {{ a }} }</style>", PINNED),
    "an attribute of a style sheet": ('<style title="{{ a }}">b { color: green }</style>', PINNED),
    "a wish for the inliner": ('<p data-css-inline="{{ a }}" data-premailer="{{ a }}">x</p>', PINNED),
    "a wish for the text": ('<p data-text="{{ a }}">x</p>', PINNED),
    "other words for the text": ('<p data-text-as="{{ a }}">x</p>', PINNED),
    "a script": ("<script>var x = '{{ a }}'</script>", PINNED),
    "what stands in for scripts": ("<noscript>{{ a }}</noscript>", PINNED),
    "a character reference": ("<p>&{{ a }};</p>", PINNED),
    "the end of a character reference": ("<p>&amp{{ a }}</p>", PINNED),
    "a section of characters": ("<![CDATA[{{ a }}]]>", PINNED),
    "a comment with hyphens in it": ("<!-- x --{{ a }}> y -->", PINNED),
    # -- style sheets that ask for values
    "a link that a sheet asks for": ('<style>a[href*="red"] { top: 0 }</style><a href="{{ a }}">x</a>', PINNED),
    "an attribute that a sheet asks for": ('<style>[title="red"] { top: 0 }</style><p title="{{ a }}">x</p>', PINNED),
    "an attribute of any namespace": ('<style>[*|title=red] { top: 0 }</style><p title="{{ a }}">x</p>', PINNED),
    "an attribute, asked for with blanks": (
        '<style>p[ title ~= "red" ] { top: 0 }</style><p title="{{ a }}">x</p>',
        PINNED,
    ),
    "text under a sheet that asks for attributes": ('<style>[title="red"] { top: 0 }</style><p>{{ a }}</p>', SHARED),
    "text that a sheet asks for": ('<style>p:contains("red") { top: 0 }</style><p>{{ a }}</p>', ALL_PINNED),
    # -- values that are filtered, and markup
    "a filtered value": ("<p>{{ a | upper }} {{ a | replace('e', '') }} {{ a | default('x') }}</p>", SHARED),
    "a filtered value that comes out the same": ("<p>{{ a | length > 2 }}</p>", SHARED),
    "values put together": ("<p>{{ a ~ '!' }} {{ '%s, %s' | format(a, b) }} {{ [a, b] | join(', ') }}</p>", SHARED),
    "a value that is markup": ("<p>{{ ('<b>' ~ a ~ '</b>') | safe }}</p>", PINNED),
    "what a path is chosen by": ("{% if a == 'red' %}<b>{{ b }}</b>{% else %}{{ b }}{% endif %}", PINNED),
    "a text that is translated": ("{% trans x=a %}Dear {{ x }}{% endtrans %}", SHARED),
    # -- output that is captured
    "captured, and printed": (KEPT + "{{ kept }}<p>{{ kept }}</p>", SHARED),
    "captured, and handed to a macro": (KEPT + CARD + "{{ card(kept) }}", SHARED),
    "captured, and kept in a dictionary": (KEPT + "{% set d = {'k': kept} %}{{ d.k }}{{ dict(k=kept).k }}", SHARED),
    "captured, and the default": (KEPT + "{{ nothing | default(kept) }}", SHARED),
    "captured, and translated": (KEPT + "{% trans x=kept %}Dear {{ x }}{% endtrans %}", SHARED),
    "captured, and in a loop": (KEPT + "{% for n in [1, 2] %}{{ kept }}{% endfor %}", SHARED),
    "captured, and asked for what it is": (KEPT + "{% if kept is string %}x{% endif %}", ALONE),
    "captured, and asked whether it is there": (KEPT + "{% if kept %}x{% endif %}", ALONE),
    "captured, and compared": (KEPT + "{% if kept == 'red' %}x{% endif %}", ALONE),
    "captured, and looked for": (KEPT + "{{ kept in 'a red rose' }}", ALONE),
    "captured, and looked into": (KEPT + "{{ 'e' in kept }}", ALONE),
    "captured, and measured": (KEPT + "{{ kept | length }}", ALONE),
    "captured, and filtered": (KEPT + "{{ kept | upper }}", ALONE),
    "captured, and split": (KEPT + "{{ kept[:4] }}", ALONE),
    "captured, and cut": (KEPT + "{{ kept | truncate(3) }}", ALONE),
    "captured, and put together": (KEPT + "{{ kept ~ b }}", ALONE),
    "captured, and joined": (KEPT + "{{ ', '.join([kept, b]) }}", ALONE),
    "captured, and put into text": (KEPT + "{{ 'x-x'.replace('-', kept) }}", ALONE),
    "captured, and written as JSON": (KEPT + "{{ [kept] | tojson }}", ALONE),
    "captured, and handed to a function": (KEPT + "{{ look(kept) }}", ALONE),
    "captured, and handed to a function by name": (KEPT + "{{ same(value=kept) }}", ALONE),
    "captured, and handed to a function that says nothing": (KEPT + "{{ asks_kindly(kept) }}", ALONE),
    "captured, and handed to a filter that says nothing": (KEPT + "{{ kept | asks_kindly }}", ALONE),
    "captured by a filter": ("{% set kept | trim %} {{ a }} {% endset %}{{ kept }}", ALONE),
    "captured in a namespace": (
        "{% set ns = namespace() %}{% set ns.v %}{{ a }}{% endset %}{{ ns.v | length }}",
        ALONE,
    ),
    "a filter around a block": ("{% filter upper %}<p>{{ a }}</p>{% endfilter %}", ALONE),
    # -- macros
    "a macro": (CARD + "{{ card(a) }}{{ card(card(a)) }}", SHARED),
    "a macro that is filtered": (CARD + "{{ card(a) | striptags }}", ALONE),
    "a macro that a filter does not understand": (CARD + "{{ card(a) | asks_kindly }}", ALONE),
    "a macro that is measured": (CARD + "{% if card(a) | length > 10 %}x{% endif %}", ALONE),
    "a macro that is handed on": (CARD + "{{ look(card) }}", ALONE),
    "a macro that is handed on by name": (CARD + "{{ look(thing=card) }}", ALONE),
    "a macro that is handed on in a list": (CARD + "{{ look([card]) }}", ALONE),
    "a macro that is handed on by chance": (CARD + "{{ look(card if a else b) }}", ALONE),
    "a macro that a function finds": (CARD + "{{ look_around() }}", ALONE),
    "a macro that a function finds and calls as templates do": (CARD + "{{ call_around() }}", ALONE),
    "a block of a call": (BOX + "{% call box() %}{{ a }}{% endcall %}", SHARED),
    "a block of a call that is measured": (
        "{% macro box() %}{{ caller() | length }}{% endmacro %}{% call box() %}{{ a }}{% endcall %}",
        ALONE,
    ),
    "a block of a call to a function": ("{% call look_at_block() %}{{ a }}{% endcall %}", ALONE),
    "a block of the page that is measured": ("{% block x %}{{ a }}{% endblock %}{{ self.x() | length }}", ALONE),
    # -- other files
    "an included page": ('{% include "part.html" %}', SHARED),
    "an included text": ('{% include "part.txt" %}', ALONE),
    "an imported macro": ('{% from "module.html" import card %}{{ card(a) }}', SHARED),
    "an imported macro that is handed on": ('{% import "module.html" as m %}{{ look(m.card) }}', ALONE),
    "a module that is handed on": ('{% import "module.html" as m %}{{ look_in(m) }}', ALONE),
    "a module that is printed": ('{% import "module.html" as m %}{{ a }}{{ m }}', SHARED),
    "a module that is measured": ('{% import "module.html" as m %}{{ a }}{{ m | string | length }}', SHARED),
    "a variable of a module": ('{% import "module.html" as m %}{{ a }}{{ m.made }}{{ m.again() }}', SHARED),
    "a module that is printed and sees the page": ('{% import "part.html" as m with context %}{{ m }}', PINNED),
    "a change of the escaping": ("{% autoescape false %}{{ a }}{% endautoescape %}", ALONE),
}


def templates_for(body: str, inliner: str, **options: Any) -> Templates:
    files = {"x.html": f"{SHEET}{body}<p>{{{{ b }}}}</p>", **FILES}
    return Templates(files, inliner=inliner, globals=GLOBALS, filters={"asks_kindly": asks_kindly}, **options)


def rendered(templates: Templates, page: dict[str, Any], name: str = "x.html") -> object:
    try:
        made = templates.render(name, page)
    except TemplateError as error:
        return str(error)
    return made.headers, made.html, made.text


@pytest.mark.parametrize("inliner", INLINERS)
@pytest.mark.parametrize("rule", _RULES)
def test_page_with_each_rule_shares_as_the_rule_says(rule: str, inliner: str) -> None:
    """One skeleton for all, one for each form of the value, or none; and the page is what it is by itself."""
    body, meant = _RULES[rule]
    shared, alone = templates_for(body, inliner), templates_for(body, inliner, skeletons=False)
    for page in PAGES:
        made = shared.render("x.html", page)
        assert (made.html, made.text) == ((by_itself := alone.render("x.html", page)).html, by_itself.text)
    assert shared.statistics == _MEANT[meant if isinstance(meant, str) else meant[inliner]]


@pytest.mark.slow
@pytest.mark.parametrize("rule", _RULES)
def test_page_with_odd_values_is_what_it_is_by_itself(rule: str) -> None:
    """Whatever the data holds, and whoever had the skeleton first."""
    for inliner in INLINERS:
        shared = templates_for(_RULES[rule][0], inliner)
        alone = templates_for(_RULES[rule][0], inliner, skeletons=False)
        for first, second in zip(ODD, islice(cycle(ODD), 7, None), strict=False):
            page = {"a": first, "b": second}
            assert rendered(shared, page) == rendered(alone, page)


# -- values that cannot be written at their place ---------------------------------------------------------------------

_VALUES: dict[str, tuple[str, str, set[str]]] = {
    # body, value, the inliners for which the page is finished by itself
    "a control character": ("<p>{{ a }}</p>", "x\x07y", {*INLINERS}),
    "a carriage return": ("<p>{{ a }}</p>", "x\r\ny", {*INLINERS}),
    "a NUL": ('<p title="{{ a }}">x</p>', "x\0y", {*INLINERS}),
    "half a character": ("<p>{{ a }}</p>", "x\ud800", {*INLINERS}),
    "no character": ("<p>{{ a }}</p>", "x\uffffy", {*INLINERS}),
    "a byte order mark": ("<p>{{ a }}</p>", "x\ufeffy", {*INLINERS}),
    "a quotation mark in an attribute": ('<p title="{{ a }}">x</p>', 'x "y"', {"premailer"}),
    "an apostrophe in an attribute": ("<p title='{{ a }}'>x</p>", "it's", set()),
    "two blanks in an address": ('<a href="{{ a }}">x</a>', "x  y", {"premailer"}),
    "a blank in an address": ('<a href="{{ a }}">x</a>', "x y", set()),
    "letters of all scripts in an address": ('<a href="{{ a }}">{{ a }}</a>', "https://é.example/中?ü=😀", set()),
    "an ampersand in an address": ('<a href="{{ a }}">x</a>', "x?a=1&b=2&amp;c=%C3%BC", set()),
    "hyphens in a comment": ("<!-- {{ a }} -->", "x -- y", {*INLINERS}),
    "a hyphen at the end of a comment": ("<!--{{ a }}-->", "x-", {*INLINERS}),
    "the end of a comment": ("<!-- {{ a }} -->", "--><b>x", {*INLINERS}),
    "a line break in preformatted text": ("<pre>{{ a }}</pre>", "x\ny", {*INLINERS}),
    "blanks in preformatted text": ("<pre>{{ a }}|</pre>", "x   y", set()),
    "line breaks in text": ("<p>{{ a }}</p>", "x\n\n  y\tz", set()),
    "a link that goes nowhere": ('<a href="{{ a }}"><h2>x</h2></a><p>y</p>', "#top", {*INLINERS}),
    "markup": ('<p title="{{ a }}">{{ a }}</p>', "<script>alert(1)</script> &amp; ]]>", set()),
    "template code": ("<p>{{ a }}</p>", "{{ 7 * 7 }}{% raw %}", set()),
    "what looks like a token": ("<p>{{ a }}</p>", "q0z 1z \\1 \\g<1>", set()),
}


@pytest.mark.parametrize("inliner", INLINERS)
@pytest.mark.parametrize("case", _VALUES)
def test_value_with_each_oddity_shares_or_is_finished_by_itself(case: str, inliner: str) -> None:
    """One such value does not spoil the skeleton for the others."""
    body, value, alone_with = _VALUES[case]
    shared, alone = templates_for(body, inliner), templates_for(body, inliner, skeletons=False)
    for a in ("one", value, "two"):
        page = {"a": a, "b": "x"}
        assert rendered(shared, page) == rendered(alone, page)
    by_themselves = int(inliner in alone_with)
    assert shared.statistics == Statistics(skeletons=1, hits=2 - by_themselves, fallbacks=by_themselves)


def test_value_in_a_link_when_premailer_writes_it_is_quoted_as_premailer_does() -> None:
    """The addresses in HTML and text are those that came out of the inliner."""
    templates = templates_for('<a href="https://x.example/{{ a }}">here</a>', "premailer")
    for a, quoted in [("ü", "%C3%BC"), ("中 x", "%E4%B8%AD%20x"), ("a", "a")]:
        page = templates.render("x.html", {"a": a, "b": "x"})
        assert f'href="https://x.example/{quoted}"' in page.html
        assert f"here <https://x.example/{quoted}>" in page.text
    assert templates.statistics == Statistics(skeletons=1, hits=2)


def test_page_with_an_inliner_of_the_users_own_is_finished_by_itself() -> None:
    """Nothing is known of how it writes values, so it sees every page."""
    seen: list[str] = []

    def inline(html: str) -> str:
        seen.append(html)
        return html.upper()

    templates = Templates({"x.html": "<style>p { top: 0 }</style><p>{{ a }}</p>"}, inliner=inline)
    pages = [templates.render("x.html", {"a": a}).html for a in ("x", "y", "x")]
    assert [page[-6:] for page in pages] == [">X</P>", ">Y</P>", ">X</P>"]
    assert len(seen) == 3
    assert templates.statistics == Statistics(fallbacks=3)


def test_templates_without_skeletons_finish_every_page_by_itself() -> None:
    """Skeletons can be switched off."""
    templates = Templates({"x.html": SHEET + "{{ a }}"}, skeletons=False)
    assert templates.render("x.html", {"a": "x"}).html != templates.render("x.html", {"a": "y"}).html
    assert templates.statistics == Statistics(fallbacks=2)


# -- how many, how much ------------------------------------------------------------------------------------------------


def test_pinned_value_with_more_than_64_forms_is_finished_by_itself() -> None:
    """The 65th form gets no skeleton, the first 64 keep theirs, and each page is right."""
    templates = Templates({"x.html": '<p id="{{ a }}">{{ b }}</p>'}, inliner="none")
    for number in range(70):
        page = templates.render("x.html", {"a": f"n{number}", "b": "<b>"})
        assert page.html == f'<p id="n{number}">&lt;b&gt;</p>'
    assert templates.statistics == Statistics(skeletons=64, fallbacks=6)
    for number in range(70):
        page = templates.render("x.html", {"a": f"n{number}", "b": "c"})
        assert (page.html, page.text) == (f'<p id="n{number}">c</p>', "c\n")
    assert templates.statistics == Statistics(skeletons=64, hits=64, fallbacks=12)


def test_skeletons_of_600_structures_keep_512() -> None:
    """Memory has a bound: the latest are still there, the first are made again; every page is right."""
    flags = "".join(f"{{% if n // {2**bit} % 2 %}}<b>{bit}</b>{{% endif %}}" for bit in range(10))
    templates = Templates({"x.html": f"{flags}<p>{{{{ a }}}}</p>"}, inliner="none")

    def render(n: int) -> None:
        bits = "".join(f"<b>{bit}</b>" for bit in range(10) if n // 2**bit % 2)
        assert templates.render("x.html", {"n": n, "a": f"<{n}>"}).html == f"{bits}<p>&lt;{n}&gt;</p>"

    for n in range(600):
        render(n)
    assert templates.statistics == Statistics(skeletons=600)
    render(599)
    render(100)
    assert templates.statistics == Statistics(skeletons=600, hits=2)
    render(0)
    assert templates.statistics == Statistics(skeletons=601, hits=2)


def test_skeletons_of_huge_pages_keep_only_what_fits() -> None:
    """A few pages of megabytes each do not stay for ever."""
    templates = Templates({"x.html": "<p>{{ a }}</p>{{ filler }}", "x.txt": "by hand"}, inliner="none")
    fillers = [Markup("<hr>" + "x" * (2_000_000 + number)) for number in range(10)]
    for filler in fillers:
        page = templates.render("x.html", {"a": "ä", "filler": filler})
        assert (page.html, page.text) == (f"<p>ä</p>{filler}", "by hand")
    assert templates.statistics == Statistics(skeletons=10)
    templates.render("x.html", {"a": "b", "filler": fillers[-1]})
    assert templates.statistics == Statistics(skeletons=10, hits=1)
    templates.render("x.html", {"a": "b", "filler": fillers[0]})
    assert templates.statistics == Statistics(skeletons=11, hits=1)


@pytest.mark.slow
@pytest.mark.parametrize("body", ["<p>{{ n }}</p>", "{{ n }} ", "&amp; {{ n }}, "])
def test_page_with_many_values_takes_a_step_for_each(body: str) -> None:
    """A list of thousands is looked at once, not once for each value."""
    templates = Templates({"x.html": f"{{% for n in numbers %}}{body}{{% endfor %}}"}, inliner="none")
    page = templates.render("x.html", {"numbers": [f"n{n}" for n in range(20_000)]})
    assert re.findall(r"n\d+", page.text) == [f"n{n}" for n in range(20_000)]
    assert templates.statistics == Statistics(skeletons=1)


# -- beside the body ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("inliner", INLINERS)
def test_preheader_of_each_ones_own_is_shared(inliner: str) -> None:
    """It is a value like others, wherever the page has its body tag; with none at all the structure is another."""
    source = f"Subject: x\nPreheader: {{{{ a }}}}\n\n<html><head>{SHEET}</head><body><p>{{{{ b }}}}</p></body></html>"
    shared, alone = (Templates({"x.html": source}, inliner=inliner, skeletons=on) for on in (True, False))
    for a in ("one", "Zoë & <Bob>", '"quoted"', "a  b", " edge ", "{{ 7 * 7 }}", "a\u00a0b"):
        page = {"a": a, "b": "x"}
        assert rendered(shared, page) == rendered(alone, page)
    assert shared.statistics == Statistics(skeletons=1, hits=6)
    for a in ("", "  "):
        assert rendered(shared, {"a": a, "b": "x"}) == rendered(alone, {"a": a, "b": "x"})
    assert shared.statistics == Statistics(skeletons=2, hits=7)


def test_preheader_under_a_sheet_that_hides_div_is_the_same() -> None:
    """The rules of the sheet are put on the hidden element too."""
    source = "Preheader: {{ a }}\n\n<style>div { color: red } body > :first-child { top: 0 }</style><p>{{ a }}</p>"
    shared, alone = (Templates({"x.html": source}, skeletons=on) for on in (True, False))
    for a in ("one", "two"):
        assert rendered(shared, {"a": a}) == rendered(alone, {"a": a})
    assert shared.statistics == Statistics(skeletons=1, hits=1)


def test_preheader_when_two_ways_lead_to_one_skeleton_is_each_ones_own() -> None:
    """A loop that has become a part of the page counts no longer among the values; the preheader stands behind them."""
    source = "Preheader: {{ a }}\n\n{% for n in many %}<p id='{{ n }}'>x</p>{% endfor %}<p id='{{ b }}'>y</p>"
    shared, alone = (Templates({"x.html": source}, inliner="none", skeletons=on) for on in (True, False))
    for a in ("one", "two", "three"):
        page = {"a": a, "b": "red", "many": ["c", "d"]}
        assert rendered(shared, page) == rendered(alone, page)


def test_text_by_hand_is_each_ones_own() -> None:
    """It goes its own way; whether there is one makes two structures of the same page."""
    files = {"x.html": SHEET + "<p>{{ a }}</p>", "x.txt": "Dear {{ a }},"}
    templates = Templates(files)
    assert [templates.render("x.html", {"a": a}).text for a in ("Zoë", "<Bob>")] == ["Dear Zoë,", "Dear <Bob>,"]
    del files["x.txt"]
    assert [templates.render("x.html", {"a": a}).text for a in ("Zoë", "<Bob>")] == ["Zoë\n", "<Bob>\n"]
    assert templates.statistics == Statistics(skeletons=2, hits=2)


# -- threads -----------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_skeletons_in_many_threads_count_every_page_and_mix_none_up() -> None:
    """Eight threads, one object: structures, pins and pages by themselves; the numbers add up."""
    body = "{% if a | length > 6 %}<b>{{ a }}</b>{% endif %}<p class='{{ color }}'>{{ a }}</p><p title='{{ a }}'>x</p>"
    source = {"x.html": f"Preheader: {{{{ color }}}}\n\n{SHEET}{body}"}
    templates, alone = Templates(source), Templates(source, skeletons=False)
    pages = [
        {"a": name, "color": color}
        for name in ("Zoë", "a long name", "<b> & co", '"quoted"', "ü/ö")
        for color in ("red", "green", "blue")
    ]
    wanted = [rendered(alone, page) for page in pages]
    wrong: list[object] = []

    def work(start: int) -> None:
        for number in range(60):
            index = (start * 7 + number) % len(pages)
            if rendered(templates, pages[index]) != wanted[index]:
                wrong.append(pages[index])

    run_in_threads(work, 8)
    assert wrong == []
    told = templates.statistics
    assert told.skeletons + told.hits + told.fallbacks == 8 * 60
    assert told.fallbacks == sum(
        pages[(start * 7 + number) % len(pages)]["a"] == '"quoted"' for start in range(8) for number in range(60)
    )
    assert 6 <= told.skeletons <= 6 * 8


def run_in_threads(work: Callable[[int], None], count: int) -> None:
    threads = [threading.Thread(target=work, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
