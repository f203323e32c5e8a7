"""Style sheets that a template links to."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailkit import Templates
from mailkit.errors import MessageError, TemplateBroken
from mailkit.template.sheet import embed_sheets
from tests.kit.bothways import both, both_refuse

LINK = '<link rel="stylesheet" href="{0}">'


def embedded(html: str, sheets: dict[str, str | bytes] | None = None) -> str:
    """The page with its sheets in it, before CSS is inlined."""
    page = both({**(sheets or {}), "a.html": html}, "a.html", inliner="none").html
    assert page is not None
    return page


def css(sheets: dict[str, str | bytes], path: str = "a.css") -> str:
    """What a link to a sheet becomes, without the element around it."""
    html = embedded(LINK.format(path), sheets)
    return html.removeprefix("<style>\n").removesuffix("\n</style>")


# -- links -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("inliner", ["premailer", "css-inline"])
def test_sheet_of_the_folder_is_inlined(inliner: str) -> None:
    """Rules in a file of their own work as those in the page; media queries stay."""
    files = {
        "a.html": f"<html><head>{LINK.format('styles/mail.css')}</head><body><p>{{{{ n }}}}</p></body></html>",
        "styles/mail.css": "p { color: red } @media print { p { color: black } }",
    }
    page = both(files, "a.html", {"n": "<Zoë>"}, inliner=inliner)
    assert "red" in page.html.split("<p")[1]
    assert "@media print" in page.html
    assert "<link" not in page.html
    assert page.text == "<Zoë>\n"


@pytest.mark.parametrize(
    "link",
    [
        '<link rel="stylesheet" href="a.css">',
        '<link href="a.css" rel="stylesheet" type="text/css" />',
        "<link rel='stylesheet' href='a.css'/>",
        "<link rel=stylesheet href=a.css>",
        '<link REL="StyleSheet" HREF="a.css">',
        '<link rel="preload stylesheet" href=" a.css ">',
        '<link\n  rel="stylesheet"\n  href="a.css"\n>',
        '<link rel="stylesheet" href="./a.css">',
        '<link rel="stylesheet" href="b/../a.css">',
        '<link rel="stylesheet" href="&#97;.css">',
        '<link title="a > b" rel="stylesheet" href="a.css">',
        '<link title="href=nope.css" rel="stylesheet" data-href="nope.css" href="a.css">',
        '<link rel="stylesheet" href="a.css" media="all">',
        '<link rel="stylesheet" href="a.css" media="">',
    ],
)
def test_link_in_any_spelling_becomes_a_style_block(link: str) -> None:
    """As browsers read it."""
    assert embedded(link, {"a.css": "p { top: 0 }\n\n"}) == "<style>\np { top: 0 }\n</style>"


@pytest.mark.parametrize(
    "link",
    [
        '<link rel="icon" href="a.css">',
        '<link rel="alternate" href="a.css">',
        '<link href="a.css">',
        '<link rel="stylesheet">',
        '<link rel="stylesheet" href="">',
        '<link rel="stylesheet" href="  ">',
        '<link rel="stylesheets" href="a.css">',
        "<linker rel='stylesheet' href='a.css'>",
        "<!-- <link rel='stylesheet' href='nope.css'> -->",
        "<!--[if mso]><link rel='stylesheet' href='nope.css'><![endif]-->",
        "&lt;link rel='stylesheet' href='nope.css'&gt;",
    ],
)
def test_link_to_something_else_stays(link: str) -> None:
    """What is no style sheet, or is only for Outlook, is left alone."""
    assert embedded(link, {"a.css": "p { top: 0 }"}) == link


def test_links_between_comments_become_style_blocks() -> None:
    """A comment ends where it ends."""
    html = f"<!-- a -->{LINK.format('a.css')}<!-- {LINK.format('a.css')} -->{LINK.format('a.css')}"
    assert embedded(html, {"a.css": "x"}).count("<style>") == 2


@pytest.mark.parametrize("media", ["print", "screen and (max-width: 600px)", "only screen"])
def test_link_with_a_medium_keeps_it(media: str) -> None:
    """Rules for the printer do not become rules for the screen."""
    html = embedded(f'<link rel="stylesheet" href="a.css" media="{media}">', {"a.css": "p { top: 0 }"})
    assert html == f'<style media="{media}">\np {{ top: 0 }}\n</style>'
    files = {"a.html": f'<link rel="stylesheet" href="a.css" media="{media}"><p>x</p>', "a.css": "p { top: 0 }"}
    assert "<p>" in both(files, "a.html").html


def test_link_with_quotation_marks_in_its_medium_stays_one_element() -> None:
    """Nothing in an attribute ends it."""
    html = embedded("<link rel=stylesheet href=a.css media='\" onload=\"x'>", {"a.css": "x"})
    assert html.startswith('<style media="&quot; onload=&quot;x">')


def test_link_in_a_layout_or_a_part_is_found() -> None:
    """A path is that of the template folder, wherever the link stands."""
    files = {
        "layouts/base.html": f"{LINK.format('styles/a.css')}<p>{{% block x %}}{{% endblock %}}</p>",
        "mails/a.html": "{% extends 'layouts/base.html' %}{% block x %}{% include 'parts/b.html' %}{% endblock %}",
        "parts/b.html": LINK.format("styles/b.css"),
        "styles/a.css": "p { top: 0 }",
        "styles/b.css": "p { left: 0 }",
    }
    html = both(files, "mails/a.html").html
    assert 'style="top:0; left:0"' in html


@pytest.mark.parametrize("name", ["a.md", "a.mjml"])
def test_link_in_markdown_and_mjml_is_found(name: str) -> None:
    """Every kind of page may have sheets."""
    link = LINK.format("a.css").replace(">", " />")
    body = (
        f"<mjml><mj-head><mj-raw>{link}</mj-raw></mj-head><mj-body></mj-body></mjml>"
        if "mj" in name
        else f"{link}\n\nx"
    )
    assert ".special" in both({name: body, "a.css": ".special { top: 0 }"}, name, inliner="none").html


def test_link_in_a_loop_is_a_block_each_time() -> None:
    """What is kept of loops has its sheets too."""
    files = {"a.html": "{% for s in all %}" + LINK.format("a.css") + "{{ s }}{% endfor %}", "a.css": "p { top: 0 }"}
    assert both(files, "a.html", {"all": ["a", "b"]}, inliner="none").html.count("<style>") == 2


def test_sheet_from_the_first_place_that_has_it_is_taken(tmp_path: Path) -> None:
    """As templates are."""
    (tmp_path / "a.css").write_text("mine")
    files = {"a.html": LINK.format("a.css") + LINK.format("b.css"), "a.css": "theirs", "b.css": "only theirs"}
    html = both([tmp_path, files], "a.html", inliner="none").html
    assert html == "<style>\nmine\n</style><style>\nonly theirs\n</style>"


def test_sheet_that_changes_is_read_again(tmp_path: Path) -> None:
    """The next page has the new rules, though the template has not changed."""
    (tmp_path / "a.html").write_text(f"{LINK.format('a.css')}<p>{{{{ n }}}}</p>")
    (tmp_path / "a.css").write_text("p { top: 0 }")
    templates = Templates(tmp_path)
    assert 'style="top:0"' in templates.render("a.html", {"n": 1}).html
    (tmp_path / "a.css").write_text("p { left: 0 }")
    assert 'style="left:0"' in templates.render("a.html", {"n": 2}).html


def test_pages_with_a_sheet_share_a_skeleton() -> None:
    """Each recipient has values; none has a sheet of their own."""
    templates = Templates({"a.html": f"{LINK.format('a.css')}<p>{{{{ n }}}}</p>", "a.css": "p { top: 0 }"})
    for n in range(5):
        assert f'<p style="top:0">{n}</p>' in templates.render("a.html", {"n": n}).html
    assert (templates.statistics.skeletons, templates.statistics.hits) == (1, 4)


def test_link_with_a_value_in_its_path_takes_that_sheet() -> None:
    """A theme may come from the data."""
    files = {"a.html": f"{LINK.format('{{ theme }}.css')}<p>x</p>", "red.css": "p { color: red }"}
    assert 'style="color:red"' in both(files, "a.html", {"theme": "red"}).html


# -- never outside ---------------------------------------------------------------------------------------------------

OUTSIDE = [
    "../secret.css",
    "x/../../secret.css",
    "./../secret.css",
    "..\\secret.css",
    "{folder}/secret.css",
    "/{folder}/secret.css",
    "link.css",
    "linked/secret.css",
    "&#46;&#46;/secret.css",
    "%2e%2e/secret.css",
    "secret.css\0",
    ".",
    "..",
    "styles",
]


@pytest.mark.parametrize("path", OUTSIDE)
@pytest.mark.parametrize("way", ["link", "import", "url", "inner"])
def test_sheet_outside_of_the_folder_is_never_read(way: str, path: str, tmp_path: Path) -> None:
    """Not by dots, an absolute path, a link or a trick of writing; neither by a page nor by a sheet."""
    root = tmp_path / "mails"
    (root / "styles").mkdir(parents=True)
    (tmp_path / "secret.css").write_text("p { color: #010203 }")
    (root / "link.css").symlink_to(tmp_path / "secret.css")
    (root / "linked").symlink_to(tmp_path)
    path = path.format(folder=tmp_path)
    (root / "own.css").write_text(
        {"url": f"@import url({path});", "inner": f'@import "styles/b.css"; /* {path} */'}.get(
            way, f'@import "{path}";'
        )
    )
    (root / "styles" / "b.css").write_text(f'@import "../{path}";')
    (root / "a.html").write_text(LINK.format(path if way == "link" else "own.css") + "<p>x</p>")
    for skeletons in (True, False):
        try:
            page = Templates(root, skeletons=skeletons).render("a.html")
        except TemplateBroken as error:
            problem = str(error)
        else:
            problem = page.html or ""
        assert "#010203" not in problem


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "../../../../../../../etc/passwd", "////etc/passwd", "\\etc\\passwd", "C:/secret.css"]
)
def test_sheet_that_is_nowhere_in_the_folder_says_so(path: str, tmp_path: Path) -> None:
    """With the path that was asked for, and nothing of the file."""
    (tmp_path / "a.html").write_text(LINK.format("own.css"))
    (tmp_path / "own.css").write_text(f'@import "{path}";')
    if path.startswith(("//", "C:")):
        assert "root:" not in both(tmp_path, "a.html", inliner="none").html
        return
    error = both_refuse(tmp_path, "a.html")
    assert (type(error), error.name) == (TemplateBroken, "a.html")
    assert "there is no style sheet" in str(error)
    assert "root:" not in str(error)


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
        yield f"127.0.0.1:{server.getsockname()[1]}", asked
        server.shutdown(socket.SHUT_RDWR)
    thread.join()


@pytest.mark.parametrize("scheme", ["http://", "HTTP://", "https://", "//", "ftp://", "&#104;ttp://"])
@pytest.mark.parametrize("inliner", ["premailer", "css-inline"])
def test_sheet_with_an_address_stays_and_is_not_fetched(
    scheme: str, inliner: str, web: tuple[str, list[bytes]]
) -> None:
    """A page cannot make mailkit visit a server. (css-inline takes such links out, which is a matter of its own.)"""
    host, asked = web
    link = LINK.format(f"{scheme}{host}/a.css")
    assert embedded(link) == link
    files = {
        "a.html": f"{link}{LINK.format('own.css')}<p>x</p>",
        "own.css": f'@import "{scheme}{host}/b.css"; @import url({scheme}{host}/c.css) print; p {{ top: 0 }}',
    }
    if "&" not in scheme:
        page = both(files, "a.html", inliner=inliner)
        assert "#010203" not in page.html
        assert ("/a.css" in page.html) == (inliner == "premailer")
    assert asked == []


@pytest.mark.parametrize("scheme", ["file:", "file://", "FILE:", "data:text/css,", "javascript:", "cid:"])
def test_sheet_with_another_scheme_stays_and_is_not_read(scheme: str, tmp_path: Path) -> None:
    """A file: address is no path of the folder."""
    (tmp_path / "secret.css").write_text("p { color: #010203 }")
    root = tmp_path / "mails"
    root.mkdir()
    link = LINK.format(f"{scheme}{tmp_path}/secret.css")
    (root / "a.html").write_text(link)
    assert both(root, "a.html", inliner="none").html == link


# -- imports ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "rule",
    [
        '@import "b.css";',
        "@import 'b.css';",
        "@import url(b.css);",
        "@import url( 'b.css' );",
        '@IMPORT URL("b.css");',
        '@import"b.css";',
        '@import\n\t"b.css"\n;',
        '@import "./b.css";',
        '@import "b.css" ;',
        '@import "b.css"',
    ],
)
def test_import_in_any_spelling_is_put_in_its_place(rule: str) -> None:
    """As browsers read it."""
    assert css(
        {"a.css": f"{rule}\ni {{ top: 0 }}" if rule.endswith(";") else rule, "b.css": "b { top: 0 }"}
    ).startswith("b { top: 0 }")


def test_import_with_a_medium_becomes_a_block() -> None:
    """Rules for the printer do not become rules for the screen."""
    sheets = {"a.css": '@import "b.css" print and (color), screen; i { top: 0 }', "b.css": "b { top: 0 }"}
    assert css(sheets) == "@media print and (color), screen {\nb { top: 0 }\n} i { top: 0 }"


def test_import_is_relative_to_its_sheet() -> None:
    """A sheet in a folder finds its neighbours, and those of the folder above."""
    sheets = {
        "styles/a.css": '@import "b.css"; @import "deep/c.css"; @import "../d.css";',
        "styles/b.css": "b",
        "styles/deep/c.css": '@import "../b.css"; c',
        "d.css": "d",
    }
    assert css(sheets, "styles/a.css").split() == ["b", "b", "c", "d"]


def test_import_of_a_name_with_blanks_is_found() -> None:
    """Quotes hold them together."""
    assert css({"a.css": '@import url("my colours.css");', "my colours.css": "b { top: 0 }"}) == "b { top: 0 }"


@pytest.mark.parametrize(
    "text",
    [
        '/* @import "nope.css"; */ p { top: 0 }',
        "/* a */ /* @import url(nope.css);\n*/ p { top: 0 }",
        '/* @import "nope.css";',
        "p::before { content: '@import \"nope.css\";' }",
        'p::before { content: "\\"@import \'nope.css\';" }',
        '@import "https://a.example/x.css";',
        "@import url(//a.example/x.css) print;",
        '@import url("data:text/css,p{}");',
        "p { background: url(it's.png) } i { top: 0 }",
        '@import "";',
        "@important { }",
    ],
)
def test_import_that_is_none_stays(text: str) -> None:
    """In a comment or a string, or of an address, it is text."""
    assert css({"a.css": text}) == text


def test_import_behind_a_comment_is_one() -> None:
    """A comment ends where it ends."""
    sheets = {"a.css": '/* it\'s "x */ @import "b.css"; /* @import "nope.css"; */', "b.css": "b"}
    assert css(sheets) == '/* it\'s "x */ b /* @import "nope.css"; */'


@pytest.mark.parametrize(
    "sheets",
    [
        {"a.css": '@import "a.css";'},
        {"a.css": '@import "./a.css";'},
        {"a.css": '@import "x/../a.css";'},
        {"a.css": '@import "b.css";', "b.css": '@import "a.css";'},
        {"a.css": '@import "b.css";', "b.css": '@import "c.css";', "c.css": '@import "b.css" print;'},
        {f"{chr(n)}.css": f'@import "{chr(n + 1)}.css";' for n in range(97, 123)},
    ],
)
def test_import_in_a_circle_is_an_error(sheets: dict[str, str | bytes]) -> None:
    """It ends, and the way round is told."""
    error = both_refuse({**sheets, "a.html": LINK.format("a.css")}, "a.html")
    assert (type(error), error.name) == (TemplateBroken, "a.html")
    assert "imports itself, or too deep" in str(error)
    assert error.hint.startswith("a.css > ")


def test_import_of_one_sheet_twice_is_no_circle() -> None:
    """Two sheets may build on a third."""
    sheets = {
        "a.css": '@import "b.css"; @import "c.css";',
        "b.css": '@import "d.css";',
        "c.css": '@import "d.css";',
        "d.css": "d",
    }
    assert css(sheets).split() == ["d", "d"]


def test_imports_that_are_many_read_each_sheet_no_more_than_eight_deep() -> None:
    """A chain of eight is fine."""
    sheets: dict[str, str | bytes] = {f"{n}.css": f'@import "{n + 1}.css"; s{n}' for n in range(7)}
    assert css({**sheets, "7.css": "end"}, "0.css").split() == ["end", *(f"s{n}" for n in reversed(range(7)))]


# -- contents --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["link", "import"])
@pytest.mark.parametrize(
    "text",
    [
        "</style>",
        "p { } </STYLE><script>alert(1)</script>",
        "/* </style */",
        'a::after { content: "</style>" }',
        "</style\n>",
    ],
)
def test_sheet_that_would_end_its_element_is_refused(text: str, way: str) -> None:
    """A style sheet is no way to put markup into the page."""
    sheets = {"a.css": text} if way == "link" else {"a.css": '@import "b.css";', "b.css": text}
    error = both_refuse({**sheets, "a.html": LINK.format("a.css")}, "a.html")
    assert (type(error), error.name) == (TemplateBroken, "a.html")
    assert "</style" in str(error)
    assert "script" not in str(error)


@pytest.mark.parametrize("data", [b"p { content: '\xff' }", "p { }".encode("utf-16"), b"\x80", "ü".encode("latin-1")])
def test_sheet_that_is_not_utf8_is_refused(data: bytes) -> None:
    """It is named, and no letter is guessed."""
    error = both_refuse({"a.html": LINK.format("styles/a.css"), "styles/a.css": data}, "a.html")
    assert (type(error), error.name) == (TemplateBroken, "a.html")
    assert "'styles/a.css' is not UTF-8" in str(error)


def test_sheet_with_a_byte_order_mark_is_read_without_it() -> None:
    """An editor's mark does not hide the first rule."""
    assert css({"a.css": b"\xef\xbb\xbfp { top: 0 }"}) == "p { top: 0 }"


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "{{ 7 * 7 }}{% if %}",
        "p > b { top: 0 }",
        'p::after { content: "\\201C ü 😀" }',
        "<!-- p { } -->",
        "\\1 \\g<0>",
    ],
)
def test_sheet_with_any_text_comes_out_as_it_is(text: str) -> None:
    """It is CSS: no template, no HTML, no pattern."""
    assert embedded(LINK.format("a.css"), {"a.css": text}) == f"<style>\n{text.rstrip()}\n</style>"


def test_sheet_that_is_missing_says_which() -> None:
    """A misspelt path would make a page without its looks."""
    error = both_refuse({"a.html": LINK.format("styles/nope.css")}, "a.html")
    assert (type(error), error.name) == (TemplateBroken, "a.html")
    assert "'styles/nope.css'" in str(error)
    assert "relative to the template folder" in error.hint


@given(st.text(st.sampled_from("/*\"'@import url(b.css);{}\\\n x"), max_size=40), st.text(max_size=20))
def test_embed_with_any_sheet_is_a_page_or_refused(text: str, path: str) -> None:
    """And what is read is what the sheet or the page has named."""
    read = {"a.css": text.encode(), "b.css": b"b"}.get
    try:
        html = embed_sheets(LINK.format("a.css") + f"<link rel=stylesheet href='{path}'>", read)
    except MessageError:
        return
    assert html.startswith("<style>\n")
