"""Idle connections, kept warm for the next message. No connection is ever in two hands."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from mailkit import clock

__all__ = ["Pool"]

_Session = TypeVar("_Session")

# Servers close idle sessions, some after seconds. One that has rested longer than this is asked (NOOP) before it is used;
# one that has rested longer than the other is not worth asking.
ASK_AFTER = 10.0
DROP_AFTER = 240.0


@dataclass(slots=True)
class _Resting(Generic[_Session]):
    session: _Session
    since: float


class Pool(Generic[_Session]):
    """A stack of idle sessions: the one used last is used next, so that surplus ones grow old and are dropped."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._resting: list[_Resting[_Session]] = []

    def take(self) -> tuple[_Session, float] | None:
        """Take out an idle session with the seconds that it has rested, or None."""
        with self._lock:
            if not self._resting:
                return None
            resting = self._resting.pop()
        return resting.session, clock.monotonic() - resting.since

    def give(self, session: _Session) -> None:
        """Put a session back."""
        with self._lock:
            self._resting.append(_Resting(session, clock.monotonic()))

    def drain(self, close: Callable[[_Session], None]) -> None:
        """Take out all sessions and close each."""
        while taken := self.take():
            close(taken[0])

    def __len__(self) -> int:
        return len(self._resting)
