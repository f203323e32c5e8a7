"""Why pages share a skeleton, or do not: told by template and line, in Python and on the command line."""

import json
from pathlib import Path
from typing import Any

import pytest

from mailkit import Templates
from mailkit.errors import TemplateError
from mailkit.template import Explained
from tests.kit.command import Command, command_for

SHEET = "<style>p { color: red }</style>"
MODULE = "{% macro card(x) %}\n<p id='{{ x }}'>{{ x }}</p>\n{% endmacro %}\n{% set made = card('m') %}\n"
DATA = {"a": "red", "b": "blue", "many": [1, 2]}

_PINS: dict[str, tuple[dict[str, str], list[tuple[str, int, str, str]]]] = {
    "a page that is shared": ({"x.html": f"{SHEET}\n<p title='{{{{ a }}}}'>{{{{ b }}}}</p>"}, []),
    "a text": ({"x.html": "{{ a }}", "x.txt": "{{ b }}"}, []),
    "one value": (
        {"x.html": f"{SHEET}\n<p>{{{{ a }}}}</p>\n\n<p class='{{{{ b }}}}'>x</p>"},
        [("x.html", 4, "blue", "a class, id or style")],
    ),
    "below the head": (
        {"x.html": f"Subject: {{{{ a }}}}\nPreheader: {{{{ a }}}}\n\n{SHEET}\n<p class='{{{{ b }}}}'>x</p>"},
        [("x.html", 5, "blue", "a class, id or style")],
    ),
    "every kind of place": (
        {
            "x.html": "<a name='{{ a }}'>\n<p title={{ a }}>\n<{{ a }}>\n<script>{{ a }}</script>\n&{{ a }};\n"
            "<style>{{ a }}</style>\n<p id='{{ a }}'>\n< {{ a }}"
        },
        [
            ("x.html", 1, "red", "an attribute that decides about the page"),
            ("x.html", 2, "red", "an attribute without quotes"),
            ("x.html", 3, "red", "the name of a tag or an attribute"),
            ("x.html", 4, "red", "a style sheet or script"),
            ("x.html", 5, "red", "a character reference"),
            ("x.html", 6, "red", "a style sheet or script"),
            ("x.html", 7, "red", "a class, id or style"),
            ("x.html", 8, "red", "markup that is not well-formed"),
        ],
    ),
    "a sheet that asks for it": (
        {"x.html": '<style>a[href*="red"] { top: 0 }</style>\n<p>{{ b }}</p>\n<a href="{{ a }}">x</a>'},
        [("x.html", 3, "red", "a URL")],
    ),
    "a value that the inliner loses": (
        {"x.html": f"{SHEET}<p>\n<b title='x' title='{{{{ a }}}}'>x</b>"},
        [("x.html", 2, "red", "an attribute")],
    ),
    "in an included file": (
        {"x.html": f'{SHEET}\n<p>{{{{ a }}}}</p>\n{{% include "i.html" %}}', "i.html": "\n\n<p id='{{ b }}'>x</p>"},
        [("i.html", 3, "blue", "a class, id or style")],
    ),
    "in a layout": (
        {
            "x.html": '{% extends "l.html" %}\n{% block c %}\n<p class="{{ b }}">{{ super() }}</p>\n{% endblock %}',
            "l.html": f"{SHEET}\n<body>\n<div id='{{{{ a }}}}'>{{% block c %}}{{{{ a }}}}{{% endblock %}}</div>",
        },
        [("l.html", 3, "red", "a class, id or style"), ("x.html", 3, "blue", "a class, id or style")],
    ),
    "in an imported macro": (
        {"x.html": f'{SHEET}\n{{% from "m.html" import card %}}\n{{{{ card(a) }}}}', "m.html": MODULE},
        [("m.html", 2, "red", "a class, id or style")],
    ),
    "behind a variable of a module": (
        {
            "x.html": f'{SHEET}{{% import "m.html" as m %}}\n{{{{ m.made }}}}\n<p class="{{{{ b }}}}">{{{{ m.card(a) }}}}</p>',
            "m.html": MODULE,
        },
        [
            ("x.html", 2, "m", "a class, id or style"),
            ("x.html", 3, "blue", "a class, id or style"),
            ("m.html", 2, "red", "a class, id or style"),
        ],
    ),
    "in a translated text": (
        {"x.html": f'{SHEET}\n{{% trans x=a %}}<p class="{{{{ x }}}}">x</p>{{% endtrans %}}\n{{{{ b }}}}'},
        [("x.html", 2, "red", "a class, id or style")],
    ),
    "in a loop of each ones own": (
        {"x.html": f'{SHEET}\n{{% for n in many %}}\n<p class="{{{{ a }}}}">{{{{ ask() }}}}</p>{{% endfor %}}'},
        [("x.html", 3, "red", "a class, id or style")],
    ),
}


def explained(files: dict[str, str], data: dict[str, Any] = DATA, **options: Any) -> Explained:
    return Templates(
        files,
        globals={"ask": lambda: "x", "look": lambda thing: str(thing("q") if callable(thing) else thing)},
        **options,
    ).explain("x.html", data)


@pytest.mark.parametrize("case", _PINS)
def test_explain_with_pinned_values_names_template_line_and_place(case: str) -> None:
    """Whoever wonders why there are many skeletons finds the lines."""
    files, pins = _PINS[case]
    found = explained(files)
    assert (found.is_shared, found.why) == (True, "")
    assert [(pin.name, pin.line, pin.value, pin.where) for pin in found.pins] == pins
    for name, line, value, where in pins:
        assert f"{name}:{line}: {value!r} stands in {where}" in str(found)
    assert str(found).count("\n") == len(pins)


_REASONS: dict[str, tuple[dict[str, str], dict[str, Any], str]] = {
    "a test of captured output": (
        {"x.html": "{% set kept %}{{ a }}{% endset %}\n{% if kept %}x{% endif %}"},
        {},
        "x.html:1: captured output is more than printed",
    ),
    "a filter": (
        {"x.html": "{% set kept %}{{ a }}{% endset %}\n\n{{ kept | upper }}"},
        {},
        "x.html:3: captured output is more than printed",
    ),
    "a function": (
        {"x.html": "{% set kept %}{{ a }}{% endset %}\n\n{{ look(kept) }}"},
        {},
        "x.html:3: captured output is more than printed",
    ),
    "an operation of Python": (
        {"x.html": "{% set kept %}{{ a }}{% endset %}\n\n{{ 'x'.replace('x', kept) }}"},
        {},
        "x.html:3: captured output is more than printed",
    ),
    "a macro that is handed on": (
        {"x.html": "{% macro m(x) %}{{ x }}{% endmacro %}\n{{ look(m) }}"},
        {},
        "x.html:2: a macro is called by something that may look at its output",
    ),
    "a filter around a block": (
        {"x.html": "<p>\n{% filter upper %}{{ a }}{% endfilter %}"},
        {},
        "x.html:2: a filter changes a whole block",
    ),
    "a change of the escaping": (
        {"x.html": "\n{% autoescape false %}{{ a }}{% endautoescape %}"},
        {},
        "x.html:2: {% autoescape %} changes how values are escaped",
    ),
    "an included page": (
        {"x.html": '<p>\n{% include "i.html" %}', "i.html": "\n\n{% filter upper %}{{ a }}{% endfilter %}"},
        {},
        "i.html:3: a filter changes a whole block",
    ),
    "an included text": (
        {"x.html": '<p>\n{% include "i.txt" %}', "i.txt": "{{ a }}"},
        {},
        "i.txt:1: a text template is a part of the HTML",
    ),
    "a layout": (
        {
            "x.html": '{% extends "l.html" %}\n{% block c %}{{ a }}{% endblock %}',
            "l.html": "{% block c %}{% endblock %}\n\n{{ self.c() | length }}",
        },
        {},
        "l.html:3: captured output is more than printed",
    ),
    "an imported macro": (
        {
            "x.html": '{% import "m.html" as m %}\n{% call m.m() %}{{ a }}{% endcall %}',
            "m.html": "{% macro m() %}\n{{ caller() | length }}{% endmacro %}",
        },
        {},
        "m.html:2: captured output is more than printed",
    ),
    "a control character": (
        {"x.html": "<p>{{ b }}\n{{ a }}</p>"},
        {"a": "x\x07"},
        "x.html:2: the data holds U+0007, which parsers change",
    ),
    "a quotation mark": (
        {"x.html": f"{SHEET}\n<p>{{{{ a }}}}</p>\n<p title='{{{{ a }}}}'>x</p>"},
        {"a": '"x"'},
        "x.html:3: a quotation mark in an attribute",
    ),
    "blanks in an address": (
        {"x.html": f"{SHEET}\n<a href='{{{{ a }}}}'>x</a>"},
        {"a": "x  y"},
        "x.html:2: white space in a URL",
    ),
    "hyphens in a comment of an included page": (
        {"x.html": '{% include "i.html" %}', "i.html": "\n<!-- {{ a }} -->"},
        {"a": "--"},
        "i.html:2: hyphens in a comment",
    ),
    "a line break in preformatted text": (
        {"x.html": "<p>\n<pre>{{ a }}</pre>"},
        {"a": "x\ny"},
        "x.html:2: a line break in preformatted text",
    ),
    "a preheader": ({"x.html": "Preheader: {{ a }}\n\nx"}, {"a": "\ufeffx"}, "the preheader: the data holds U+FEFF"),
}


@pytest.mark.parametrize("case", _REASONS)
def test_explain_with_a_page_that_is_not_shared_names_template_line_and_reason(case: str) -> None:
    """Whoever wonders why pages are slow finds the line, or the value in the data."""
    files, data, why = _REASONS[case]
    found = explained(files, {**DATA, **data})
    assert (found.is_shared, found.pins) == (False, ())
    assert found.why.startswith(why)
    assert str(found) == f"Every page is inlined by itself: {found.why}."


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"skeletons": False}, "skeletons are switched off"),
        ({"inliner": lambda html: html}, "nothing is known about how this inliner writes values"),
    ],
)
def test_explain_with_options_that_prevent_sharing_names_them(options: dict[str, Any], why: str) -> None:
    """No line is to blame."""
    found = explained({"x.html": SHEET + "{{ a }}"}, **options)
    assert (found.is_shared, found.why) == (False, why)


def test_explain_with_a_value_of_too_many_forms_names_its_line() -> None:
    """The forms of other pages count too."""
    templates = Templates({"x.html": "<p>\n<p id='{{ a }}'>x</p>"}, inliner="none")
    for number in range(64):
        templates.render("x.html", {"a": number})
    assert templates.explain("x.html", {"a": 7}).is_shared
    found = templates.explain("x.html", {"a": "x"})
    assert found.why == "x.html:2: a value in a class, id or style has come in more than 64 forms"


def test_explain_with_a_page_that_cannot_be_rendered_is_the_same_error() -> None:
    """There is nothing to explain."""
    with pytest.raises(TemplateError, match=r"x\.html:2: there is no 'nope'"):
        explained({"x.html": "\n{{ nope }}"})


def test_explain_leaves_what_is_rendered_as_it_is() -> None:
    """Asking changes nothing but the counts."""
    templates = Templates({"x.html": "<p id='{{ a }}'>{{ b }}</p>"}, inliner="none")
    before = templates.render("x.html", DATA)
    templates.explain("x.html", DATA)
    assert templates.render("x.html", DATA) == before


# -- on the command line -----------------------------------------------------------------------------------------------


@pytest.fixture
def mailkit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Runs the command line in a folder with templates."""
    monkeypatch.chdir(tmp_path)
    for name, text in {
        "shared.html": f"Subject: x\n\n{SHEET}<p>{{{{ a }}}}</p>",
        "pinned.html": f'{SHEET}\n<p>{{{{ a }}}}</p>\n{{% include "part.html" %}}',
        "part.html": "\n<p class='{{ b }}'>x</p>",
        "alone.html": '{% include "filter.html" %}',
        "filter.html": "\n{% filter upper %}{{ a }}{% endfilter %}",
    }.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "data.json").write_text('{"a": "Zoë", "b": "blue"}')
    return command_for(monkeypatch)


_TOLD = {
    "shared.html": (
        "One skeleton serves every page that takes the same path through the template.\n",
        {"shared": True, "why": "", "pins": []},
    ),
    "pinned.html": (
        "One skeleton serves every page with the same values at:\n  part.html:2: 'blue' stands in a class, id or style\n",
        {
            "shared": True,
            "why": "",
            "pins": [{"template": "part.html", "line": 2, "value": "blue", "where": "a class, id or style"}],
        },
    ),
    "alone.html": (
        "Every page is inlined by itself: filter.html:2: a filter changes a whole block.\n",
        {"shared": False, "why": "filter.html:2: a filter changes a whole block", "pins": []},
    ),
}


@pytest.mark.parametrize("name", _TOLD)
def test_render_with_explain_tells_it_to_people_and_programs(mailkit: Command, name: str) -> None:
    """A sentence with the lines, or one object; the page itself is not printed."""
    text, data = _TOLD[name]
    ended = mailkit("render", name, "--context", "data.json", "--explain")
    assert (ended.code, ended.out, ended.err) == (0, text, "")
    ended = mailkit("render", name, "--context", "data.json", "--explain", "--json")
    assert (ended.code, json.loads(ended.out)) == (0, data)


def test_render_with_explain_and_a_missing_variable_is_an_error(mailkit: Command) -> None:
    """As without it."""
    ended = mailkit("render", "shared.html", "--set", "x=1", "--explain")
    assert (ended.code, "shared.html:3: there is no 'a'" in ended.err) == (2, True)
