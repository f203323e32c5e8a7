"""What a transaction sends, and the source that gives it out in blocks."""

from collections.abc import Iterator

import pytest

from mailkit.errors import AttachmentError, LocalProtocolError
from mailkit.mime.bodytype import BodyType
from mailkit.sansio import Call, Conversation
from mailkit.smtp import Content
from mailkit.smtp.content import BLOCK, Source
from mailkit.testing.peer import ScriptedPeer
from tests.kit.stored import Fetched, content


def drained(source: Source) -> Conversation[list[bytes]]:
    blocks = []
    while (block := (yield from source.next())) is not None:
        blocks.append(block)
    return blocks


def test_content_when_made_of_bytes_then_it_is_one_piece_and_knows_its_size() -> None:
    """The common case in one word."""
    assert Content.of(b"hello") == Content((b"hello",), 5, BodyType.SEVEN_BIT, needs_smtputf8=False)


def test_source_when_pieces_are_mixed_then_they_come_in_order_and_without_empty_blocks() -> None:
    """An empty block is not the end."""
    stored = Fetched((b"b", b"", b"c"))
    source = Source(content(b"a", b"", stored, Fetched(()), b"d"))
    assert ScriptedPeer([]).run(drained(source)) == [b"a", b"b", b"c", b"d"]
    assert (stored.opened, stored.closed) == (1, 1)


def test_source_when_a_piece_in_memory_is_large_then_it_is_cut() -> None:
    """A chunk is never larger than a block."""
    whole = bytes(range(256)) * (BLOCK // 100)
    blocks = ScriptedPeer([]).run(drained(Source(content(whole))))
    assert b"".join(blocks) == whole
    assert max(map(len, blocks)) <= BLOCK


def test_source_when_a_piece_is_stored_then_the_pump_fetches_each_block_when_it_is_wanted() -> None:
    """Reading a disk may block, and only the pump knows how to wait."""
    stored = Fetched((b"a", b"b"))
    step = Source(content(stored)).next()
    effect = next(step)
    assert isinstance(effect, Call)
    assert stored.fetched == []
    with pytest.raises(StopIteration) as end:
        step.send(effect.deed())
    assert end.value.value == b"a"
    assert stored.fetched == [b"a"]


@pytest.mark.parametrize(("promised", "says"), [(1, "longer"), (3, "shorter")])
def test_source_when_a_piece_is_not_as_long_as_it_said_then_it_is_an_error(promised: int, says: str) -> None:
    """Nobody gets a message that was cut short."""
    with pytest.raises(LocalProtocolError, match=says):
        ScriptedPeer([]).run(drained(Source(content(Fetched((b"a", b"b"), promised=promised)))))


def test_source_when_a_file_has_changed_then_its_error_comes_out() -> None:
    """As it is, for the person who attached it."""
    with pytest.raises(AttachmentError, match="changed"):
        ScriptedPeer([]).run(drained(Source(content(Fetched((b"a",), error=AttachmentError("changed"))))))


def test_source_when_closed_half_way_then_the_file_is_closed_too() -> None:
    """Not some time later."""
    stored = Fetched((b"a", b"b"))
    source = Source(content(stored))
    ScriptedPeer([]).run(source.next())
    source.close()
    assert (stored.opened, stored.closed) == (1, 1)


def test_source_when_closed_while_a_block_is_being_fetched_then_it_is_no_error() -> None:
    """After a cancellation a thread may still be reading; it closes the file when it is done."""
    source: Source

    class Reading(Fetched):
        def blocks(self) -> Iterator[bytes]:
            source.close()
            yield b"a"

    source = Source(content(Reading((b"a",))))
    assert ScriptedPeer([]).run(drained(source)) == [b"a"]
