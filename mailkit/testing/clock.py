"""A clock that stands still."""

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from mailkit.clock import Source

__all__ = ["FrozenClock"]


@dataclass
class FrozenClock(Source):
    """Time that moves only when it is told to, and chance that is the same on every run.

    >>> from mailkit import clock
    >>> with clock.using(FrozenClock()):
    ...     clock.now().isoformat()
    '2026-01-02T03:04:05+00:00'
    """

    moment: datetime = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    seconds: float = 0.0
    _random: random.Random = field(default_factory=lambda: random.Random(20260102), repr=False)  # noqa: S311

    def now(self) -> datetime:
        return self.moment + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    def token(self) -> str:
        return f"{self._random.getrandbits(128):032x}"

    def uniform(self, low: float, high: float) -> float:
        return self._random.uniform(low, high)

    def advance(self, seconds: float) -> None:
        """Let ``seconds`` pass."""
        self.seconds += seconds
