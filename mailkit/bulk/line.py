"""Recipients in hand, each with the time for it, and the connections that wait for them."""

import asyncio
import heapq
from collections import deque
from collections.abc import Iterable
from itertools import count

from mailkit import clock
from mailkit.bulk.state import Entry

__all__ = ["Line"]


class Line:
    """Belongs to one event loop."""

    def __init__(self, time: clock.Steady) -> None:
        self._time = time
        self._due: list[tuple[float, int, Entry]] = []
        self._numbers = count()
        self._idle: deque[asyncio.Future[None]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._due)

    def add(self, entries: Iterable[tuple[Entry, float]]) -> None:
        """Add entries, each with the time for it in seconds since 1970."""
        for entry, due in entries:
            heapq.heappush(self._due, (self._time.monotonic(due), next(self._numbers), entry))

    @property
    def is_due(self) -> bool:
        """Whether somebody's time has come."""
        return bool(self._due) and self._due[0][0] <= clock.monotonic()

    def take(self) -> tuple[Entry, float]:
        """Take the first entry, and by how many seconds it is late."""
        due, _, entry = heapq.heappop(self._due)
        return entry, clock.monotonic() - due

    async def wait(self) -> None:
        """Wait until there may be something to take."""
        waiter = asyncio.get_running_loop().create_future()
        self._idle.append(waiter)
        self.arm()
        await waiter

    def arm(self) -> None:
        """Have somebody woken when the next one's time comes."""
        if self._due and self._timer is None and self._idle:
            ahead = max(0.0, self._due[0][0] - clock.monotonic())
            self._timer = asyncio.get_running_loop().call_later(ahead, self._ring)

    def _ring(self) -> None:
        self._timer = None
        self.wake(1)

    def wake(self, number: int = -1) -> None:
        """Wake so many of those who wait; all by default."""
        while self._idle and number:
            waiter = self._idle.popleft()
            if not waiter.done():
                waiter.set_result(None)
                number -= 1
