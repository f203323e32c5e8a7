"""Which template line each line of a page is from."""

import json
from pathlib import Path

import pytest

from mailkit import Templates
from mailkit.errors import TemplateBroken, VariableMissing
from mailkit.template import starter, starters
from mailkit.template.origin import NOWHERE, Origins

LAYOUT = "<html>\n<body>\n{% block content %}{% endblock %}\n</body>\n</html>\n"
PARTS = "{% macro button(label) %}\n<a class='b'\n   href='#'>{{ label }}</a>\n{% endmacro %}\n"
PAGE = """Subject: Hi {{ name }}

{% extends "layout.html" %}
{% import "parts.html" as parts %}
{% block content %}
<h1>{{ name }}</h1><h2>two</h2>
{% for one in items %}
<li>{{ one }}</li>
{% endfor %}
{{ parts.button("Go") }}
{% endblock %}
"""


def told(found: Origins) -> dict[str, str]:
    """Each tag's text to its place."""
    lines = zip(found.html.split("\n"), found.lines, strict=True)
    return {text.strip(): f"{origin.name}:{origin.line}" for text, origin in lines if text.strip()}


def test_origins_when_a_page_has_layout_and_parts_then_each_tag_knows_its_own_line() -> None:
    """Layout, template, macro and loop; head lines count, and attributes on lines of their own."""
    templates = Templates({"layout.html": LAYOUT, "parts.html": PARTS, "page.html": PAGE})
    found = templates.origins("page.html", {"name": "Zoë", "items": ["x", "y"]})
    assert told(found) == {
        "<html>": "layout.html:1",
        "<body>": "layout.html:2",
        "<h1>Zoë</h1>": "page.html:6",
        "<h2>two</h2>": "page.html:6",
        "<li>x</li>": "page.html:8",
        "<li>y</li>": "page.html:8",
        "<a class='b'": "parts.html:2",
        "href='#'>Go</a>": "parts.html:3",
        "</body>": "layout.html:4",
        "</html>": "layout.html:5",
    }
    assert found.files == ("layout.html", "page.html", "parts.html")
    assert found.of(1) == ("layout.html", 1)
    assert found.of(0) == found.of(10_000) == NOWHERE


def test_origins_when_a_style_sheet_is_a_file_then_its_lines_are_that_files() -> None:
    """Unless it imports others: then the file is known, and the line is not."""
    page = '<link rel="stylesheet" href="css/a.css"><p>x</p><link rel="stylesheet" href="css/b.css">'
    sheets = {"css/a.css": "p {\n  color: red }\n", "css/b.css": "@import 'a.css';\nb { top: 0 }\n"}
    found = told(Templates({"page.html": page, **sheets}).origins("page.html"))
    assert found["color: red }"] == "css/b.css:0"  # the later one, which has it too
    assert found["b { top: 0 }"] == "css/b.css:0"
    assert found["<p>x</p>"] == "page.html:1"
    assert told(Templates({"page.html": page, **sheets, "css/b.css": ""}).origins("page.html"))["p {"] == "css/a.css:1"


@pytest.mark.parametrize("name", starters())
def test_origins_when_a_starter_is_rendered_then_all_its_lines_are_known(name: str) -> None:
    """In each of its languages, with text that does stand in the line that is told."""
    templates = Templates({})
    data = json.loads(starter(name).files[f"{name}.sample.json"])
    for language in starter(name).languages:
        found = templates.origins(f"mailkit:{name}.html", data, locale=language)
        assert len(found.lines) > 80
        assert NOWHERE not in found.lines
        for text, origin in zip(found.html.split("\n"), found.lines, strict=True):
            tag = text.strip().partition(" ")[0].partition(">")[0]
            if tag.startswith("<"):
                source = (templates.read(origin.name) or b"").decode().split("\n")
                assert tag in source[origin.line - 1]


@pytest.mark.parametrize(
    "page",
    [
        "{% set x %}<p>a</p>{% endset %}{{ x | length }}",
        "{% filter upper %}<p>a</p>{% endfilter %}",
        "{% set x %}{% endset %}{% if x %}<p>y</p>{% endif %}",
    ],
)
def test_origins_when_a_page_looks_at_what_it_captured_then_nothing_wrong_is_told(page: str) -> None:
    """The marks would have changed the page."""
    found = Templates({"page.html": page}).origins("page.html")
    assert found == Origins() or "".join(text for text in found.html.split()) == ""


def test_origins_when_the_kind_has_none_then_it_is_empty() -> None:
    """Text, Markdown and MJML."""
    templates = Templates({"a.txt": "x", "b.md": "x", "c.mjml": "<mjml></mjml>"})
    assert {templates.origins(name) for name in ("a.txt", "b.md", "c.mjml")} == {Origins()}


def test_origins_when_the_page_fails_then_the_error_is_that_of_rendering() -> None:
    """With its place."""
    with pytest.raises(VariableMissing) as found:
        Templates({"a.html": "<p>\n{{ nope }}"}).origins("a.html")
    assert found.value.line == 2
    with pytest.raises(TemplateBroken, match="no style sheet"):
        Templates({"a.html": "<link rel=stylesheet href=x.css>"}).origins("a.html")


def test_origins_when_data_holds_markup_then_it_is_text_of_its_line() -> None:
    """Escaped, as in the page itself."""
    found = Templates({"a.html": "<p>{{ name }}</p>\n<b>x</b>"}).origins("a.html", {"name": "<i>\n<b>"})
    assert told(found) == {"<p>&lt;i&gt;": "a.html:1", "&lt;b&gt;</p>": "a.html:1", "<b>x</b>": "a.html:2"}


def test_stamps_when_a_file_or_a_catalogue_changes_then_its_value_does(tmp_path: Path) -> None:
    """What an editor saves is seen; what tools keep beside the templates is not looked at."""
    folder, catalogue = tmp_path / "t", tmp_path / "locale" / "de" / "LC_MESSAGES"
    for one in (folder / "layouts", folder / ".git", folder / "node_modules" / "x", catalogue):
        one.mkdir(parents=True)
    for one in (folder / ".git" / "HEAD", folder / "node_modules" / "x" / "a.html", folder / "layouts" / "a.html"):
        one.write_text("x")
    (catalogue / "messages.po").write_text("")
    templates = Templates(folder, translations=tmp_path / "locale")
    before = templates.stamps()
    assert list(before) == ["layouts/a.html", str(catalogue / "messages.po")]
    (folder / "layouts" / "a.html").write_text("longer")
    after = templates.stamps()
    assert [name for name in after if after[name] != before[name]] == ["layouts/a.html"]
