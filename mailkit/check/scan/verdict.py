"""What a spam filter has said of a message."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

__all__ = ["SpamVerdict", "Symbol", "ranked"]


@dataclass(frozen=True, slots=True)
class Symbol:
    """One rule that fits the message (rspamd's word for it), and the points for that: positive ones speak for spam."""

    name: str
    points: float
    text: str = ""
    """What the rule means, and what it found, in the filter's own words."""


@dataclass(frozen=True, slots=True)
class SpamVerdict:
    """A spam filter's opinion. Scores of two filters cannot be compared, nor those of two thresholds."""

    scanner: str
    """Which filter was asked, as :attr:`Scanner.name` says it."""
    score: float
    threshold: float
    """From which score on SpamAssassin speaks of spam, and rspamd rejects; rspamd marks messages below that, too."""
    is_spam: bool
    """Whether people would find the message among their spam, or not at all."""
    symbols: tuple[Symbol, ...] = ()
    """The rules that fit, those with the most points for or against first."""
    action: str = ""
    """What rspamd advises: ``no action``, ``greylist``, ``add header``, ``reject`` …; SpamAssassin advises nothing."""

    def facts(self) -> dict[str, Any]:
        """Return it all in a form that JSON can hold."""
        return {
            "scanner": self.scanner,
            "score": self.score,
            "threshold": self.threshold,
            "is_spam": self.is_spam,
            "action": self.action,
            "symbols": [{"name": one.name, "points": one.points, "text": one.text} for one in self.symbols],
        }


def ranked(symbols: Iterable[Symbol]) -> tuple[Symbol, ...]:
    """Return symbols with the most points, for or against, first; those with the same points by name."""
    return tuple(sorted(symbols, key=lambda symbol: (-abs(symbol.points), symbol.name)))
