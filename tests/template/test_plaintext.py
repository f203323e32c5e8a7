"""The plain text made from HTML."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailkit.template import to_text

_CASES = {
    "paragraphs": ("<p>one\n  two</p>\n<p>three</p>", "one two\n\nthree"),
    "inline elements": ("<p>one <b>two</b> <i>th</i>ree</p>", "one two three"),
    "headings": ("<h1>A</h1>text<h2>B</h2><p>c</p>", "A\n\ntext\n\nB\n\nc"),
    "blocks": ("<div>a</div><div>b</div><section>c</section>", "a\nb\nc"),
    "line breaks": ("a<br>b<br><br>c<br><br><br>d", "a\nb\n\nc\n\nd"),
    "a rule": ("<p>a</p><hr><p>b</p>", "a\n\n" + "-" * 40 + "\n\nb"),
    "a list": ("<ul><li>a</li><li>b</li></ul><p>c</p>", "- a\n- b\n\nc"),
    "a numbered list": ("<ol><li>a<li>b</ol>", "1. a\n2. b"),
    "a list that starts later": ('<ol start="9"><li>a<li>b</ol>', "9. a\n10. b"),
    "a list that starts nowhere": ('<ol start="x"><li>a</ol>', "1. a"),
    "a list that starts beyond all numbers": (f'<ol start="{"9" * 5000}"><li>a</ol>', "1. a"),
    "nested lists": (
        "<ol><li>one<ul><li>a</li><li>b<ol><li>x</li></ol></li></ul></li><li>two</li></ol>",
        "1. one\n   - a\n   - b\n     1. x\n2. two",
    ),
    "paragraphs in items": ("<ul><li><p>a</p><p>b</p></li><li>c</li></ul>", "- a\n\n  b\n\n- c"),
    "an item without a list": ("<li>a</li>", "- a"),
    "a data table": (
        "<table><tr><th>Item</th><th>Price</th></tr><tr><td>Tea</td><td>3 €</td></tr></table>",
        "Item | Price\nTea | 3 €",
    ),
    "an empty cell": ("<table><tr><td>a</td><td></td><td>c</td></tr></table>", "a | | c"),
    "a layout table by role": ('<table role="presentation"><tr><td>a</td><td>b</td></tr></table>', "a\nb"),
    "a layout table by nesting": (
        "<table><tr><td>x<table><tr><td>a</td><td>b</td></tr></table></td><td>y</td></tr></table>",
        "x\n\na | b\n\ny",
    ),
    "a cell without a table": ("<td>a</td><td>b</td>", "a\nb"),
    "a quotation": ("<p>a</p><blockquote><p>b</p><p>c</p></blockquote><p>d</p>", "a\n\n> b\n>\n> c\n\nd"),
    "a quotation in a quotation": ("<blockquote>a<blockquote>b</blockquote></blockquote>", "> a\n>\n> > b"),
    "preformatted text": ("<pre>a\n  b\n\nc</pre><p>d</p>", "a\n  b\n\nc\n\nd"),
    "preformatted text after a line end": ("<pre>\na</pre>", "a"),
    "an image": ('<p>a <img src="x.png" alt="cat"> b</p>', "a cat b"),
    "an image without words": ('<p>a <img src="x.png"><img src="y.png" alt=""> b</p>', "a b"),
    "entities": ("<p>1 &lt; 2 &amp;&amp; 3&nbsp;&euro; &#128512; &zwj;</p>", "1 < 2 && 3\xa0€ 😀 \u200d"),
    "an empty paragraph for its height": ("<p>a</p><p>&nbsp;</p><p>b</p>", "a\n\nb"),
    "comments": ("a<!-- no -->b<!--[if mso]>no<![endif]-->c", "abc"),
    "the other half of a conditional comment": ("<!--[if !mso]><!-->a<!--<![endif]-->b", "ab"),
    "a processing instruction": ("<p>a<?php no ?>b</p>", "ab"),
    "an XML declaration": ('<?xml version="1.0" encoding="latin-1"?><html><body>Zoë</body></html>', "Zoë"),
    "head, style and script": (
        "<head><title>no</title><style>no</style></head><body>a<script>no</script><style>no</style>b</body>",
        "ab",
    ),
    "definitions": ("<dl><dt>T</dt><dd>D</dd></dl>", "T\nD"),
    "text without elements": ("a & b", "a & b"),
    "nothing": ("", ""),
    "blanks": (" \n ", ""),
    "only a comment": ("<!-- a -->", ""),
    "only an end tag": ("</p></a></li></blockquote></td>", ""),
}


@pytest.mark.parametrize("case", _CASES)
def test_to_text_with_each_kind_of_element_says_it_in_text(case: str) -> None:
    """Structure is shown by lines, bullets, bars and quote marks."""
    html, text = _CASES[case]
    assert to_text(html) == (text + "\n" if text else "")


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ('<a href="https://x.example/a?b=1&amp;c=2">here</a>, then', "here <https://x.example/a?b=1&c=2>, then"),
        ('<a href="https://x.example/">https://x.example</a>', "https://x.example"),
        ('<a href="https://x.example">x.example</a>', "x.example"),
        ('<a href="mailto:a@b.example">a@b.example</a>', "a@b.example"),
        ('<a href="mailto:a@b.example">write</a>', "write <a@b.example>"),
        ('<a href="tel:+4912345">call</a>', "call <+4912345>"),
        ('<a href="#top">up</a>', "up"),
        ('<a name="top">up</a>', "up"),
        ('<a href="cid:a@b">picture</a>', "picture"),
        ('<a href="javascript:alert(1)">x</a>', "x"),
        ('<a href="https://x.example"><img src="l.png" alt="Logo"></a>', "Logo <https://x.example>"),
        ('<a href="https://x.example"><img src="l.png"></a>', ""),
        ('<a href="https://x.example"></a>', ""),
        ('<p>a <a href="https://x.example"> b </a> c</p>', "a b <https://x.example> c"),
        ('<ul><li><a href="https://x.example">b</a></li></ul>', "- b <https://x.example>"),
        ('<a href="https://x.example"><h2>Title</h2><p>text</p></a>', "Title\n\ntext\n\n<https://x.example>"),
        ('<a href="https://x.example" style="padding:0;mso-hide:all">Pay now</a>', "Pay now <https://x.example>"),
    ],
)
def test_to_text_with_a_link_shows_where_it_goes(html: str, text: str) -> None:
    """A link's address stands behind its words, unless they are the address, or nobody could follow it."""
    assert to_text(html).strip() == text


@pytest.mark.parametrize(
    "hidden",
    [
        '<div style="display:none">no</div>',
        '<div style="color:red; DISPLAY : NONE !important">no</div>',
        '<span style="visibility: hidden">no</span>',
        "<div hidden>no</div>",
        '<table data-text="none"><tr><td>no<a href="https://x.example">no</a></td></tr></table>',
        "<template>no</template>",
    ],
)
def test_to_text_with_a_hidden_element_leaves_it_out(hidden: str) -> None:
    """What is not shown in the HTML, or is marked to be left out, is not in the text; what follows it is."""
    assert to_text(f"<p>a</p>{hidden}<p>b</p>") == "a\n\nb\n"
    assert to_text(f"a{hidden}b") == "ab\n"


_WISHES = {
    "none, of a block": ('<p>a</p><div data-text="none">no<p>no</p></div><p>b</p>', "a\n\nb"),
    "none, in a line": ('a<b data-text="none">no <a href="https://x.example">no</a></b>c', "ac"),
    "none, of a cell": ('<table><tr><td>a</td><td data-text="none">no</td><td>c</td></tr></table>', "a | c"),
    "none, with other words": ('<p data-text="none" data-text-as="no">no</p>b', "b"),
    "only, of what is hidden": ('<p>a</p><div style="display:none" data-text="only">b</div><p>c</p>', "a\n\nb\n\nc"),
    "only, of a hidden cell": ('<table><tr><td>a</td><td hidden data-text="only">b</td></tr></table>', "a | b"),
    "only, of what is shown": ('<p data-text="only">a</p>', "a"),
    "only, of what is never text": ('<style data-text="only">no</style><title data-text="only">no</title>a', "a"),
    "block, in a line": ('a<span data-text="block">b</span>c', "a\nb\nc"),
    "block, of paragraphs": ('<p>a</p><p data-text="block">b</p><p data-text="block">c</p><p>d</p>', "a\n\nb\nc\n\nd"),
    "block, of a heading": ('<h1 data-text="block">a</h1><div>b</div>', "a\nb"),
    "block, of a list": ('a<ul data-text="block"><li>b</li></ul>c', "a\n- b\nc"),
    "block, of what is hidden": ('a<div style="display:none" data-text="block">no</div>b', "ab"),
    "paragraph, in a line": ('a<span data-text="paragraph">b</span>c', "a\n\nb\n\nc"),
    "paragraph, of blocks": ('<div>a</div><div data-text="paragraph">b</div><div>c</div>', "a\n\nb\n\nc"),
    "paragraph, of items": ('<ul><li data-text="paragraph">a</li><li data-text="paragraph">b</li></ul>', "- a\n\n- b"),
    "inline, of paragraphs": ('<p data-text="inline">a</p> <p data-text="inline">b</p>', "a b"),
    "inline, of a heading": ('<h1 data-text="inline">a</h1>: b', "a: b"),
    "inline, beside blocks": ('<div>a</div><div data-text="inline">b</div><div>c</div>', "a\nb\nc"),
    "inline, of a rule": ('a <hr data-text="inline"> b', f"a {'-' * 40} b"),
    "table, of what arranges things": (
        '<table role="none" data-text="table"><tr><td>a</td><td>b</td></tr></table>',
        "a | b",
    ),
    "table, around a table": (
        '<table data-text="table"><tr><td>a<table><tr><td>x</td><td>y</td></tr></table></td></tr></table>',
        "a\n\nx | y",
    ),
    "layout, of data": ('<table data-text="layout"><tr><td>a</td><td>b</td></tr></table>', "a\nb"),
    "layout, with data in it": (
        '<table data-text="layout"><tr><td>a</td><td><table><tr><td>x</td><td>y</td></tr></table></td></tr></table>',
        "a\n\nx | y",
    ),
    "no-link, of a link": ('<a href="https://x.example" data-text="no-link">a</a>', "a"),
    "no-link, around links": (
        '<p data-text="no-link"><a href="https://x.example">a</a> <a href="tel:1">b</a></p><a href="tel:2">c</a>',
        "a b\n\nc <2>",
    ),
    "no-link, around a block": ('<a href="https://x.example" data-text="no-link"><h2>a</h2></a><p>b</p>', "a\n\nb"),
    "verbatim, of a block": ('<div data-text="verbatim">a  b\n  c</div>d', "a  b\n  c\nd"),
    "verbatim, in a line": ('<p>x  <code data-text="verbatim">a  b</code>  y</p>', "x a  b y"),
    "verbatim, of preformatted text": ('<pre data-text="verbatim">a  b</pre>c  d', "a  b\n\nc d"),
    "verbatim, with an element in it": ('<div data-text="verbatim">a  <b>b  c</b></div>d  e', "a  b  c\nd e"),
    "a word that means nothing": ('<p data-text="loud">a</p>b', "a\n\nb"),
    "other words, for a paragraph": ('<p data-text-as="words">a <a href="https://x.example">b</a></p>c', "words\n\nc"),
    "other words, in a line": ('a <b data-text-as="*">x</b> b', "a * b"),
    "other words, for an image": ('<img src="x.png" alt="no" data-text-as="[logo]">', "[logo]"),
    "other words, for a rule": ('<p>a</p><hr data-text-as="* * *"><p>b</p>', "a\n\n* * *\n\nb"),
    "other words, for a cell": (
        '<table><tr><td data-text-as="a">x</td><th data-text-as=" b  c ">y</th></tr></table>',
        "a | b c",
    ),
    "other words, for an item": ('<ol><li>a</li><li data-text-as="b">x</li><li>c</li></ol>', "1. a\n2. b\n3. c"),
    "other words, for a table": ('a<table data-text-as="sums"><tr><td>1</td></tr></table>b', "a\nsums\nb"),
    "other words, but none": ('<p data-text-as="">x</p>a', "a"),
    "other words, in another space": ('<h1 data-text="inline" data-text-as="A:">x</h1> b', "A: b"),
    "other words, for what is hidden": ('<p hidden data-text-as="no">no</p>a', "a"),
    "other words, for what is only text": ('<p hidden data-text="only" data-text-as="b">no</p>a', "b\n\na"),
    "other words, with marks of HTML": ('<p data-text-as="1 &lt; 2 &amp; &quot;x&quot;">x</p>', '1 < 2 & "x"'),
}


@pytest.mark.parametrize("case", _WISHES)
def test_to_text_with_a_wish_of_the_author_follows_it(case: str) -> None:
    """``data-text`` and ``data-text-as`` decide for one element, and for nothing behind it."""
    html, text = _WISHES[case]
    assert to_text(html) == text + "\n"
    assert to_text(f"<p>before</p>{html}<p>after</p>").startswith("before\n\n")
    assert to_text(f"{html}<p>x  y</p><p><a href='https://z.example'>z</a></p>").endswith(
        "\n\nx y\n\nz <https://z.example>\n"
    )


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("<p>a</p><p>b</p>", "a, b"),
        ("a<br>b", "a, b"),
        ("a<br> <br>\n<br>b", "a, b"),
        ("<br>a<br>", "a"),
        ("<div>a</div>b<div>c</div>", "a, b, c"),
        ("<h3>a</h3><span>b</span> <b>c</b>", "a, b c"),
        ("<ul><li>a</li><li>b</li></ul>", "a, b"),
        ("<p>x</p><ol><li>a</li><li>b</li></ol>y", "x, a, b, y"),
        ("a<hr>b", "a, b"),
        ("<blockquote>a</blockquote>b", "a, b"),
        ('<img src="x.png" alt="a"><br>b', "a, b"),
        ('<p>a</p><a href="https://x.example">b</a>', "a, b <https://x.example>"),
        ('<a href="https://x.example"><p>a</p><p>b</p></a>', "a, b <https://x.example>"),
        ('<span data-text="block">a</span>b', "a, b"),
        ('<p data-text="inline">a</p>b', "ab"),
        ('<p data-text="none">no</p>a', "a"),
        ("<p></p><div> </div>a", "a"),
        ("", ""),
    ],
)
def test_to_text_with_several_blocks_in_a_cell_keeps_the_row_on_its_line(cell: str, text: str) -> None:
    """What stands below one another in a cell stands beside one another in the text, with commas."""
    row = f"<table><tr><td>1</td><td>{cell}</td><td>3</td></tr><tr><td>4</td></tr></table><p>x</p>"
    assert to_text(row) == (f"1 | {text} | 3\n4\n\nx\n" if text else "1 | | 3\n4\n\nx\n")


@pytest.mark.parametrize("style", ["display:block", "x-display:none", "background:url(display:none.png)"])
def test_to_text_with_a_shown_element_keeps_it(style: str) -> None:
    """Only what is really hidden is left out."""
    assert to_text(f'<p style="{style}">a</p>') == "a\n"


@pytest.mark.parametrize("tag", ["div", "blockquote", "ul", "table", "b", "a"])
def test_to_text_with_deep_nesting_does_not_fail(tag: str) -> None:
    """No depth makes it fail."""
    assert isinstance(to_text(f"<{tag}>" * 3000 + "x" + f"</{tag}>" * 3000), str)


def test_to_text_deeper_than_a_parser_goes_by_default_loses_nothing() -> None:
    """Tables in tables in tables are what mail is made of."""
    html = "<table role=none><tr><td>" * 200 + "deep" + "</td></tr></table>" * 200 + "<p>after</p>"
    assert to_text(html).split() == ["deep", "after"]


def test_to_text_with_a_long_table_takes_a_step_for_each_cell() -> None:
    """A table of thousands of cells is looked at once, not once for each cell."""
    rows = "<tr><td>a</td><td>b</td></tr>" * 2000
    assert to_text(f"<table>{rows}</table>") == "a | b\n" * 2000


@given(st.text(max_size=200))
@settings(max_examples=40, deadline=None, derandomize=True)
def test_to_text_with_arbitrary_text_does_not_fail(html: str) -> None:
    """No text makes it fail."""
    to_text(html)


_PIECES = [
    "<p>",
    "</p>",
    "<ul>",
    "<ol start=3>",
    "</ol>",
    "<li>",
    "</li>",
    "<td>",
    "<table>",
    "</table>",
    "<tr>",
    "<pre>",
]
_PIECES += [
    "</pre>",
    "<blockquote>",
    "</blockquote>",
    "<a href='https://x.example'>",
    "</a>",
    "<br>",
    "<hr>",
    "text",
    " \n ",
]
_PIECES += [
    "<!-- c -->",
    "<div hidden>",
    "</div>",
    "&nbsp;",
    "&#0;",
    "<img alt=x>",
    "<![CDATA[",
    "<?pi?>",
    "<svg>",
    "</svg>",
]


@given(st.lists(st.sampled_from(_PIECES), max_size=40).map("".join))
@settings(max_examples=40, deadline=None, derandomize=True)
def test_to_text_with_tags_in_any_order_ends_its_lines_cleanly(html: str) -> None:
    """However broken the HTML, the text has no blanks at line ends, no empty line at its ends, and one line end."""
    text = to_text(html)
    assert not text or (text.endswith("\n") and not text.endswith("\n\n") and not text.startswith("\n"))
    assert all(line == line.rstrip(" ") for line in text.split("\n"))
