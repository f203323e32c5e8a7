"""CSS inlining."""

import socket
import threading
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailkit.template import inline_css


def page(css: str, body: str = '<p class="a" id="b">x</p>') -> str:
    return f"<!DOCTYPE html>\n<html><head><style>{css}</style></head><body>{body}</body></html>"


@pytest.fixture
def web() -> Iterator[tuple[str, list[bytes]]]:
    """The address of a web server, and what was asked of it."""
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            while True:
                try:
                    peer, _ = server.accept()
                except OSError:
                    return
                with peer:
                    asked.append(peer.recv(1000))
                    peer.sendall(b"HTTP/1.0 200 OK\r\nContent-Type: text/css\r\n\r\np { color: #010203 }")

        thread = threading.Thread(target=answer)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}", asked
        server.shutdown(socket.SHUT_RDWR)
    thread.join()


@pytest.mark.parametrize("selector", ["p", ".a", "#b", "body > p", "p.a", "body p"])
def test_inline_with_a_rule_puts_it_into_the_style_attribute(selector: str) -> None:
    """A rule ends up on the elements that it is about, and its sheet is gone."""
    inlined = inline_css(page(f"{selector} {{ color: red }}"))
    assert 'style="color:red"' in inlined
    assert "<style>" not in inlined


def test_inline_with_several_rules_obeys_the_cascade() -> None:
    """The more specific rule wins, then the later one; a style attribute wins over both."""
    body = '<p class="a">x</p><p>y</p><p style="color:blue">z</p>'
    inlined = inline_css(page("p { color: red; margin: 0 } .a { color: green } p { color: black }", body))
    assert 'class="a" style="color:green; margin:0"' in inlined
    assert '<p style="color:black; margin:0">y' in inlined
    assert "color:blue" in inlined


@pytest.mark.parametrize(
    ("css", "kept"),
    [
        ("@media (max-width: 600px) { p { color: blue } }", "@media (max-width: 600px)"),
        (
            "@media (prefers-color-scheme: dark) { p { color: white !important } }",
            "@media (prefers-color-scheme: dark)",
        ),
        ("@media (max-width: 600px) { p { color: blue !important } }", "color: blue !important"),
        ("a:hover { color: green }", "a:hover"),
        ("p::before { content: 'x' }", "p::before"),
        ("@font-face { font-family: X; src: url(x.woff) }", "@font-face"),
        ("@supports (display: grid) { p { display: grid } }", "@supports"),
        ("@import url(http://127.0.0.1:1/a.css);", "@import"),
        ("@keyframes spin { from { top: 0 } to { top: 9px } }", "@keyframes"),
    ],
)
def test_inline_with_a_rule_that_cannot_be_inlined_keeps_it(css: str, kept: str) -> None:
    """Media queries, hovering, dark mode, fonts and other at-rules stay in the style block, beside what is inlined."""
    inlined = inline_css(page(f"{css} p {{ margin: 0 }}"))
    assert kept in inlined[inlined.index("<style>") : inlined.index("</style>")]
    assert "margin:0" in inlined


def test_inline_with_a_media_query_keeps_the_classes_it_needs() -> None:
    """What a media query speaks of is still there."""
    inlined = inline_css(page(".a { color: red } @media print { .a { color: blue } }"))
    assert 'class="a"' in inlined


def test_inline_with_conditional_comments_keeps_them() -> None:
    """What only Outlook reads is left as it is, in the head and in the body."""
    comment = "<!--[if mso]><table><tr><td><![endif]-->"
    inlined = inline_css(page("p { color: red }", f"{comment}<p>x</p>").replace("<head>", f"<head>{comment}"))
    assert inlined.count(comment) == 2


@pytest.mark.parametrize(
    "doctype",
    [
        "<!DOCTYPE html>",
        "<!doctype html>",
        '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "http://x.example/x.dtd">',
    ],
)
def test_inline_with_a_doctype_keeps_it(doctype: str) -> None:
    """A page does not fall into quirks mode."""
    assert inline_css(page("p { top: 0 }").replace("<!DOCTYPE html>", doctype)).startswith(doctype)


def test_inline_without_a_doctype_makes_none_up() -> None:
    """A fragment gets no doctype of the last century."""
    assert "doctype" not in inline_css("<style>p { top: 0 }</style><p>x</p>").lower()


def test_inline_with_an_xml_declaration_is_read() -> None:
    """XHTML, as old mail templates have it, is no error."""
    inlined = inline_css('<?xml version="1.0" encoding="iso-8859-1"?>\n' + page("p { top: 0 }", "<p>Zoë</p>"))
    assert '<p style="top:0">Zoë</p>' in inlined
    assert inlined.startswith("<!DOCTYPE html>")


def test_inline_with_text_of_all_scripts_keeps_it() -> None:
    """Letters stay letters, and markup characters stay escaped."""
    inlined = inline_css(page("p { top: 0 }", "<p>Zoë ليلى 中 &lt;b&gt; &amp; 😀</p>"))
    assert "Zoë ليلى 中 &lt;b&gt; &amp; 😀" in inlined


def test_inline_with_links_leaves_them_as_they_are() -> None:
    """Addresses of pages, pictures, parts and places are not touched."""
    links = '<a href="#top">1</a><a href="/rel">2</a><a href="tel:+4912">3</a><img src="cid:a@mailkit" width="60">'
    assert links in inline_css(page("a { color: red }", f"<div>{links}</div>")).replace(' style="color:red"', "")


@pytest.mark.parametrize(
    "css",
    [
        '@import url("{web}/a.css");',
        "@import '{web}/a.css';",
        '@IMPORT "{web}/a.css" screen;',
        '@\\69mport "{web}/a.css";',
        '@media all {{ @import "{web}/a.css"; }}',
        "p {{ background: url({web}/a.png) }}",
        "@font-face {{ font-family: X; src: url({web}/a.woff) }}",
        '@namespace "{web}/a";',
    ],
)
def test_inline_with_addresses_in_a_sheet_fetches_nothing(css: str, web: tuple[str, list[bytes]]) -> None:
    """A sheet cannot make mailkit visit a server."""
    address, asked = web
    link = f'<link rel="stylesheet" href="{address}/link.css">'
    inlined = inline_css(page(css.format(web=address) + " p { margin: 0 }").replace("</head>", f"{link}</head>"))
    assert asked == []
    assert link in inlined
    assert "#010203" not in inlined


def test_inline_with_a_local_sheet_reads_no_file(tmp_path) -> None:
    """A sheet cannot make mailkit read the disk."""
    sheet = tmp_path / "secret.css"
    sheet.write_text("p { color: #010203 }")
    link = f'<link rel="stylesheet" href="{sheet}"><link rel="stylesheet" href="{sheet.as_uri()}">'
    css = f'@import "{sheet.as_uri()}"; @import "{sheet}"; p {{ margin: 0 }}'
    assert "#010203" not in inline_css(page(css).replace("</head>", f"{link}</head>"))


@pytest.mark.parametrize("html", ["", " ", "text", "<!-- x -->", "</a>", "<style></style>", "<style>p {</style><p>x"])
def test_inline_with_hardly_any_html_does_not_fail(html: str) -> None:
    """What is no page is no error either."""
    assert isinstance(inline_css(html), str)


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=60), st.text(max_size=60))
@settings(max_examples=40, deadline=None, derandomize=True)
def test_inline_with_arbitrary_text_does_not_fail(css: str, body: str) -> None:
    """No text makes the inliner fail."""
    assert isinstance(inline_css(f"<style>{css}</style>{body}"), str)


def test_inline_in_many_threads_gives_the_same_everywhere() -> None:
    """The parser below is not safe to share; this function is."""
    pages = [page(f"p {{ margin: {number}px }} @media print {{ p {{ top: 0 }} }}") for number in range(8)]
    wanted = [inline_css(one) for one in pages]
    got: dict[int, str] = {}
    threads = [threading.Thread(target=lambda n=n: got.update({n: inline_css(pages[n])})) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [got[number] for number in range(8)] == wanted
