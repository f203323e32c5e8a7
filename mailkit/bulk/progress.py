"""How far a campaign is."""

from collections.abc import Callable
from dataclasses import dataclass, field

from mailkit.bulk.state import State

__all__ = ["Observer", "Progress"]


@dataclass(frozen=True, slots=True)
class Progress:
    """A moment of a run: how many of ``total`` have been dealt with in it, by state, after how many seconds."""

    total: int
    counts: dict[State, int] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def done(self) -> int:
        return sum(self.counts.values())

    @property
    def rate(self) -> float:
        """Messages a second since the run began."""
        return self.done / self.seconds if self.seconds > 0 else 0.0

    @property
    def seconds_left(self) -> float | None:
        """An estimate, or None while there is nothing to estimate from."""
        return (self.total - self.done) / self.rate if self.rate > 0 else None


Observer = Callable[[Progress], None]
