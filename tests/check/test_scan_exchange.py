"""One request and its answer: limits, the deadline, and what is at the other end instead of a spam filter."""

from collections.abc import Iterator

import pytest

from mailkit import clock
from mailkit.check.scan.answer import LARGEST, Answer, AnswerReader
from mailkit.check.scan.deadline import Deadline
from mailkit.check.scan.exchange import exchange
from mailkit.errors import ConnectError, MailkitError, RemoteProtocolError, TransportTimeout
from mailkit.sansio import Read, Write
from mailkit.testing.clock import FrozenClock
from mailkit.testing.peer import Closes, Fails, Hears, Says, ScriptedPeer, Step
from tests.kit.feeding import CUTS, Cut

SAID = b"HTTP/1.1 200 OK\r\nServer: a: b\r\ncontent-LENGTH: 3\r\n\r\n{}\n"


def asked(*steps: Step, bytewise: bool = False) -> Answer:
    """The answer to "ask", from a peer that says this."""
    peer = ScriptedPeer([Hears(b"ask"), *steps], bytewise=bytewise)
    return peer.run(exchange(b"ask", mark=b"HTTP/", deadline=Deadline(5)))


def read(data: bytes, cut: Cut) -> tuple[str, dict[str, str], bytes, bool] | type[MailkitError] | None:
    """What a reader makes of ``data`` and the end of the stream, however it comes in."""
    reader = AnswerReader(b"HTTP/")
    try:
        for piece in cut(data):
            reader.feed(piece)
            if found := reader.take():
                break
        else:
            found = reader.end()
    except MailkitError as error:
        return type(error)
    return (found.status, found.fields, found.body, found.is_whole) if found else None


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (SAID, ("HTTP/1.1 200 OK", {"server": "a: b", "content-length": "3"}, b"{}\n", True)),
        (SAID.replace(b"\r", b""), ("HTTP/1.1 200 OK", {"server": "a: b", "content-length": "3"}, b"{}\n", True)),
        (SAID[:-1], ("HTTP/1.1 200 OK", {"server": "a: b", "content-length": "3"}, b"{}", False)),
        (b"HTTP/1.0 200 OK\r\n\r\nto the end", ("HTTP/1.0 200 OK", {}, b"to the end", True)),
        (b"HTTP/1.0 200 OK\r\nA: b\r\n", ("HTTP/1.0 200 OK", {"a": "b"}, b"", False)),
        (b"HTTP/1.0 200 O", None),
        (b"HT", None),
        (b"", None),
        (b"220 mail.example ESMTP\r\n", RemoteProtocolError),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", RemoteProtocolError),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1e3\r\n\r\n", RemoteProtocolError),
        (b"HTTP/1.1 200 OK\r\nContent-Length: \r\n\r\n", RemoteProtocolError),
        (b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (LARGEST + 1), RemoteProtocolError),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", RemoteProtocolError),
        (b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", RemoteProtocolError),
    ],
)
def test_an_answer_when_it_is_cut_anywhere_is_read_the_same(data: bytes, expected: object, cut: Cut) -> None:
    """Whole, byte by byte, or in awkward pieces."""
    assert read(data, cut) == expected


@pytest.mark.parametrize(
    "endless",
    [
        b"HTTP/1.1 " + b"x" * 9_000,
        b"HTTP/1.1 200 OK\r\nA: " + b"x" * 9_000,
        b"HTTP/1.1 200 OK\r\n" + b"".join(b"F%d: x\r\n" % number for number in range(102)),
        b"HTTP/1.1 200 OK\r\n" + b"A: x\r\n" * 102,
        b"\0" * 9_000,
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (LARGEST + 1),
    ],
    ids=["first-line", "field", "fields", "the-same-field", "garbage", "body"],
)
def test_an_answer_when_it_does_not_end_is_an_error(endless: bytes) -> None:
    """Nobody fills our memory."""
    with pytest.raises(RemoteProtocolError):
        asked(Says(endless))


@pytest.mark.parametrize("bytewise", [False, True])
def test_another_service_when_it_greets_is_quoted(bytewise: bool) -> None:
    """Whoever gave the port of the mail server sees what is there."""
    with pytest.raises(RemoteProtocolError, match=r"it answers '220 mail\.example ESMTP'"):
        asked(Says(b"220 mail.example ESMTP\r\n"), bytewise=bytewise)


def test_a_greeting_when_it_has_escape_sequences_is_quoted_without_them() -> None:
    """Nor is it quoted in all its length."""
    with pytest.raises(RemoteProtocolError) as caught:
        asked(Says(b"\x1b[2J" + b"x" * 5000 + b"\r\n"))
    assert "\x1b" not in str(caught.value)
    assert len(str(caught.value)) < 300


def test_a_peer_when_it_hangs_up_at_once_is_an_error() -> None:
    """spamd does that to those who may not ask it."""
    with pytest.raises(ConnectError, match="without an answer"):
        asked(Closes())


def test_a_connection_when_it_breaks_is_the_error_that_it_was() -> None:
    """The operating system's reason is not lost."""
    with pytest.raises(ConnectError, match="reset"):
        asked(Fails(ConnectError("reset")))


def test_a_connection_when_it_breaks_in_the_middle_is_not_a_whole_answer() -> None:
    """Not even where the end of the stream would be the end of the answer."""
    found = asked(Says(b"HTTP/1.0 200 OK\r\n\r\nhalf"), Fails(ConnectError("reset")))
    assert not found.is_whole


def test_a_peer_when_it_answers_before_it_has_heard_all_is_listened_to() -> None:
    """What it said explains why it hung up; the broken pipe does not."""
    peer = ScriptedPeer([Fails(ConnectError("broken pipe")), Says(b"HTTP/1.1 413 Too Large\r\n"), Closes()])
    assert peer.run(exchange(b"ask", mark=b"HTTP/", deadline=Deadline(5))).status == "HTTP/1.1 413 Too Large"


def test_a_peer_when_it_hangs_up_while_it_is_written_to_is_that_error() -> None:
    """With nothing said, the broken pipe is all that is known."""
    peer = ScriptedPeer([Fails(ConnectError("broken pipe")), Closes()])
    with pytest.raises(ConnectError, match="broken pipe"):
        peer.run(exchange(b"ask", mark=b"HTTP/", deadline=Deadline(5)))


def test_a_deadline_when_bytes_trickle_in_is_one_for_all_of_them() -> None:
    """Each byte is in time, and all of them together are not."""
    time = FrozenClock()
    with clock.using(time):
        effects = exchange(b"ask", mark=b"HTTP/", deadline=Deadline(30))
        assert next(effects) == Write(b"ask", within=30)
        effect, waits = effects.send(None), []
        for byte in trickle():
            assert isinstance(effect, Read)
            waits.append(effect.within)
            time.advance(7)
            if len(waits) == 5:
                break
            effect = effects.send(byte)
        with pytest.raises(TransportTimeout, match="within 30 seconds"):
            effects.send(byte)
    assert waits == [30, 23, 16, 9, 2]


def test_a_deadline_when_the_peer_does_not_read_holds_for_writing_too() -> None:
    """A large message goes out in pieces, each with what is left of the time."""
    time = FrozenClock()
    with clock.using(time):
        effects = exchange(b"x" * 50_000, mark=b"HTTP/", deadline=Deadline(30))
        effect, waits, sent = next(effects), [], 0
        while isinstance(effect, Write):
            waits.append(effect.within)
            sent += len(effect.data)
            time.advance(5)
            effect = effects.send(None)
    assert sent == 50_000
    assert waits == [30, 25, 20, 15]
    assert effect == Read(within=10)


def trickle() -> Iterator[bytes]:
    return (SAID[place : place + 1] for place in range(len(SAID)))
