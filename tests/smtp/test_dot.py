"""The end of data: nothing inside a message looks like it, and nothing but CRLF "." CRLF is taken for it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailkit.sansio import Buffer
from mailkit.smtp import dot
from tests.kit.feeding import CUTS, Cut, feed_all, whole

# Every way to write something that one server or another has taken for the end of data.
ENDS = [
    before + b"." + after
    for before in (b"\r\n", b"\n", b"\r", b"\n\r", b"")
    for after in (b"\r\n", b"\n", b"\r", b"\n\r")
]


@pytest.mark.parametrize(
    ("content", "wire"),
    [
        (b"", b""),
        (b"a", b"a\r\n"),
        (b"a\r\n", b"a\r\n"),
        (b"a\r\n\r\n", b"a\r\n\r\n"),
        (b".", b"..\r\n"),
        (b".\r\n", b"..\r\n"),
        (b"a\r\n.b\r\n", b"a\r\n..b\r\n"),
        (b"..\r\n...\r\n", b"...\r\n....\r\n"),
        (b"a\nb\rc", b"a\r\nb\r\nc\r\n"),
        (b"a\n.\nb", b"a\r\n..\r\nb\r\n"),
        (b"a\n\rb", b"a\r\n\r\nb\r\n"),
        (b"\r\n\n\r", b"\r\n\r\n\r\n"),
    ],
)
def test_stuff_when_given_content_then_lines_end_with_crlf_and_dots_are_doubled(content: bytes, wire: bytes) -> None:
    """RFC 5321 4.5.2, with one CRLF at the end and never two."""
    assert dot.stuff(content) == wire


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("after", [b"", b"MAIL FROM:<evil@example.com>\r\n", b".\r\n"])
def test_stuff_when_content_imitates_the_end_then_it_does_not_leave(end: bytes, after: bytes) -> None:
    """No message can smuggle another one past a server, however the server reads line ends."""
    sent = dot.stuff(b"hello" + end + after)
    assert sent.replace(b"\r\n", b"").count(b"\r") == sent.replace(b"\r\n", b"").count(b"\n") == 0
    assert b".\r\n" not in [line + b"\r\n" for line in sent.split(b"\r\n")]


@given(st.lists(st.sampled_from([b".", b"\r", b"\n", b"\r\n", b"a", b"..", b"\0", b"\xff"])).map(b"".join))
def test_stuff_when_given_anything_then_only_the_terminator_ends_it(content: bytes) -> None:
    """What a strict reader gives back is the content with its line ends made CRLF."""
    assert _read(dot.stuff(content) + dot.END) == [_normalised(content)]


AWKWARD = st.lists(st.sampled_from([b".", b"\r", b"\n", b"\r\n", b"a", b"..", b"\0", b"\xff", b""]))


@given(AWKWARD)
def test_stuffer_when_content_is_cut_anywhere_then_it_gives_what_the_whole_gives(blocks: list[bytes]) -> None:
    """A file that is read in blocks goes out as if it had been read at once."""
    stuffer = dot.Stuffer()
    sent = [stuffer.feed(block) for block in blocks]
    assert b"".join(sent) + stuffer.end() == dot.stuff(b"".join(blocks))


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("end", ENDS)
def test_stuffer_when_a_cut_goes_through_an_imitated_end_then_it_does_not_leave(end: bytes, cut: Cut) -> None:
    """No block knows what the next begins with, and none has to."""
    content = b"hello" + end + b"MAIL FROM:<evil@example.com>\r\n"
    stuffer = dot.Stuffer()
    sent = [stuffer.feed(block) for block in cut(content)]
    assert b"".join(sent) + stuffer.end() == dot.stuff(content)


def test_stuffer_when_a_block_ends_with_cr_then_it_is_held_until_the_next_is_known() -> None:
    """It may be half of a line end, or a bare one."""
    stuffer = dot.Stuffer()
    assert [stuffer.feed(b"a\r"), stuffer.feed(b"\n."), stuffer.feed(b"\r")] == [b"a", b"\r\n..", b""]
    assert stuffer.end() == b"\r\n"


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("end", [end for end in ENDS if end != b"\r\n.\r\n"])
def test_reader_when_something_like_the_end_comes_then_it_reads_on(end: bytes, cut: Cut) -> None:
    """Nothing but CRLF "." CRLF ends a message."""
    wire = b"first" + end + b"second\r\n.\r\n"
    messages = _read(wire, cut)
    assert len(messages) == 1
    assert messages[0].startswith(b"first")
    assert messages[0].endswith(b"second\r\n")


@pytest.mark.parametrize("cut", CUTS)
def test_reader_when_commands_follow_the_end_then_they_stay_in_the_buffer(cut: Cut) -> None:
    """A pipelined next command is not lost."""
    buffer = Buffer()
    reader = dot.DataReader(buffer, limit=100)
    for piece in cut(b"..a\r\n.\r\n"):
        buffer.feed(piece)
        message = reader.message()
    assert message == b".a\r\n"
    buffer.feed(b"QUIT\r\n")
    assert buffer.take_until(b"\n", limit=100) == b"QUIT\r\n"


@pytest.mark.parametrize("cut", CUTS)
def test_reader_when_the_message_is_empty_then_the_first_line_may_end_it(cut: Cut) -> None:
    """The CRLF of the DATA command counts as the one before the dot."""
    assert _read(b".\r\n", cut) == [b""]


@pytest.mark.parametrize("length", [65_534, 65_535, 65_536, 65_537, 131_072, 200_000])
@pytest.mark.parametrize("start", [b"", b"."])
def test_reader_when_a_line_is_very_long_then_it_comes_whole(length: int, start: bytes) -> None:
    """A line that does not end is passed on in pieces; the seams change nothing."""
    line = start + b"x" * length + b"\r\n"
    wire = dot.stuff(line) + dot.END
    buffer, message = Buffer(), None
    reader = dot.DataReader(buffer, limit=10**6)
    for place in range(0, len(wire), 65_536):
        assert message is None
        buffer.feed(wire[place : place + 65_536])
        message = reader.message()
    assert message == line


def test_reader_when_the_message_is_too_large_then_it_is_read_but_not_kept() -> None:
    """The session stays in step, and memory stays free."""
    buffer = Buffer()
    reader = dot.DataReader(buffer, limit=10)
    buffer.feed(b"0123456789\r\nmore\r\n.\r\n")
    assert reader.message() == b""
    assert reader.is_too_large


def _read(wire: bytes, cut: Cut = whole) -> list[bytes]:
    buffer = Buffer()
    reader = dot.DataReader(buffer, limit=10**6)
    return feed_all(wire, cut, feed=buffer.feed, take=_once(reader))


def _once(reader: dot.DataReader):
    """A reader gives one message; after it there is nothing to take."""
    taken: list[bytes] = []

    def take() -> bytes | None:
        if taken:
            return None
        if (message := reader.message()) is not None:
            taken.append(message)
        return message

    return take


def _normalised(content: bytes) -> bytes:
    text = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")
    return text if not text or text.endswith(b"\r\n") else text + b"\r\n"
