"""Connections, kept warm for the next message, and never more of them than there may be.

No connection is ever in two hands: one that is taken is out of the pool until it is given back or forgotten.
"""

import os
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from mailkit import clock

__all__ = ["ASK_AFTER", "DROP_AFTER", "Pool"]

_Session = TypeVar("_Session")

# Servers close idle sessions, some after seconds. One that has rested longer than this is asked (NOOP) before it is used;
# one that has rested longer than the other is not worth asking.
ASK_AFTER = 10.0
DROP_AFTER = 240.0

# How long a limit is kept that the server has shown by turning a connection away.
_LEARNT_FOR = 300.0


@dataclass(slots=True)
class _Resting(Generic[_Session]):
    session: _Session
    since: float


class Pool(Generic[_Session]):
    """At most ``limit`` sessions, of which the idle ones lie on a stack: surplus ones grow old and are dropped."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._learnt = 0
        self._learnt_at = 0.0
        self._taken = 0
        self._resting: list[_Resting[_Session]] = []
        self._queue: deque[Callable[[], object]] = deque()
        self._lock = threading.Lock()
        self._process = os.getpid()

    def take(self) -> tuple[_Session | None, float] | None:
        """Take an idle session with the seconds that it has rested, or the right to open one; None if there is no room."""
        with self._lock:
            self._notice_fork()
            if self._resting:
                resting = self._resting.pop()
                self._taken += 1
                return resting.session, clock.monotonic() - resting.since
            if self._taken >= self._room():
                return None
            self._taken += 1
            return None, 0.0

    def give(self, session: _Session) -> None:
        """Put a session back."""
        with self._lock:
            if self._process != os.getpid():  # it was taken before this process was forked off
                return
            self._taken -= 1
            self._resting.append(_Resting(session, clock.monotonic()))
        self._call_next()

    def forget(self) -> None:
        """Count a session no more that was taken, or could not be opened."""
        with self._lock:
            if self._process != os.getpid():
                return
            self._taken -= 1
        self._call_next()

    def learn(self) -> bool:
        """Keep to the number of sessions that are in use, besides one that was turned away. False if there are no others."""
        with self._lock:
            others = self._taken - 1
            if others > 0:
                self._learnt, self._learnt_at = others, clock.monotonic()
            return others > 0

    def wait(self, call: Callable[[], object]) -> None:
        """Have ``call`` called when there may be room; who was called asks again, and may find that there is none."""
        with self._lock:
            self._queue.append(call)
            if not self._resting and self._taken >= self._room():
                return
        self._call_next()

    def leave(self, call: Callable[[], object]) -> None:
        """Wait no more; whoever is next is called instead, if the call has come already."""
        with self._lock:
            if call in self._queue:
                self._queue.remove(call)
                return
        self._call_next()

    def drain(self) -> list[_Session]:
        """Take all idle sessions out for good."""
        with self._lock:
            self._notice_fork()
            sessions = [resting.session for resting in self._resting]
            self._resting.clear()
        return sessions

    def __len__(self) -> int:
        return len(self._resting)

    def _room(self) -> int:
        if self._learnt and clock.monotonic() - self._learnt_at > _LEARNT_FOR:
            self._learnt = 0
        return self._learnt or self._limit

    def _call_next(self) -> None:
        with self._lock:
            call = self._queue.popleft() if self._queue else None
        if call is not None:
            call()

    def _notice_fork(self) -> None:
        """Leave the sessions to the process that opened them: two that speak over one connection would mix it up."""
        if self._process != os.getpid():
            self._process = os.getpid()
            self._taken = 0
            self._resting.clear()
            self._queue.clear()
