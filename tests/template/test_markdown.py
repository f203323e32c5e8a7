"""Markdown in templates: whole files, blocks, and the filter."""

import threading
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markupsafe import Markup

from mailkit import Templates
from mailkit.errors import TemplateBroken, TemplateError, TemplateMissing, VariableMissing
from tests.kit.bothways import both, both_refuse

BARE = "<main>{% block content %}{% endblock %}</main>"
HOSTILE = [
    "[x](javascript:alert(1))",
    "[x](https://evil.example)",
    "![](https://evil.example/pixel.png)",
    "<https://evil.example>",
    "https://evil.example",
    "<b>bold</b>",
    "<script>alert(1)</script>",
    "</p></main>",
    "<!-- x",
    "**bold** _em_ ~~gone~~",
    "*",
    "`code`",
    "```",
    "\\",
    "&lt;b&gt;",
    "&",
    '" onclick="x',
    "'",
    "# heading",
    "1. item",
    "- item",
    "> quote",
    "---",
    "| a | b |",
    "[a]: https://evil.example",
    "{{ 7 * 7 }}{% endmarkdown %}",
    "{#",
]
BROKEN_LINES = [
    "# heading",
    "- item",
    "> quote",
    "    code",
    "---",
    "```",
    "| a | b |\n|---|---|",
    "[a]: https://evil.example",
]


def page(body: str, **data: object) -> str:
    """The HTML that a Markdown file makes, without its layout."""
    files = {"a.md": f"Layout: bare.html\n\n{body}", "bare.html": BARE}
    html = both(files, "a.md", data).html
    assert html is not None
    return html.removeprefix("<main>").removesuffix("</main>").strip()


# -- files -----------------------------------------------------------------------------------------------------------


def test_render_with_a_markdown_file_makes_html_and_text() -> None:
    """A head, Jinja, Markdown: both bodies of a message."""
    files = {
        "a.md": "Subject: Hi {{ name }}\nPreheader: Peek\nX-A: 1\n\n# Dear {{ name }}\n\n"
        "{% if many %}* one\n* **two**\n{% endif %}\n\n[Read]({{ link }})\n"
    }
    found = both(files, "a.md", {"name": "Zoë & <Co>", "many": True, "link": "https://a.example/?a=1&b=2"})
    assert found.headers == (("Subject", "Hi Zoë & <Co>"), ("X-A", "1"))
    assert found.text == "Dear Zoë & <Co>\n\n- one\n- two\n\nRead <https://a.example/?a=1&b=2>\n"
    assert "Dear Zoë &amp; &lt;Co&gt;</h1>" in found.html
    assert 'href="https://a.example/?a=1&amp;b=2"' in found.html
    assert "Peek" in found.html
    assert found.html.lower().startswith("<!doctype html>")


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("# One\n\n## Two", "<h1>One</h1>\n<h2>Two</h2>"),
        ("a **b** *c* `d` ~~e~~", "<p>a <strong>b</strong> <em>c</em> <code>d</code> <s>e</s></p>"),
        ("1. a\n2. b", "<ol>\n<li>a</li>\n<li>b</li>\n</ol>"),
        ("> a", "<blockquote>\n<p>a</p>\n</blockquote>"),
        ("a\n\n    a < b", "<p>a</p>\n<pre><code>a &lt; b\n</code></pre>"),
        ("```\na\n```", "<pre><code>a\n</code></pre>"),
        ("![a](b.png)", '<p><img src="b.png" alt="a"></p>'),
        ("<https://a.example>", '<p><a href="https://a.example">https://a.example</a></p>'),
        ("https://a.example", "<p>https://a.example</p>"),
        ('<b class="x">a</b>', '<p><b class="x">a</b></p>'),
        ("<div>\n\n*a*\n\n</div>", "<div>\n<p><em>a</em></p>\n</div>"),
        ("a  \nb", "<p>a<br>\nb</p>"),
        ("---", "<hr>"),
        ("\\*a\\* &copy;", "<p>*a* ©</p>"),
        ("[a][1]\n\n[1]: https://a.example", '<p><a href="https://a.example">a</a></p>'),
        ("", ""),
        ("\n\n", ""),
    ],
)
def test_render_with_markdown_reads_commonmark_and_more(source: str, wanted: str) -> None:
    """CommonMark with HTML, tables and strike-through: the author's text is trusted."""
    assert page(source).replace(" />", ">") == wanted


def test_render_with_a_table_makes_one() -> None:
    """With values in its cells."""
    html = page("| a | b |\n|---|--:|\n| {{ x }} | {{ y }} |\n", x="1 | 2", y="<3>")
    assert html.count("<td") == 2
    assert "1 | 2" in html
    assert "&lt;3&gt;" in html


def test_render_with_a_layout_line_goes_into_that_layout() -> None:
    """The block is called content; the line is no header."""
    files = {"a.md": "Layout: bare.html\nSubject: x\n\n*a*", "bare.html": BARE}
    found = both(files, "a.md")
    assert found.html == "<main><p><em>a</em></p>\n</main>"
    assert found.headers == (("Subject", "x"),)


def test_render_without_a_layout_line_takes_the_plain_one() -> None:
    """In the language of the rendering."""
    assert '<html lang="de">' in both({"a.md": "*a*"}, "a.md", locale="de").html


@pytest.mark.parametrize("name", ["nope.html", "../bare.html", "/etc/passwd", "..", ""])
def test_render_with_a_layout_that_is_not_there_says_which(name: str) -> None:
    """And none is read from elsewhere."""
    error = both_refuse({"a.md": f"Layout: {name}\n\nx", "bare.html": BARE}, "a.md")
    assert isinstance(error, TemplateMissing)
    assert error.name == name


@pytest.mark.parametrize("name", ['a"b', "{{ x }}", "{% x %}", "a\\b", 'x" %}{{ 7 * 7 }}{% set y = "'])
def test_render_with_a_layout_that_is_no_name_says_where(name: str) -> None:
    """The line holds a name, and no code."""
    error = both_refuse({"a.md": f"Subject: x\nLayout: {name}\n\nx"}, "a.md", {"x": "bare.html"})
    assert (type(error), error.name, error.line) == (TemplateBroken, "a.md", 2)


def test_render_with_a_markdown_file_as_its_own_layout_is_an_error() -> None:
    """A circle ends, and is told."""
    assert isinstance(both_refuse({"a.md": "Layout: a.md\n\nx"}, "a.md"), TemplateBroken)


def test_render_with_a_text_beside_takes_its_text() -> None:
    """What is written by hand goes before what is made."""
    assert both({"a.md": "# A", "a.txt": "By hand, {{ n }}"}, "a.md", {"n": "<Zoë>"}).text == "By hand, <Zoë>"


def test_render_with_an_included_part_reads_it_as_markdown() -> None:
    """A part of the text stands in another file; values in it are values."""
    files = {"a.md": "Layout: bare.html\n\n# A\n\n{% include 'part.html' %}\n", "part.html": "* **b** {{ x }}"}
    html = both({**files, "bare.html": BARE}, "a.md", {"x": "**c**"}).html
    assert "<li><strong>b</strong> **c**</li>" in html


def test_render_with_an_indented_block_reads_it_as_if_it_were_not() -> None:
    """A block may be indented like the HTML around it, and is no code for that."""
    html = both({"a.html": "<div>\n    {% markdown %}\n    # A\n\n    b\n    {% endmarkdown %}\n</div>"}, "a.html").html
    assert "<h1>A</h1>\n<p>b</p>" in html


# -- values ----------------------------------------------------------------------------------------------------------

PLACES = [
    "{{ v }}",
    "a {{ v }} b",
    "**{{ v }}**",
    "# {{ v }}",
    "* {{ v }}\n* b",
    "> {{ v }}",
    "`{{ v }}`",
    "    {{ v }}",
    "```\n{{ v }}\n```",
    "| a |\n|---|\n| {{ v }} |",
    "[{{ v }}](https://a.example)",
    "{% if v %}{{ v }}{% endif %}",
    "{{ v | trim }}{{ v }}",
    "{{ [v, v] | join(' ') }}",
    "{{ v | replace('zzz', '') }}",
    "{{ v ~ '' }}",
    "{{ _('Hi %(v)s', v=v) }}",
    "{% for one in [v, v] %}* {{ one }}\n{% endfor %}",
    "{% for one in all %}\n* {{ one }}\n{% endfor %}",
    "{% set x %}{{ v }}{% endset %}{{ x }}",
    "{% macro m(x) %}{{ x }}{% endmacro %}{{ m(v) }}",
]


def shape(html: str) -> list[str]:
    """The tags of a page."""
    return [piece.partition(">")[0] for piece in html.split("<")[1:]]


@cache
def usual(place: str) -> list[str]:
    """The tags of a page with a word in the place."""
    return shape(page(place, v="word", all=["word", "word"]))


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("place", PLACES)
def test_value_in_markdown_stays_text(place: str, value: str) -> None:
    """It adds no link, no picture, no heading and no markup: the page has the tags that it has with a word there."""
    html = page(place, v=value, all=[value, value])
    assert shape(html) == usual(place)
    text = html.replace("&lt;", "<").replace("&gt;", ">").replace("&#34;", '"').replace("&#39;", "'")
    assert value in text.replace("&amp;", "&")


@pytest.mark.parametrize("line", BROKEN_LINES)
@pytest.mark.parametrize(
    "around", ["\n{0}", "\n\n{0}", "x\n\n{0}\n\n", "  \n{0}  \n", "\r\n\r\n{0}\r\n", "\n", "\n\n    "]
)
@pytest.mark.parametrize("place", PLACES[:5:2])
def test_value_with_line_breaks_in_markdown_begins_no_block(place: str, around: str, line: str) -> None:
    """A line of the data is no line of the template; all white space at its ends counts as one blank."""
    value = around.format(line)
    html = page(place, v=value)
    before, after = (" " if end.isspace() else "" for end in (value[0], value[-1]))
    assert shape(html) == shape(page(place, v=f"{before}word{after}" if value.strip() else " "))


def test_value_with_blanks_around_it_keeps_one() -> None:
    """Words do not run into each other."""
    assert page("Dear{{ ' ' ~ name if name }},", name="Zoë") == "<p>Dear Zoë,</p>"
    assert page("a{{ v }}b", v="  \n ") == "<p>a b</p>"


@pytest.mark.parametrize(
    "value", ["https://a.example/?a=1&b=2", "https://a.example/ü b", '"><b>', "a)b(c", "<x>", "a\\"]
)
@pytest.mark.parametrize(
    "place", ["[x]({{ v }})", '[x](<{{ v }}> "{{ v }}")', "![{{ v }}]({{ v }})", '<a href="{{ v }}">x</a>']
)
def test_value_as_the_address_of_a_link_stays_in_it(place: str, value: str) -> None:
    """One link comes out, to all of the value."""
    html = page(place, v=value)
    assert html.count("<") == html.count(">")
    assert [tag.split()[0] for tag in shape(html)] == [tag.split()[0] for tag in shape(page(place, v="word"))]
    assert html.count('"') == page(place, v="word").count('"')


def test_value_in_an_automatic_link_becomes_one() -> None:
    """<{{ link }}> is a link like any other in angle brackets."""
    html = page("See <{{ v }}> and <mailto:{{ m }}>", v="https://a.example/?a=1&b=2", m="zoe@a.example")
    assert '<a href="https://a.example/?a=1&amp;b=2">https://a.example/?a=1&amp;b=2</a>' in html
    assert '<a href="mailto:zoe@a.example">' in html


def test_value_that_is_markup_stays_markup() -> None:
    """What the program says is markup is printed as it is."""
    assert page("a {{ v }} c", v=Markup("<i>b</i>")) == "<p>a <i>b</i> c</p>"
    assert page("{{ v | safe }}", v="<div>b</div>") == "<div>b</div>"


def test_value_in_a_loop_of_a_macro_stays_text() -> None:
    """A macro's loop is the same as one that stands in the text."""
    macro = "{% macro list(all) %}{% for one in all %}\n* {{ one }}\n{% endfor %}{% endmacro %}"
    html = page(f"{macro}{{{{ list(all) }}}}", all=["[x](https://evil.example)"])
    assert "<a" not in html
    files = {"a.md": "Layout: bare.html\n\n{% include 'l.html' %}", "bare.html": BARE}
    files["l.html"] = "{% for one in all %}\n* {{ one }}\n{% endfor %}"
    assert "<a" not in both(files, "a.md", {"all": ["[x](https://evil.example)"]}).html


@given(st.text())
@settings(deadline=None, max_examples=60)
def test_value_of_any_text_in_markdown_stays_text(value: str) -> None:
    """Whatever it is made of."""
    templates = Templates({"a.html": "{% markdown %}\n* a {{ v }} b\n\n{{ v }}\n{% endmarkdown %}"}, inliner="none")
    html = templates.render("a.html", {"v": value}).html
    usual = templates.render("a.html", {"v": "word" if value.strip() else value}).html
    assert shape(html or "") == shape(usual or "")


# -- sharing ---------------------------------------------------------------------------------------------------------


def test_markdown_for_many_shares_a_skeleton() -> None:
    """It is read once for each structure, and not for each recipient."""
    files = {"a.md": "Subject: {{ n }}\n\n# {{ n }}\n\n{% if vip %}**{{ n }}**{% endif %} [x]({{ l }})"}
    templates = Templates(files)
    for n in range(10):
        data = {"n": f"<{n}> *x*", "vip": n % 2, "l": f"https://a.example/{n}"}
        assert f"&lt;{n}&gt; *x*</h1>" in templates.render("a.md", data).html
    assert templates.statistics.skeletons == 2
    assert templates.statistics.hits == 8
    assert templates.statistics.fallbacks == 0


def test_markdown_that_cannot_share_is_the_same() -> None:
    """A value that has a say in the page, and a page whose output is looked at."""
    found = both(
        {"a.html": "{% markdown %}\n<b class='{{ c }}'>*{{ n }}*</b>\n{% endmarkdown %}"},
        "a.html",
        {"c": "x", "n": "*"},
    )
    assert found.text == "*\n"
    files = {"a.html": "{% set x %}{{ n }}{% endset %}{{ x | length }}{% markdown %}*{{ n }}*{% endmarkdown %}"}
    error = both_refuse(files, "a.html", {"n": "x"})
    assert isinstance(error, TemplateBroken)
    assert "cannot be together with Markdown" in str(error)


def test_markdown_in_a_sandbox_is_the_same() -> None:
    """And templates of others have it too."""
    assert both({"a.md": "*{{ n }}*"}, "a.md", {"n": "*x*"}, sandbox=True).text == "*x*\n"
    error = both_refuse({"a.md": "*{{ n.__class__ }}*"}, "a.md", {"n": "*x*"}, sandbox=True)
    assert isinstance(error, TemplateError)


def test_markdown_in_many_threads_gives_each_its_own() -> None:
    """Nobody gets another's values."""
    templates = Templates({"a.md": "# {{ n }}\n\n{% for one in all %}* {{ one }}\n{% endfor %}"})
    wrong: list[object] = []

    def work(n: int) -> None:
        for _ in range(10):
            text = templates.render("a.md", {"n": n, "all": [n, n]}).text
            if text != f"{n}\n\n- {n}\n- {n}\n":
                wrong.append(text)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


# -- blocks ----------------------------------------------------------------------------------------------------------


def test_block_in_html_is_markdown_and_nothing_else_is() -> None:
    """Around it stays what it is."""
    html = both(
        {"a.html": "<p>*a*</p>{% markdown %}*b*{% endmarkdown %}<p>*c* {{ v }}</p>"}, "a.html", {"v": "*d*"}
    ).html
    assert html == "<p>*a*</p><p><em>b</em></p>\n<p>*c* *d*</p>"


def test_blocks_in_loops_and_blocks_of_layouts_work() -> None:
    """Wherever template text may stand."""
    files = {
        "base.html": "<main>{% block a %}{% endblock %}</main>",
        "a.html": "{% extends 'base.html' %}{% block a %}{% for n in all %}{% markdown %}*{{ n }}*{% endmarkdown %}"
        "{% endfor %}{% endblock %}",
    }
    html = both(files, "a.html", {"all": ["*", "<b>", "x"]}).html
    assert html == "<main><p><em>*</em></p>\n<p><em>&lt;b&gt;</em></p>\n<p><em>x</em></p>\n</main>"


@pytest.mark.parametrize(
    ("files", "name", "line"),
    [
        ({"a.txt": "x\n{% markdown %}*a*{% endmarkdown %}"}, "a.txt", 2),
        ({"a.html": "x", "a.txt": "x\n\n{% markdown %}*a*{% endmarkdown %}"}, "a.txt", 3),
        ({"a.html": "x", "a.ics": "X:{% markdown %}a{% endmarkdown %}"}, "a.ics", 1),
        ({"a.html": "X-A: 1\nSubject: {% markdown %}*a*{% endmarkdown %}\n\nx"}, "a.html", 2),
    ],
)
def test_block_in_text_is_an_error_with_a_place(files: dict[str, str], name: str, line: int) -> None:
    """Text has no markup: not a text template, not a header, not a calendar entry."""
    error = both_refuse(files, next(iter(files)))
    assert (type(error), error.name, error.line) == (TemplateBroken, name, line)
    assert "Markdown makes HTML" in str(error)


def test_block_in_a_page_that_text_includes_is_an_error() -> None:
    """Nor a page that is put into text."""
    both_refuse({"a.txt": "{% include 'b.html' %}", "b.html": "{% markdown %}*a*{% endmarkdown %}"}, "a.txt")


# -- the filter ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("**a**", "<p><strong>a</strong></p>"),
        ("<b>a</b>", "<p>&lt;b&gt;a&lt;/b&gt;</p>"),
        ("<script>x</script>", "<p>&lt;script&gt;x&lt;/script&gt;</p>"),
        ("<!-- x -->", "<p>&lt;!-- x --&gt;</p>"),
        ("[x](https://a.example)", '<p><a href="https://a.example">x</a></p>'),
        ("[x](javascript:alert(1))", "<p>[x](javascript:alert(1))</p>"),
        ("[x](JaVaScRiPt:alert(1))", "<p>[x](JaVaScRiPt:alert(1))</p>"),
        ("[x](&#106;avascript:alert(1))", "<p>[x](javascript:alert(1))</p>"),
        ("[x](vbscript:x)", "<p>[x](vbscript:x)</p>"),
        ("[x](data:text/html,x)", "<p>[x](data:text/html,x)</p>"),
        ("<javascript:alert(1)>", "<p>&lt;javascript:alert(1)&gt;</p>"),
        ('[x](https://a.example "a\\"b")', '<p><a href="https://a.example" title="a&quot;b">x</a></p>'),
        ("{{ 7 * 7 }}", "<p>{{ 7 * 7 }}</p>"),
        ("", ""),
        (5, "<p>5</p>"),
    ],
)
def test_filter_with_text_of_others_is_markdown_without_html(value: object, wanted: str) -> None:
    """Emphasis and links, but no markup of theirs and nothing that runs."""
    assert both({"a.html": "{{ v | markdown }}"}, "a.html", {"v": value}, inliner="none").html.strip() == wanted


@pytest.mark.parametrize(
    "value", ["[" * 3000, "*a " * 3000, "> " * 3000, "`" * 3000, "![" * 1500, "<" * 3000, "&" * 3000]
)
def test_filter_with_text_that_is_nested_deeply_ends(value: str) -> None:
    """Text made to take long does not, and is shown or refused."""
    assert "html" not in Templates({"a.html": "{{ v | markdown }}"}).render("a.html", {"v": value}).html


def test_filter_with_a_missing_variable_says_which() -> None:
    """A gap is told as one."""
    error = both_refuse({"a.html": "\n{{ nmae | markdown }}"}, "a.html", {"name": "x"})
    assert (type(error), error.line, error.hint) == (VariableMissing, 2, "Did you mean 'name'?")


# -- faults ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("{{ nope }}", 1),
        ("Subject: x\n\n{{ nope }}", 3),
        ("Subject: x\nX-A: 1\n\n# a\n\n* b\n* {{ nope }}\n", 7),
        ("Subject: x\n\na\n\n{% for n in [1] %}\n\n{{ n.nope }}\n{% endfor %}", 7),
        ("Subject: {{ nope }}\n\na", 1),
        ("Subject: x\n\n{{ nope | upper }}", 3),
        ("Subject: x\r\n\r\na\r\n{{ nope }}", 4),
        ("a\n{% if nope %}x{% endif %}", 2),
    ],
)
def test_fault_in_a_markdown_file_has_its_line(source: str, line: int) -> None:
    """The line of the file, whatever is put around its text."""
    error = both_refuse({"a.md": source}, "a.md", {"x": 1})
    assert (type(error), error.name, error.line) == (VariableMissing, "a.md", line)


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("Subject: x\n\na\n{% if %}", 4),
        ("Subject: x\n\na\n{{ 1 / 0 }}", 4),
        ("a\n\n{{ 1 | nofilter }}", 3),
        ("a\n{{ 'x' | date }}", 2),
        ("Subject: x\nno header\n\na", 2),
    ],
)
def test_syntax_in_a_markdown_file_has_its_line(source: str, line: int) -> None:
    """So has what cannot be read, and what fails."""
    error = both_refuse({"a.md": source}, "a.md")
    assert (type(error), error.name, error.line) == (TemplateBroken, "a.md", line)


@pytest.mark.parametrize("source", ["{% markdown %}a", "{% endmarkdown %}", "{% markdown x %}a{% endmarkdown %}"])
def test_block_that_is_not_closed_says_where(source: str) -> None:
    """As any other block."""
    error = both_refuse({"a.html": f"\n{source}"}, "a.html")
    assert isinstance(error, TemplateBroken)
    assert error.line == 2
