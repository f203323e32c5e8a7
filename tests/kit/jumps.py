"""A clock on the wall that somebody sets: it jumps, for all processes that were forked off too, while seconds go on evenly."""

import multiprocessing
from datetime import datetime, timedelta

from mailkit.clock import SystemSource


class WallClock(SystemSource):
    """The machine's clock, and ``ahead`` of it by so many seconds."""

    def __init__(self, ahead: float = 0.0) -> None:
        self._ahead = multiprocessing.get_context("fork").Value("d", ahead)

    @classmethod
    def at(cls, moment: datetime) -> "WallClock":
        """Return one that shows a time with an offset now, and goes on from there."""
        return cls((moment - SystemSource().now()).total_seconds())

    def jump(self, seconds: float) -> None:
        """Set it forward, or back."""
        with self._ahead:
            self._ahead.value += seconds

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=self._ahead.value)

    def second(self) -> datetime:
        return self.now().replace(microsecond=0)
