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
