"""A caught message, as it is looked at: links, codes, and what is wrong with it."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailkit import Message
from mailkit.inbox import Archive
from mailkit.inbox.caught import Caught
from mailkit.inbox.mistake import mistakes
from mailkit.smtp import Received

HEAD = b"From: a@example.com\r\nDate: Thu, 1 Jan 2026 00:00:00 +0000\r\nMessage-ID: <1@example.com>\r\n"


def caught(raw: bytes) -> Caught:
    return Caught(1, datetime(2026, 1, 1, tzinfo=UTC), "a@example.com", ("b@example.com",), raw)


def text(words: str) -> Caught:
    return caught(HEAD + b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + words.encode())


def page(html: str) -> Caught:
    return caught(HEAD + b"Content-Type: text/html; charset=utf-8\r\n\r\n" + html.encode())


@pytest.mark.parametrize(
    ("html", "links"),
    [
        ('<p><a href="https://example.com/x?a=1&amp;b=2">Go</a></p>', ("https://example.com/x?a=1&b=2",)),
        ("<a href=' https://a.example '>A</a><a href='https://a.example'>B</a>", ("https://a.example",)),
        ("<map><area href='http://b.example/map'></map>", ("http://b.example/map",)),
        ("<a href='mailto:x@y.org'>M</a><a href='javascript:x()'>J</a><a href='#top'>T</a><a>N</a>", ()),
        ("", ()),
    ],
)
def test_links_when_there_is_only_html_then_they_are_those_of_its_anchors(html: str, links: tuple[str, ...]) -> None:
    """Whatever the words on them are."""
    assert page(html).links() == links


@pytest.mark.parametrize(
    ("words", "links"),
    [
        ("See https://example.com/a. Or (https://example.com/b)!", ("https://example.com/a", "https://example.com/b")),
        ("<https://example.com/c_(d)>", ("https://example.com/c_(d)",)),
    ],
)
def test_links_when_they_stand_in_text_then_punctuation_is_not_theirs(words: str, links: tuple[str, ...]) -> None:
    """A bracket that was opened in a link belongs to it."""
    assert text(words).links() == links


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("Your code is 417220.", "417220"),
        ("Your code: 417 220", "417220"),
        ("G-417220 is your verification code", "417220"),
        ("Use AB12-CD34 as your one-time password", "AB12-CD34"),
        ("Ihr Einmalpasswort: 4172", "4172"),
        ("© 2026 Example. Your code is 88231.", "88231"),
        ("Order 417220 has been shipped", ""),
        ("Your code costs $417220", ""),
        ("", ""),
    ],
)
def test_code_when_looked_for_then_it_is_the_one_next_to_a_word_for_it(words: str, code: str) -> None:
    """Years, prices and order numbers are none."""
    assert text(words).code() == code


def test_code_when_there_is_only_html_then_it_is_found_there() -> None:
    """As a reader sees it."""
    assert page("<p>Your code</p><p style='letter-spacing:2px'><b>417220</b></p>").code() == "417220"


@pytest.mark.parametrize(("size", "is_long"), [(998, False), (999, True)])
def test_mistakes_when_a_line_is_long_then_998_octets_are_the_most(size: int, is_long: bool) -> None:
    """RFC 5322 2.1.1 counts without CR LF."""
    raw = HEAD + b"\r\n" + b"x" * size + b"\r\n"
    assert mistakes(raw, Message.parse(raw)) == (
        ("line 5 has more than 998 octets: servers cut it or refuse it (RFC 5322 2.1.1)",) if is_long else ()
    )


def test_mistakes_when_a_field_is_there_twice_then_it_says_which() -> None:
    """RFC 5322 3.6, for all fields that mailkit knows to stand once; others may be repeated."""
    raw = HEAD + b"Subject: a\r\nsubject: b\r\nReceived: x\r\nReceived: y\r\n\r\nHi\r\n"
    assert mistakes(raw, Message.parse(raw)) == ("the field Subject is there 2 times (RFC 5322 3.6)",)


HOSTILE = (
    "<" * 200_000,
    "<style" * 33_000,
    "<!--" * 50_000,
    "<div>" * 40_000,
    "code 1234 " * 20_000,
    "https://" + ")" * 90_000,
)


@pytest.mark.parametrize("html", HOSTILE, ids=lambda html: html[:8])
def test_archive_when_a_message_is_made_to_be_slow_then_it_is_filed_and_read_like_any_other(html: str) -> None:
    """Nothing that looks at a message takes more than linear time; quadratic time would be hours here."""
    archive = Archive()
    for found in (page(html), text(html)):
        archive.add(Received("a@example.com", ("b@example.com",), found.raw, "me"))
        found.links()
        found.code()
    assert archive.count("from:a@example.com") == 2
    archive.close()


@given(st.binary(max_size=300))
def test_archive_when_anything_comes_then_it_is_filed(raw: bytes) -> None:
    """One message never keeps the others from being found."""
    archive = Archive()
    for content in (raw, HEAD + b"Content-Type: text/html; charset=utf-7\r\nSubject: =?utf-7?q?" + raw):
        archive.add(Received("a@example.com", ("b@example.com",), content, "me"))
    assert archive.count("to:b@example.com") == 2
    archive.close()
