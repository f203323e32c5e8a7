"""What a template renders to: a message with findings at the template's lines, or a problem with its place."""

import json
from pathlib import Path

import pytest

from mailkit import Templates
from mailkit.errors import ConfigError, MessageError
from mailkit.preview import Preview, Previews, Problem
from tests.preview.conftest import FILES


def previews(**files: str) -> Previews:
    """Those of the folder, with some files in other words; ``a__html`` is ``a.html``."""
    return Previews(Templates({**FILES, **{name.replace("__", "."): text for name, text in files.items()}}))


def problem(found: Preview) -> Problem:
    assert found.message is None
    assert found.problem
    return found.problem


# -- what is listed ----------------------------------------------------------------------------------------------------


def test_listed_when_there_is_a_folder_then_its_messages_are_told_with_subject_and_languages() -> None:
    """Layouts and translations are no messages."""
    found = [(one.name, one.title, one.languages) for one in previews().listed()]
    assert found == [("note.txt", "A note", ("en",)), ("welcome.html", "Welcome, {{ name }}", ("en", "de"))]


@pytest.mark.slow
def test_listed_when_there_is_no_folder_then_the_starters_are_and_each_renders() -> None:
    """By their short names, too, in all their languages, with their samples."""
    found = Previews()
    assert len(found.listed()) == 10
    assert found.named("receipt") == "mailkit:receipt.html"
    for one in found.listed():
        for language in one.languages:
            assert found.render(one.name, locale=language).message, one
    with pytest.raises(ConfigError, match="no template 'recipe'"):
        found.named("recipe")


def test_listed_when_a_template_has_a_broken_head_then_it_is_listed_all_the_same() -> None:
    """What is wrong with it is said where it is shown."""
    found = previews(broken__html="Subject: x\nno header\n\nbody")
    assert "broken.html" in [one.name for one in found.listed()]
    assert problem(found.render("broken.html")).line == 2


# -- a message ---------------------------------------------------------------------------------------------------------


def test_render_when_there_is_a_sample_then_it_is_the_data() -> None:
    """In each language; what the template does not say is stood in for, and told."""
    found = previews().render("welcome.html")
    assert found.message
    assert found.message.subject == "Welcome, Zoë"
    assert found.stand_ins == ("To",)
    assert list(found.files) == ["welcome.html", "layouts/base.html"]
    german = previews().render("welcome.html", locale="de")
    assert german.message
    assert german.message.subject == "Willkommen, Zoë"
    assert list(german.files) == ["welcome.de.html", "welcome.html", "layouts/base.html"]


def test_render_when_data_is_given_then_the_sample_is_not_asked() -> None:
    """And a text template is one, too."""
    found = previews().render("note.txt", data='{"name": "Bob"}')
    assert found.message
    assert found.message.text == "Dear Bob,\nbye"
    assert found.stand_ins == ("From", "To")
    assert found.html == ""


def test_render_when_a_file_has_the_data_then_it_takes_the_samples_place(tmp_path: Path) -> None:
    """And it is watched; a sender is given once."""
    path = tmp_path / "order.json"
    path.write_text('{"name": "Ann", "plan": {"name": "x"}}', encoding="utf-8")
    found = Previews(Templates(FILES), sender="ada@example.com", data={"welcome.html": path})
    made = found.render("welcome.html")
    assert made.message
    assert made.message.subject == "Welcome, Ann"
    assert str(path) in found.stamps()
    path.unlink()
    assert str(path) not in found.stamps()
    assert problem(found.render("welcome.html")).title == "There is no 'name' in the data"
    with pytest.raises(MessageError):
        Previews(Templates(FILES), sender="nobody")


def test_digest_when_two_previews_look_the_same_then_it_is_the_same() -> None:
    """The id that each message has makes no difference; a word does."""
    one, same = previews().render("welcome.html"), previews().render("welcome.html")
    other = previews().render("welcome.html", data='{"name": "Zoe", "plan": {"name": "Small"}}')
    assert one.message != same.message
    assert one.digest == same.digest
    assert one.digest != other.digest
    assert one.digest != previews(layouts__html="x").render("welcome.html", locale="de").digest


# -- findings ----------------------------------------------------------------------------------------------------------


def test_findings_when_they_are_of_the_html_then_they_are_at_lines_of_the_template() -> None:
    """Those of a layout's style sheet are there, not where it was inlined."""
    found = previews().render("welcome.html")
    places = {one.finding.rule: one.origins for one in found.findings}
    assert places["example-link"] == (("welcome.html", 8),)
    assert found.html_origins["css-display-grid"] == (("layouts/base.html", 4),)
    facts = found.html_facts()["findings"]
    grid = next(one for one in facts if one["slug"] == "css-display-grid")  # type: ignore[attr-defined]
    assert grid["origins"] == [{"file": "layouts/base.html", "line": 4}]
    assert len(grid["lines"]) == 1
    notes = {(one["file"], one["line"]): one["tab"] for one in found.notes()}
    assert notes["welcome.html", 8] == "spam"
    assert notes["layouts/base.html", 4] == "check"


def test_findings_when_a_rule_is_inlined_then_its_selector_is_none() -> None:
    """What is left of a style sheet leads to its lines, and what has been put into attributes does not."""
    page = "Subject: x\n\n<style>\np { color: red }\n</style>\n<style data-premailer='ignore'>\n@media print { p { top: 0 } }\n"
    found = previews(a__html=f"{page}</style>\n<p>x</p>\n").render("a.html")
    assert "<p style" in found.html
    assert found.html_origins["css-selector-type"] == (("a.html", 7),)
    assert found.html_origins["html-style"] == (("a.html", 6),)


def test_findings_when_they_are_of_a_header_then_they_are_at_its_line() -> None:
    """The subject's, here."""
    found = previews(a__html="From: a@example.com\nSubject: BUY THIS NOW!!\n\n<p>x").render("a.html")
    places = {one.finding.rule: one.origins for one in found.findings}
    assert places["shouting"] == places["exclaiming"] == (("a.html", 2),)


@pytest.mark.parametrize(("name", "line"), [("a.md", 4), ("a.txt", 4)])
def test_findings_when_lines_are_not_followed_then_words_that_stand_once_are_found(name: str, line: int) -> None:
    """In Markdown, say; words that stand twice are nowhere."""
    text = "Subject: Hi\n\nHello\nDear [[FIRSTNAME]], see http://10.1.2.3/x\n"
    found = previews(**{name.replace(".", "__"): text}).render(name)
    located = [one for one in found.findings if one.origins]
    assert located
    assert {one.origins for one in located} == {((name, line),)}


def test_warnings_when_a_value_decides_about_the_page_then_its_line_is_told() -> None:
    """What the engine knows: one inlining for each value, or none that is shared."""
    pinned = previews(a__html='Subject: x\n\n<style>p { top: 0 }</style>\n<p class="{{ kind }}">x</p>')
    (note,) = pinned.warnings(pinned.render("a.html", data='{"kind": "big"}'))
    assert (note["file"], note["line"], note["detail"]) == ("a.html", 4, "big")
    alone = previews(
        a__html="Subject: x\n\n{% set x %}<b>{{ name }}</b>{% endset %}\n{% if x | length %}<p>{% endif %}"
    )
    (note,) = alone.warnings(alone.render("a.html", data='{"name": "x"}'))
    assert (note["file"], note["line"]) == ("a.html", 4)
    assert alone.warnings(alone.render("a.html")) == []


# -- problems ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "line", "title", "hint"),
    [
        ("Subject: x\n\n<p>\n{{ nmae }}\n</p>", 4, "There is no 'nmae' in the data", "Did you mean 'name'?"),
        ("Subject: {{ nmae }}\n\nx", 1, "There is no 'nmae' in the data", "Did you mean 'name'?"),
        ("Subject: x\n\n<p>\n{% if %}", 4, "Expected an expression", ""),
        ("Subject: x\nFrom: no address\n\nx", 2, "'no address'", ""),
        ("Subject: x\nX-Odd Name: y\n\nx", 2, "is no header line", ""),
        ("Subject: x\n\n{{ 1 / 0 }}", 3, "ZeroDivisionError", ""),
        ("Subject: x\n\n{% include 'welcom.html' %}", 0, "no such template", "Did you mean 'welcome.html'?"),
        ("Subject: x\n\n{{ 'x' | nofilter }}", 3, "No filter named 'nofilter'", ""),
        ("Date: yesterday\n\nx", 1, "", ""),
    ],
)
def test_problem_when_a_template_is_wrong_then_it_says_where_and_what_to_do(
    text: str, line: int, title: str, hint: str
) -> None:
    """With the lines around it, and the line itself among them."""
    found = problem(previews(a__html=text).render("a.html", data='{"name": "Zoë"}'))
    assert title in found.title
    assert hint in found.hint
    assert found.line == line
    if line:
        assert found.name == "a.html"
        assert dict(found.excerpt)[line] == text.split("\n")[line - 1]


def test_problem_when_a_layout_is_wrong_then_it_is_the_layouts_line() -> None:
    """And the layout is among the files to look at."""
    found = previews(**{"layouts/base__html": "<p>\n{{ nope }}"}).render("welcome.html")
    assert (problem(found).name, problem(found).line) == ("layouts/base.html", 2)
    assert "layouts/base.html" in found.files


@pytest.mark.parametrize(
    ("data", "line", "title"),
    [
        ('{\n "name": "Zoë",\n "plan"\n}', 4, "The data is no JSON: Expecting ':' delimiter"),
        ("[1]", 1, "The data is one list, and no object"),
        ("null", 1, "The data is one NoneType, and no object"),
        ("{" * 100_000, 1, "The data is no JSON"),
        ("[" * 100_000, 0, "The data is more than can be read"),
        ('{"a": ' + "9" * 10_000 + "}", 0, "The data is more than can be read"),
    ],
)
def test_problem_when_the_data_is_wrong_then_its_line_is_told(data: str, line: int, title: str) -> None:
    """The data that was typed in, or the sample's."""
    found = problem(previews().render("welcome.html", data=data))
    assert (found.kind, found.line) == ("json", line)
    assert title in found.title
    if line:
        assert line in dict(found.excerpt)
    sample = problem(previews(welcome__sample__json=data).render("welcome.html"))
    assert sample.name == "welcome.sample.json"


def test_problem_when_the_language_is_none_then_it_says_so() -> None:
    """As the engine does."""
    assert "is no language" in problem(previews().render("welcome.html", locale="?")).title


@pytest.mark.parametrize("data", [{"name": "\ud800"}, {"name": "a\nBcc: b@example.com"}, {"name": "\0"}, {"name": []}])
def test_render_when_data_is_hostile_then_it_is_a_message_or_a_problem(data: dict[str, object]) -> None:
    """Half characters, line breaks for headers, nulls, other types: nothing is raised."""
    found = previews().render("welcome.html", data=json.dumps({**data, "plan": {"name": "x"}}))
    assert found.message or found.problem
    assert b"\nBcc" not in found.raw
    assert json.dumps(found.facts())
    assert found.digest
