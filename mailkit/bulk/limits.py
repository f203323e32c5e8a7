"""How far one run of a campaign goes."""

from collections.abc import Callable
from dataclasses import dataclass, field

from mailkit.bulk.tally import Budget

__all__ = ["Limits"]


@dataclass(frozen=True)
class Limits:
    """How far a run goes."""

    connections: int = 1
    messages: int = 0
    """0 means all."""
    patience: float = 0.0
    """Seconds that are waited for those who were put off."""
    hours: float = float("inf")
    """Seconds that are waited for the time of day, or the day, at which messages may go again."""
    budget: Budget = field(default_factory=Budget)
    is_abandoned: Callable[[], bool] = lambda: False
    """Whether whoever has started the run is gone, so that nobody would notice."""
