"""MJML in templates."""

import contextlib
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailkit import Templates
from mailkit.errors import MailkitError, MessageError, TemplateBroken, VariableMissing
from mailkit.template.mjml import compile_mjml
from tests.kit.bothways import both, both_refuse


def mjml(inner: str, head: str = "") -> str:
    """A whole document with one column."""
    column = f"<mj-section><mj-column>{inner}</mj-column></mj-section>"
    return f"<mjml><mj-head>{head}</mj-head><mj-body>{column}</mj-body></mjml>"


CARD = mjml(
    '<mj-text>Dear {{ v }}, <b>hello</b></mj-text><mj-button href="{{ v }}">Go, {{ v }}</mj-button>'
    '<mj-image src="{{ v }}" alt="{{ v }}" title="by {{ v }}" /><mj-table><tr><td>{{ v }}</td></tr></mj-table>',
    "<mj-title>{{ v }}</mj-title><mj-preview>{{ v }}</mj-preview><mj-style>b { color: red }</mj-style>",
)
HOSTILE = [
    "Zoë",
    "<b>",
    "</mj-text>",
    "</td></tr></table>",
    '<mj-include path="/etc/passwd" />',
    "<mj-raw><script>alert(1)</script></mj-raw>",
    "<!-- x",
    "]]>",
    "<![CDATA[",
    "<?xml?>",
    "&",
    "&amp;",
    "&lt;b&gt;",
    "&nbsp;",
    '"',
    '" onclick="x',
    "' onclick='x",
    "\\",
    "C:\\new\\table",
    "a\nb",
    "a\tb",
    "a\u00a0b",
    "a\u00adb",
    "👩‍💻",
    "\u200bx\u202e",
    "{{ 7 * 7 }}",
    "{}{0}%s",
    "javascript:alert(1)",
    "https://a.example/?a=1&b=2#c",
    " x ",
    "0",
]


# -- compiling -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("inliner", ["premailer", "css-inline", "none"])
def test_render_with_mjml_makes_html_and_text(inliner: str) -> None:
    """A head, Jinja, MJML: both bodies of a message."""
    source = "Subject: Hi {{ name }}\nPreheader: Peek\n\n" + mjml(
        "<mj-text>Dear {{ name }},</mj-text>{% for one in all %}<mj-text>{{ one }}</mj-text>{% endfor %}"
        '<mj-button href="{{ link }}">Read</mj-button>'
    )
    data = {"name": "Zoë & <Co>", "all": ["one", "<two>"], "link": "https://a.example/?a=1&b=2"}
    page = both({"a.mjml": source}, "a.mjml", data, inliner=inliner)
    assert page.subject == "Hi Zoë & <Co>"
    assert page.html.lower().startswith("<!doctype html>")
    assert "<mj-" not in page.html
    assert "Dear Zoë &amp; &lt;Co&gt;," in page.html
    assert 'href="https://a.example/?a=1&amp;b=2"' in page.html
    assert "Peek" in page.html
    assert " ".join(page.text.split()) == "Dear Zoë & <Co>, one <two> Read <https://a.example/?a=1&b=2>"


def test_render_with_layouts_and_parts_compiles_the_whole() -> None:
    """Jinja comes first: blocks, includes and macros are put together before MJML is read."""
    files = {
        "base.mjml": mjml(
            "{% block content %}{% endblock %}", "<mj-attributes><mj-all color='#010203' /></mj-attributes>"
        ),
        "part.mjml": "<mj-text>part {{ n }}</mj-text>",
        "macros.mjml": "{% macro m(x) %}<mj-text>macro {{ x }}</mj-text>{% endmacro %}",
        "a.mjml": "Subject: x\n\n{% extends 'base.mjml' %}{% from 'macros.mjml' import m %}{% block content %}"
        "{% include 'part.mjml' %}{{ m(n) }}{% endblock %}",
    }
    page = both(files, "a.mjml", {"n": "<1>"})
    assert page.text.split("\n")[:2] == ["part <1>", "macro <1>"]
    assert "#010203" in page.html


def test_render_with_a_text_beside_takes_its_text() -> None:
    """What is written by hand goes before what is made."""
    assert both({"a.mjml": CARD, "a.txt": "By hand, {{ v }}"}, "a.mjml", {"v": "<Zoë>"}).text == "By hand, <Zoë>"


def test_render_with_markdown_in_mjml_reads_it() -> None:
    """A block of Markdown inside an element."""
    source = mjml("<mj-text>{% markdown %}**{{ v }}**{% endmarkdown %}</mj-text>")
    assert "<strong>*&lt;*</strong>" in both({"a.mjml": source}, "a.mjml", {"v": "*<*"}, inliner="none").html


# -- values ----------------------------------------------------------------------------------------------------------


def tags(html: str) -> list[str]:
    """The elements and the names of their attributes, in order, as a browser finds them."""
    found: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.append(" ".join((tag, *(name for name, _ in attrs))))

    Reader().feed(html)
    return found


@pytest.mark.parametrize("value", HOSTILE, ids=ascii)
@pytest.mark.parametrize("inliner", ["premailer", "css-inline", "none"])
def test_value_in_mjml_is_text_in_every_place(inliner: str, value: str) -> None:
    """In text, addresses and attributes: it adds no element and ends none, and comes out as it went in."""
    page = both({"a.mjml": CARD}, "a.mjml", {"v": value}, inliner=inliner)
    usual = Templates({"a.mjml": CARD}, inliner=inliner).render("a.mjml", {"v": "word"})
    assert tags(page.html) == tags(usual.html)
    shown = re.sub("[ \\t\\n]+", " ", value).strip(" ")
    assert page.text.startswith(f"Dear {shown} , hello" if value.endswith(" ") else f"Dear {shown}, hello")


@pytest.mark.parametrize(
    "value", ["a\\b", "a\u00a0b", "caf\u00e9", "👩‍💻", "a\u00adb", "a\nb", "it's", "\u2028", "e\u0301"], ids=ascii
)
def test_attribute_of_the_template_comes_out_as_it_is_written(value: str) -> None:
    """MJML's compiler would write backslashes twice and other signs by their numbers."""
    html = both({"a.mjml": mjml(f'<mj-image src="x.png" alt="{value}" />')}, "a.mjml", inliner="none").html
    assert f'alt="{value}"' in html


def test_attribute_with_quotation_marks_in_it_stays_one() -> None:
    """Single quotes around double ones become double ones around references."""
    html = both({"a.mjml": mjml("<mj-image src='x.png' alt='say \"hi\"' />")}, "a.mjml", inliner="none").html
    assert 'alt="say &quot;hi&quot;"' in html


@pytest.mark.parametrize(
    ("attribute", "value"), [("font-size", "12px"), ("color", "#010203"), ("css-class", "vip"), ("align", "center")]
)
def test_value_that_decides_about_the_page_has_its_say(attribute: str, value: str) -> None:
    """A size or a colour from the data goes through the compiler."""
    source = mjml(f'<mj-text {attribute}="{{{{ v }}}}">x</mj-text>')
    assert value in both({"a.mjml": source}, "a.mjml", {"v": value}, inliner="none").html


@pytest.mark.parametrize("value", ['"><script>x</script>', "</style><script>", "12px;}", "{{ 7 * 7 }}", "\\", "'"])
@pytest.mark.parametrize("attribute", ["font-size", "color", "css-class", "align", "padding", "width"])
def test_value_that_decides_about_the_page_opens_no_element(attribute: str, value: str) -> None:
    """Whatever is made of it, or refused."""
    source = mjml(f'<mj-image src="x" {attribute}="{{{{ v }}}}" /><mj-text {attribute}="{{{{ v }}}}">x</mj-text>')
    for skeletons in (True, False):
        try:
            page = Templates({"a.mjml": source}, skeletons=skeletons).render("a.mjml", {"v": value})
        except TemplateBroken:
            continue
        assert "script" not in tags(page.html)


@given(st.text())
@settings(deadline=None, max_examples=40)
def test_value_of_any_text_is_the_same_with_and_without_skeletons(value: str) -> None:
    """Or refused in both."""
    source = mjml('<mj-text>{{ v }}</mj-text><mj-image src="x" alt="{{ v }}" />')
    made = []
    for skeletons in (True, False):
        try:
            page = Templates({"a.mjml": source}, skeletons=skeletons, inliner="none").render("a.mjml", {"v": value})
            made.append((page.html, page.text))
        except MailkitError as error:
            made.append((str(error), ""))
    assert made[0] == made[1]


# -- sharing ---------------------------------------------------------------------------------------------------------


def test_mjml_for_many_shares_a_skeleton() -> None:
    """It is compiled once for each structure, and not for each recipient."""
    source = mjml("<mj-text>{{ n }}</mj-text>{% if vip %}<mj-button href='{{ l }}'>Go</mj-button>{% endif %}")
    templates = Templates({"a.mjml": source})
    for n in range(10):
        page = templates.render("a.mjml", {"n": f"<{n}>", "vip": n % 2, "l": f"https://a.example/{n}?a&b"})
        assert page.text.startswith(f"<{n}>\n")
        assert (f"https://a.example/{n}?a&b" in page.text) == bool(n % 2)
    assert (templates.statistics.skeletons, templates.statistics.hits, templates.statistics.fallbacks) == (2, 8, 0)


def test_mjml_with_a_loop_for_everybody_is_the_same_each_time() -> None:
    """What is kept of a loop is MJML that is compiled with the rest."""
    source = mjml("{% for one in all %}<mj-text>{{ one }}</mj-text>{% endfor %}<mj-text>{{ n }}</mj-text>")
    templates = Templates({"a.mjml": source})
    for n in range(4):
        assert templates.render("a.mjml", {"n": n, "all": ["<a>", "\\"]}).text.split() == ["<a>", "\\", str(n)]


# -- faults ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "source",
    [
        "",
        "x",
        "<p>x</p>",
        "<mjml>",
        "<mjml><mj-body><mj-section></mj-body></mjml>",
        "<mjml><mj-body><mj-text>x</mj-body></mjml>",
        "<mjml><mj-body></mjml>",
        "</mjml>",
        "<mjml><mj-body><mj-divider></mj-body></mjml>",
        '<mjml><mj-body><mj-section a="></mj-section></mj-body></mjml>',
        "<mjml <mj-body></mj-body></mjml>",
        "<mjml>\0</mjml>",
        "\ufeff",
        "<" * 500,
    ],
)
def test_mjml_that_cannot_be_compiled_is_an_error_with_its_file(source: str) -> None:
    """Half an element is told, and nothing goes out."""
    error = both_refuse({"a.mjml": f"Subject: x\n\n{source}"}, "a.mjml")
    assert (type(error), error.name) == (TemplateBroken, "a.mjml")
    assert "MJML" in str(error)
    assert "closed" in error.hint


def test_mjml_that_cannot_be_compiled_says_near_what() -> None:
    """The words around the fault, as they stand in the template."""
    for skeletons in (True, False):
        templates = Templates({"a.mjml": '<mjml><mj-bdy alt="ü">{{ v }}</mj-bdy></mjml>'}, skeletons=skeletons)
        with pytest.raises(TemplateBroken, match=r"""near '<mjml><mj-bdy alt="ü">(word|…)</mj-bdy>"""):
            templates.render("a.mjml", {"v": "word"})


def test_mjml_for_one_that_cannot_be_compiled_leaves_the_others() -> None:
    """A value that breaks a page breaks that page."""
    source = mjml("{{ part | safe }}<mj-text>{{ n }}</mj-text>")
    templates = Templates({"a.mjml": source})
    assert templates.render("a.mjml", {"part": "", "n": 1}).text == "1\n"
    with pytest.raises(TemplateBroken, match="MJML"):
        templates.render("a.mjml", {"part": "<mj-text>", "n": 2})
    assert templates.render("a.mjml", {"part": "", "n": 3}).text == "3\n"


@pytest.mark.parametrize(
    ("source", "line"),
    [("{{ nope }}", 1), ("Subject: x\n\n\n<mjml>{{ nope }}</mjml>", 4), ("Subject: {{ nope }}\n\nx", 1)],
)
def test_missing_variable_in_mjml_has_its_line(source: str, line: int) -> None:
    """As in any template."""
    error = both_refuse({"a.mjml": source}, "a.mjml")
    assert (type(error), error.name, error.line) == (VariableMissing, "a.mjml", line)


@pytest.mark.parametrize("path", ["part.mjml", "../secret.mjml", "{folder}/secret.mjml", "file://{folder}/secret.mjml"])
@pytest.mark.parametrize(
    "element",
    [
        '<mj-include path="{path}" />',
        '<mj-include path="{path}"></mj-include>',
        '<mj-include\npath="{path}"/>',
        '<mj-include type="html" path="{path}" />',
        '<mj-include type="css" path="{path}" />',
        '<MJ-INCLUDE path="{path}" />',
        '<Mj-Include path="{path}" />',
        '<mj-raw><mj-include path="{path}" /></mj-raw>',
        '<!-- <mj-include path="{path}" /> -->',
    ],
)
def test_include_of_mjml_reads_no_file(element: str, path: str, tmp_path: Path) -> None:
    """Not inside of the folder and not outside; Jinja's own does the former."""
    root = tmp_path / "mails"
    root.mkdir()
    secret = "<mj-text>secret</mj-text>"
    (tmp_path / "secret.mjml").write_text(secret)
    (root / "part.mjml").write_text(secret)
    (root / "a.mjml").write_text(mjml(element.format(path=path.format(folder=tmp_path))))
    for skeletons in (True, False):
        try:
            page = Templates(root, skeletons=skeletons).render("a.mjml")
        except TemplateBroken:
            continue
        assert "secret<" not in page.html
        assert "secret" not in page.text


def test_include_of_mjml_says_what_to_write_instead() -> None:
    """The refusal has a way on."""
    error = both_refuse({"a.mjml": mjml('<mj-include path="b.mjml" />')}, "a.mjml")
    assert "{% include" in error.hint


@given(
    st.lists(
        st.sampled_from([*"<>/\"'= &;a\\\n", "<mj-text>", "</mj-text>", "<mj-body>", "<mjml>", "<!--", "-->"]),
        max_size=12,
    )
)
@settings(deadline=None, max_examples=80)
def test_compile_with_noise_is_html_or_refused(pieces: list[str]) -> None:
    """Nothing makes the compiler fail in another way."""
    noise = "".join(pieces)
    for source in (noise, mjml(noise), mjml(f"<mj-text>{noise}</mj-text>"), mjml(f'<mj-image alt="{noise}" />')):
        with contextlib.suppress(MessageError):
            assert isinstance(compile_mjml(source), str)
