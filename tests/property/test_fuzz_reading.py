"""Hostile readers and hostile mail read over IMAP and POP3: every session ends well, and clients can read what is said."""

from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from imapclient.response_parser import parse_fetch_response

from mailkit.inbox.account import Users
from mailkit.inbox.archive import Archive
from mailkit.inbox.imap import serve_imap
from mailkit.inbox.pop3 import serve_pop3
from mailkit.smtp import Received
from tests.kit.feeding import bytewise, whole
from tests.kit.talk import said
from tests.property.test_fuzz import FUZZ, pieces

pytestmark = pytest.mark.slow  # hundreds of examples each

RAW = b"From: a@b.se\r\nSubject: x\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\none\r\n--x--\r\n"


def archive() -> Iterator[Archive]:
    made = Archive()
    made.add(Received("", (), RAW, "me"))
    made.add(Received("", (), RAW, "me"))
    yield made
    made.close()


IMAP = pieces(
    *(
        "fetch ",
        "store ",
        "search ",
        "uid ",
        "copy ",
        "move ",
        "append ",
        "list ",
        "status ",
        "create ",
        "rename ",
        "delete ",
        "select ",
    ),
    *(
        "1",
        "2",
        "*",
        "1:*",
        "0",
        ",",
        ":",
        "(",
        ")",
        " ",
        '"',
        "\\",
        "{3}\r\nabc",
        "{3+}\r\nabc",
        "{0}",
        "{",
        "}",
        "[",
        "]",
        "<0.5>",
    ),
    *(
        "flags",
        "body[]",
        "body.peek[1.2.mime]",
        "body[header.fields (",
        "bodystructure",
        "envelope",
        "+flags",
        "\\Deleted",
        "\\Seen",
    ),
    *(
        "all",
        "not ",
        "or ",
        "since 1-Jan-2026",
        "subject ",
        "text ",
        "inbox",
        "a/b",
        "&",
        "&AOU-",
        "%",
        "idle",
        "\r\ndone\r\n",
        "\r\n",
        "expunge",
    ),
)
POP3 = pieces(
    *(
        "RETR ",
        "TOP ",
        "LIST ",
        "UIDL",
        "DELE ",
        "STAT",
        "RSET",
        "NOOP",
        "CAPA",
        "AUTH PLAIN",
        "APOP ",
        "USER ",
        "PASS ",
        "QUIT",
    ),
    *("1", "2", "0", "9" * 20, "-", " ", "\r\n", "\n", "\0", "=", "x"),
)


@given(st.lists(IMAP, max_size=6))
@example(["append inbox {3+}\r\nabc", "idle", "done", "select inbox"])
@FUZZ
def test_imap_when_anything_is_said_then_it_is_answered_and_cuts_change_nothing(lines: list[str]) -> None:
    """In whole lines, and not without end."""
    heard = b"".join(b"t " + line.encode("utf-8", "replace") + b"\r\n" for line in lines)
    heard = b"a login x y\r\nb select inbox\r\n" + heard + b"\r\ndone\r\nz logout\r\n"
    replies = []
    for cut in (whole, bytewise):
        for one in archive():
            told = said(serve_imap(one, Users()), heard, cut=cut)
            validity = told.partition(b"UIDVALIDITY ")[2].split(b"]")[0]
            replies.append(told.replace(validity, b"1") if validity else told)
    assert replies[0] == replies[1]
    assert replies[0].endswith(b"\r\n")
    assert len(replies[0]) < 200_000


@given(st.lists(POP3, max_size=6))
@FUZZ
def test_pop3_when_anything_is_said_then_it_is_answered_and_cuts_change_nothing(lines: list[str]) -> None:
    """Nothing is deleted but by QUIT."""
    heard = b"USER x\r\nPASS y\r\n" + "\r\n".join(lines).encode("utf-8", "replace") + b"\r\n"
    replies = []
    for cut in (whole, bytewise):
        for one in archive():
            told = said(serve_pop3(one, Users()), heard, cut=cut)
            stamp, _, rest = told.partition(b"\r\n")
            assert stamp.startswith(b"+OK")
            validity = one.count() and str(_validity(one)).encode()
            replies.append(rest.replace(validity, b"1") if validity else rest)
            if b"QUIT" not in heard.upper():
                assert one.count() == 2
    assert replies[0] == replies[1]


def _validity(one: Archive) -> int:
    with one.reading() as table:
        return table.fact("validity", 0)


CONTENT = pieces(
    *(
        "Content-Type: ",
        "multipart/mixed; ",
        "multipart/digest; ",
        "message/rfc822",
        "text/plain; ",
        "boundary=x",
        'boundary="',
        "charset=é",
    ),
    *(
        "\r\n",
        "\n",
        "\r\n\r\n",
        "\n\n",
        "--x",
        "--x--",
        "--",
        " ",
        "\t",
        ":",
        ";",
        '"',
        "\\",
        "From: a@b.se",
        "To: ",
        "Subject: ",
        "<",
        ">",
        ",",
        "\0",
    ),
    *(
        "=?utf-8?q?=C3=A5?=",
        "Content-Disposition: attachment; filename=",
        "Content-Transfer-Encoding: base64",
        "(",
        ")",
        "{5}",
        "NIL",
    ),
)


@given(CONTENT)
@example("Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n--x\r\n\r\n--x--")
@example("Content-Type: message/rfc822\r\n\r\n" * 50)
@example("\r\n")
@FUZZ
def test_content_when_it_is_anything_then_every_section_of_it_can_be_read(text: str) -> None:
    """By a client's own parser; the header and the text together are the whole."""
    raw = text.encode("utf-8", "replace") or b"x"
    made = Archive()
    made.add(Received("", (), raw, "me"))
    try:
        asked = b"(uid envelope bodystructure body body.peek[] body.peek[header] body.peek[text] body.peek[1] body.peek[2.mime])"
        told = said(
            serve_imap(made, Users()),
            b"a login x y\r\nb select inbox\r\nc fetch 1 " + asked + b"\r\nd search text x body y from z\r\n",
        )
    finally:
        made.close()
    answer = told.partition(b"* 1 FETCH ")[2].rpartition(b"\r\nc OK ")[0]
    found = parse_fetch_response(_split(b"1 " + answer), uid_is_key=False)[1]
    assert found[b"BODY[]"] == raw == found[b"BODY[HEADER]"] + found[b"BODY[TEXT]"]
    assert found[b"ENVELOPE"] is not None
    assert b"\r\nd OK " in told


def _split(answer: bytes) -> list[object]:
    """An answer as imaplib hands it on: each literal with what came before it."""
    pieces: list[object] = []
    while True:
        head, mark, rest = answer.partition(b"}\r\n")
        before, _, count = head.rpartition(b"{")
        if not mark or not count.isdigit() or b"\r\n" in head:
            return [*pieces, answer]
        pieces.append((before + b"{" + count + b"}", rest[: int(count)]))
        answer = rest[int(count) :]
