"""A piece of content that is fetched while it is sent, and that knows what was done to it."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from mailkit.mime.bodytype import BodyType
from mailkit.smtp import Content


@dataclass
class Fetched:
    """A stored piece of the blocks it is given.

    ``error`` is raised, after ``before`` has been called, in the place of block ``fails_at`` (-1: behind the last one).
    ``promised`` is the size that it says it has, if not the true one.
    """

    given: tuple[bytes, ...]
    promised: int = -1
    error: Exception | None = None
    before: Callable[[], object] = lambda: None
    fails_at: int = -1
    opened: int = 0
    closed: int = 0
    fetched: list[bytes] = field(default_factory=list)
    was_closed: threading.Event = field(default_factory=threading.Event)

    @property
    def size(self) -> int:
        return sum(map(len, self.given)) if self.promised < 0 else self.promised

    def blocks(self) -> Iterator[bytes]:
        self.opened += 1
        try:
            for number, block in enumerate(self.given):
                self._reach(number)
                self.fetched.append(block)
                yield block
            self._reach(-1)
        finally:
            self.closed += 1
            self.was_closed.set()

    def _reach(self, place: int) -> None:
        if place == self.fails_at:
            self.before()
            if self.error:
                raise self.error


def content(*pieces: bytes | Fetched, body: BodyType = BodyType.SEVEN_BIT) -> Content:
    """A content that knows its size."""
    return Content(pieces, sum(len(piece) if isinstance(piece, bytes) else piece.size for piece in pieces), body)
