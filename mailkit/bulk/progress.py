"""How far a campaign is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from mailkit.bulk.state import State

__all__ = ["Observer", "Progress", "Stage"]


class Stage(StrEnum):
    """What a run is at. A list that is in the journal already is not read again, and one that was checked not checked."""

    READING = "reading"
    CHECKING = "checking"
    SENDING = "sending"


@dataclass(frozen=True, slots=True)
class Progress:
    """A moment of a run: how many of ``total`` have been dealt with in it, by state, after how many seconds.

    While the list is read and checked those are ``pending``, and of a list that is being read the total is not known: 0.
    A recipient who is deferred, tried again and reached is counted once, as sent.
    """

    total: int
    counts: Mapping[State, int] = field(default_factory=dict)
    seconds: float = 0.0
    under_way: int = 0
    """Messages that are on their way just now."""
    waiting: str = ""
    """Why nothing is being sent just now, in words; empty while something is."""
    seconds_to_wait: float = 0.0
    """For how much longer, as far as is known."""
    stage: Stage = Stage.SENDING
    rates: Mapping[str, float] = field(default_factory=dict)
    """Rates a second that are in force, by domain group; ``relay`` is what the relay bears, ``all`` what was asked for."""

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
        return (self.total - self.done) / self.rate if self.rate > 0 and self.total else None


Observer = Callable[[Progress], None]
"""Is told of progress some ten times a second, in the thread that sends. What it raises ends the run."""
