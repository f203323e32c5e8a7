"""The buffer: lines and counts out of any cut of the stream, within limits."""

import pytest

from mailkit.errors import RemoteProtocolError
from mailkit.sansio import Buffer
from tests.kit.feeding import CUTS, Cut, feed_all


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("mark", [b"\n", b"\r\n"])
def test_take_until_when_lines_come_in_any_pieces_then_they_are_the_same(cut: Cut, mark: bytes) -> None:
    """Marks cut in two are still found."""
    buffer = Buffer()
    lines = feed_all(b"a\r\n\r\nlong line\r\n", cut, feed=buffer.feed, take=lambda: buffer.take_until(mark, limit=20))
    assert lines == [b"a\r\n", b"\r\n", b"long line\r\n"]
    assert len(buffer) == 0


@pytest.mark.parametrize("cut", CUTS)
def test_take_until_when_the_line_is_exactly_at_the_limit_then_it_is_taken(cut: Cut) -> None:
    """The limit counts the mark."""
    buffer = Buffer()
    assert feed_all(b"123\n", cut, feed=buffer.feed, take=lambda: buffer.take_until(b"\n", limit=4)) == [b"123\n"]


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("data", [b"1234\n", b"12345"])
def test_take_until_when_the_line_is_longer_than_the_limit_then_it_is_refused(cut: Cut, data: bytes) -> None:
    """With its end or without it."""
    buffer = Buffer()
    with pytest.raises(RemoteProtocolError):
        feed_all(data, cut, feed=buffer.feed, take=lambda: buffer.take_until(b"\n", limit=4))


def test_take_when_asked_for_more_than_there_is_then_it_gives_what_there_is() -> None:
    """Counting is the caller's part."""
    buffer = Buffer()
    buffer.feed(b"abc")
    assert (buffer.take(2), buffer.take(2), buffer.take(2)) == (b"ab", b"c", b"")


def test_take_until_when_another_mark_was_looked_for_before_then_nothing_is_missed() -> None:
    """It remembers how far it looked, but not for a mark of another length."""
    buffer = Buffer()
    buffer.feed(b"a\nb")
    assert buffer.take_until(b"\r\n", limit=10) is None
    assert buffer.take_until(b"\n", limit=10) == b"a\n"
