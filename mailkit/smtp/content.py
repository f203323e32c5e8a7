"""What a transaction sends: a message in pieces, of which some may lie on a disk until they are needed."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from mailkit.errors import LocalProtocolError
from mailkit.mime.bodytype import BodyType
from mailkit.sansio import Call, Conversation

__all__ = ["BLOCK", "Content", "Source", "Stored"]

BLOCK = 262_144
"""Bytes of a large piece that are in hand at a time."""


class Stored(Protocol):
    """A piece of content that lies on a disk, or anywhere else where it must be fetched."""

    @property
    def size(self) -> int:
        """How many bytes :meth:`blocks` gives; the server is told before they are read."""

    def blocks(self) -> Iterator[bytes]:
        """Yield the bytes in blocks of about 256 KiB or less. It may block, and be asked for again by a new attempt.

        Raises AttachmentError when they cannot be had, or are not what they were.
        """


@dataclass(frozen=True, slots=True)
class Content:
    """A message as the transaction sees it: its bytes and what they need of the server."""

    pieces: tuple[bytes | Stored, ...]
    size: int
    """Bytes, as SIZE counts them (RFC 1870 3)."""
    body: BodyType = BodyType.SEVEN_BIT
    needs_smtputf8: bool = False
    is_canonical: bool = False
    """Whether it is known that every line end is CRLF, and that there is no bare CR or LF."""

    @classmethod
    def of(cls, data: bytes, *, body: BodyType = BodyType.SEVEN_BIT, needs_smtputf8: bool = False) -> "Content":
        """Return a content that lies in memory."""
        return cls((data,), len(data), body, needs_smtputf8)


class Source:
    """Gives a content out block by block, once. Fetching what is stored is left to the pump, since it may block."""

    def __init__(self, content: Content) -> None:
        self._pieces = iter(content.pieces)
        self._missing = content.size
        self._blocks: Iterator[bytes] = iter(())
        self._is_stored = False

    def next(self) -> Conversation[bytes | None]:
        """Return some more bytes, or None at the end.

        Raises LocalProtocolError when they are not as many as the content said: the server was told its size, and no
        message may be cut short silently.
        """
        while True:
            block = (yield from self._fetched()) if self._is_stored else next(self._blocks, None)
            if block is not None:
                self._missing -= len(block)
                if self._missing < 0:
                    raise LocalProtocolError("the content is longer than it said; it was not sent")
                if block:
                    return block
                continue
            piece = next(self._pieces, None)
            if piece is None:
                if self._missing:
                    raise LocalProtocolError("the content is shorter than it said; it was not sent")
                return None
            self._is_stored = not isinstance(piece, bytes)
            self._blocks = _cut(piece) if isinstance(piece, bytes) else iter(piece.blocks())

    def _fetched(self) -> Conversation[bytes | None]:
        block: bytes | None = yield Call(partial(next, self._blocks, None))
        return block

    def close(self) -> None:
        """Let go of what is open, now and not when somebody collects it."""
        close = getattr(self._blocks, "close", None)
        if close is not None:
            # A delivery that was cancelled may have left a thread fetching: then that closes it, at its end.
            with suppress(ValueError):
                close()


def _cut(piece: bytes) -> Iterator[bytes]:
    if len(piece) <= BLOCK:
        return iter((piece,))
    return (piece[start : start + BLOCK] for start in range(0, len(piece), BLOCK))
