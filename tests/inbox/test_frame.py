"""The HTML of a mail as it is framed: the words of the policy, and what is put into the document or taken out of it.

That the policy holds is shown in a browser, by test_page_security.py.
"""

import re

import pytest

from mailkit import Attachment
from mailkit.inbox.frame import Scheme, content_policy, framed, remote_count


def test_content_policy_without_images_then_nothing_can_be_loaded_and_nothing_runs() -> None:
    """No script, no form, no frame, no font, no address but data: in it."""
    policy = dict(part.strip().partition(" ")[::2] for part in content_policy().split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["img-src"] == "data:"
    assert policy["form-action"] == "'none'"
    assert "allow-scripts" not in policy["sandbox"]
    assert "allow-same-origin" not in policy["sandbox"]
    assert "script-src" not in policy


def test_content_policy_with_images_then_still_nothing_runs() -> None:
    """Images are what was asked for."""
    policy = content_policy(images=True)
    assert "img-src data: https: http:" in policy
    assert "default-src 'none'" in policy
    assert "script" not in policy


@pytest.mark.parametrize(
    "html",
    [
        '<link rel="dns-prefetch" href="//evil.example">',
        "<LINK rel=preconnect href=https://evil.example>",
        '<link/rel="stylesheet" href=x>',
        '<base href="https://evil.example/">',
        '<meta http-equiv="refresh" content="0;url=https://evil.example">',
        "<meta content='0' http-equiv = refresh>",
        '<META HTTP-EQUIV="Set-Cookie" content="a=b">',
        '<meta http-equiv="x-dns-prefetch-control" content="on">',
        '<meta/http-equiv="refresh" content="0">',
        "<meta content='0;url=//x?>' http-equiv=refresh>",
        "<meta http-equiv='&#114;efresh' content=0>",
        "<meta a'b content='0;url=//x' http-equiv=refresh>",
        f"<meta {'x' * 5_000} http-equiv=refresh>",
    ],
)
def test_framed_when_an_element_leads_elsewhere_without_a_click_then_it_is_taken_out(html: str) -> None:
    """What the policy does not cover."""
    shown = framed(f"<html><head>{html}</head><body>Hi</body></html>").lower()
    assert shown.count("<link") == 0
    assert not re.search(r"(?<!x-)http-equiv", shown)
    assert shown.count("<base") == 1  # ours


def test_framed_when_a_meta_is_harmless_then_it_stays() -> None:
    """The mail is shown as it is."""
    html = '<html><head><meta name="viewport" content="width=device-width"><meta charset="utf-8"></head></html>'
    assert framed(html).count("<meta ") == 2


@pytest.mark.parametrize(
    ("html", "begins"),
    [
        ("<!DOCTYPE html><html lang=de><head><title>x</title>", "<!DOCTYPE html><html lang=de><head><base"),
        ("<!doctype html><p>Hi", "<!doctype html><base"),
        ("<html><body>Hi", "<html><base"),
        ("<p>Hi", "<base"),
        ("<header>Hi</header>", "<base"),
    ],
)
def test_framed_when_there_is_a_doctype_then_what_is_added_stands_behind_it(html: str, begins: str) -> None:
    """In front of it, the whole mail would be laid out in another mode."""
    assert framed(html).startswith(begins)


def test_framed_when_a_picture_is_embedded_then_it_is_in_its_place() -> None:
    """By its content-id, and only pictures: what else is embedded is not for a frame."""
    pictures = [
        Attachment(b"GIF89a", filename="a.gif", type="image/gif", cid="logo@x"),
        Attachment(b"<script>", filename="b.html", type="text/html", cid="page"),
    ]
    shown = framed('<img src="cid:logo@x"><img src=cid:page><img src="cid:none">', pictures)
    assert "data:image/gif;base64,R0lGODlh" in shown
    assert "cid:page" in shown
    assert "cid:none" in shown


STYLE = "<style>p{color:red} @media (prefers-color-scheme: dark) { p { color: blue } }</style>"


def test_framed_when_it_is_dark_then_the_mails_own_dark_rules_hold_whatever_the_browser_prefers() -> None:
    """And in the light they do not."""
    assert "@media (min-width:0)" in framed(STYLE, scheme=Scheme.DARK)
    assert "@media (max-width:0)" in framed(STYLE, scheme=Scheme.LIGHT)


def test_framed_when_darkness_is_forced_then_pictures_keep_their_colours() -> None:
    """Colours are turned round, and pictures twice."""
    shown = framed("<img>", scheme=Scheme.FORCED)
    assert shown.count("invert(1)") == 2
    assert "max-width:0" in framed(STYLE, scheme=Scheme.FORCED)  # such clients ignore the mail's own rules


def test_remote_count_when_html_asks_for_files_then_each_is_counted() -> None:
    """In attributes and in styles; not links, not embedded pictures."""
    html = (
        '<img src="https://a.example/x.png"><img src=//a.example/y.png><td background="http://a.example/z">'
        "<style>@import 'https://a.example/s.css'; p{background:url( \"https://a.example/b.png\" )}</style>"
        '<a href="https://a.example">x</a><img src="cid:logo"><img src="data:image/png;base64,x">'
    )
    assert remote_count(html) == 5
