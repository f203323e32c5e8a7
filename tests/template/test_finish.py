"""From rendered HTML to the two bodies."""

import pytest

from mailkit.template.finish import Finisher

PAGE = "<html><head><title>T</title></head><body class='x'><p>Hello</p></body></html>"


def test_finish_with_a_preheader_puts_it_first_in_the_body_and_hides_it() -> None:
    """The inbox list shows the preheader; the open message and the plain text do not."""
    done = Finisher().finish(PAGE, preheader="Read me")
    start = done.html.index("<body class='x'>") + len("<body class='x'>")
    assert done.html[start:].startswith('<div style="display:none')
    assert "Read me" in done.html
    assert done.text == "Hello\n"


@pytest.mark.parametrize("html", ["<p>Hello</p>", "<BODY bgcolor=white><p>Hello</p></BODY>", PAGE])
def test_finish_with_any_body_tag_keeps_the_preheader_before_the_content(html: str) -> None:
    """Also without a body tag, or with one in capitals, the preheader comes first."""
    done = Finisher().finish(html, preheader="Read me").html
    assert done.index("Read me") < done.index("Hello")


def test_finish_without_a_body_tag_puts_the_preheader_after_the_head() -> None:
    """Nothing may come before the doctype and the head."""
    done = Finisher().finish("<!DOCTYPE html><head><title>T</title></head><p>Hello</p>", preheader="Read me").html
    assert done.startswith("<!DOCTYPE html><head><title>T</title></head><div")


def test_finish_with_markup_in_the_preheader_escapes_it() -> None:
    """A preheader is text."""
    html = Finisher().finish(PAGE, preheader="<b>Tom & Co</b>").html
    assert "&lt;b&gt;Tom &amp; Co&lt;/b&gt;" in html
    assert "<b>" not in html


def test_finish_without_a_preheader_adds_nothing() -> None:
    """No preheader, no hidden element."""
    assert Finisher().finish(PAGE).html == PAGE


def test_finish_with_a_preheader_and_a_sheet_keeps_it_hidden() -> None:
    """The author's rules for div do not bring the preheader to light."""
    html = PAGE.replace("</head>", "<style>div { display: block; color: red }</style></head>")
    done = Finisher().finish(html, preheader="Read me")
    assert "display:none" in done.html
    assert "display:block" not in done.html
    assert done.text == "Hello\n"


def test_finish_with_a_text_of_its_own_keeps_it() -> None:
    """The hand-written plain text goes before the one made from HTML."""
    assert Finisher().finish(PAGE, text="By hand").text == "By hand"


@pytest.mark.parametrize("text", ["", " "])
def test_finish_with_an_empty_text_of_its_own_keeps_it_empty(text: str) -> None:
    """Whoever writes an empty text part means it."""
    assert Finisher().finish(PAGE, text=text).text == text


def test_finish_without_an_inliner_leaves_the_sheet() -> None:
    """Inlining can be switched off."""
    html = PAGE.replace("</head>", "<style>p { color: red }</style></head>")
    assert Finisher(inliner=None).finish(html).html == html


def test_finish_without_a_sheet_does_not_call_the_inliner() -> None:
    """A page without style sheets is not parsed and written anew."""

    def fail(html: str) -> str:
        raise AssertionError(html)

    assert Finisher(inliner=fail).finish(PAGE).html == PAGE
