"""Replies: read from any cut of the stream, written as they were, refused when they are none."""

import pytest

from mailkit.errors import RemoteProtocolError
from mailkit.smtp import Reply, ReplyReader
from tests.kit.feeding import CUTS, Cut, feed_all

REPLIES = [
    (b"250 ok\r\n", Reply(250, ("ok",))),
    (b"250\r\n", Reply(250, ("",))),
    (b"250 \r\n", Reply(250, ("",))),
    (b"354 go on\n", Reply(354, ("go on",))),
    (b"550 5.1.1 No such user\r\n", Reply(550, ("No such user",), "5.1.1")),
    (b"250 2.0.0\r\n", Reply(250, ("",), "2.0.0")),
    (b"550-5.7.1 Blocked,\r\n550 5.7.1 for good\r\n", Reply(550, ("Blocked,", "for good"), "5.7.1")),
    (b"250-a\r\n250-\r\n250 c\r\n", Reply(250, ("a", "", "c"))),
    (b"220 caf\xc3\xa9\r\n", Reply(220, ("café",))),
    (b"220 caf\xe9\r\n", Reply(220, ("caf\\xe9",))),
    (b"550 4.1.1 Codes that contradict each other\r\n", Reply(550, ("4.1.1 Codes that contradict each other",))),
]


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize(("wire", "expected"), REPLIES)
def test_reader_when_a_reply_comes_in_any_pieces_then_it_is_the_same(wire: bytes, expected: Reply, cut: Cut) -> None:
    """How the network cuts a reply changes nothing."""
    reader = ReplyReader()
    assert feed_all(wire, cut, feed=reader.feed, take=reader.next_reply) == [expected]
    assert not reader.has_leftovers


@pytest.mark.parametrize("cut", CUTS)
def test_reader_when_replies_come_together_then_each_is_given_in_order(cut: Cut) -> None:
    """Replies to pipelined commands are told apart."""
    reader = ReplyReader()
    found = feed_all(b"250-a\r\n250 b\r\n550 c\r\n354 d\r\n", cut, feed=reader.feed, take=reader.next_reply)
    assert [(reply.code, reply.text) for reply in found] == [(250, "a b"), (550, "c"), (354, "d")]


@pytest.mark.parametrize("trailing", [b"2", b"250-more to come\r\n"])
def test_reader_when_bytes_follow_a_reply_then_it_says_so(trailing: bytes) -> None:
    """What an attacker puts behind the answer to STARTTLS does not go unseen."""
    reader = ReplyReader()
    reader.feed(b"220 go\r\n" + trailing)
    assert reader.next_reply() == Reply(220, ("go",))
    assert reader.next_reply() is None
    assert reader.has_leftovers


@pytest.mark.parametrize(
    "wire",
    [
        b"\r\n",
        b"hello\r\n",
        b"25 ok\r\n",
        b"2500 ok\r\n",
        b"150 too low\r\n",
        b"650 too high\r\n",
        b"250ok\r\n",
        b"250-a\r\n251 b\r\n",
        b"HTTP/1.1 400 Bad Request\r\n",
        b"\x16\x03\x01\x02\n",
        b"250 " + b"x" * 3_000 + b"\r\n",
        b"x" * 3_000,
        b"250-x\r\n" * 200,
    ],
)
@pytest.mark.parametrize("cut", CUTS)
def test_reader_when_bytes_are_no_reply_then_it_refuses(wire: bytes, cut: Cut) -> None:
    """Garbage, contradiction and endless replies end the session instead of being taken for something."""
    reader = ReplyReader()
    with pytest.raises(RemoteProtocolError):
        feed_all(wire, cut, feed=reader.feed, take=reader.next_reply)


@pytest.mark.parametrize(
    "wire", [b"250 ok\r\n", b"550 5.1.1 No such user\r\n", b"250-a\r\n250 b\r\n", b"450-4.7.1 a\r\n450 4.7.1 b\r\n"]
)
def test_reply_when_written_again_then_its_bytes_are_those_read(wire: bytes) -> None:
    """Reading and writing are each other's inverse."""
    reader = ReplyReader()
    reader.feed(wire)
    assert bytes(reader.next_reply() or b"") == wire


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (250, "is_success"),
        (354, "is_intermediate"),
        (421, "is_temporary"),
        (500, "is_permanent"),
        (599, "is_permanent"),
    ],
)
def test_reply_when_asked_for_its_kind_then_exactly_one_holds(code: int, kind: str) -> None:
    """The first digit decides."""
    kinds = ("is_success", "is_intermediate", "is_temporary", "is_permanent")
    assert [name for name in kinds if getattr(Reply(code, ()), name)] == [kind]


def test_reply_when_printed_then_code_enhanced_code_and_text_are_there() -> None:
    """People see one line."""
    assert str(Reply.of(550, "5.1.1 No", "5.1.1 such user")) == "550 5.1.1 No such user"
