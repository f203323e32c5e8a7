"""What a run has counted: results, and whether too many were refused."""

import re
from collections import deque
from dataclasses import dataclass, field

from mailkit.bulk.state import Result, State
from mailkit.errors import ConfigError

__all__ = ["Budget", "Tally"]

_BUDGET = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(%?)\s*")
_SHARE_OF = 1_000  # the last results, of which a share is taken
_AT_LEAST = 100  # results before a share means anything


@dataclass(frozen=True)
class Budget:
    """How many refusals are borne before a campaign is paused: ``100`` in a run, or ``5%`` of the last thousand results.

    Providers suspend who sends to too many addresses that do not exist. Empty bears any number. Raises ConfigError.
    """

    text: str = ""
    _number: float = field(default=0.0, init=False, repr=False)
    _is_share: bool = field(default=False, init=False, repr=False)

    def __post_init__(self) -> None:
        if not self.text:
            return
        found = _BUDGET.fullmatch(self.text)
        if found is None or (found[2] and float(found[1]) > 100):
            raise ConfigError(f"{self.text!r} is no number of refusals", hint="Write 100, or 5%.")
        object.__setattr__(self, "_number", float(found[1]))
        object.__setattr__(self, "_is_share", bool(found[2]))

    def overdrawn(self, refused: int, last: "deque[bool]") -> str:
        """Why to pause; empty when there is no reason."""
        if not self.text:
            return ""
        if not self._is_share:
            return f"{refused} recipients were refused" if refused > self._number else ""
        if len(last) < _AT_LEAST or sum(last) * 100 <= self._number * len(last):
            return ""
        return f"{sum(last)} of the last {len(last)} recipients were refused"


class Tally:
    """Counts what became of recipients in one run."""

    def __init__(self, budget: Budget) -> None:
        self.counts: dict[State, int] = {}
        self._budget = budget
        self._deferred: set[str] = set()
        self._last: deque[bool] = deque(maxlen=_SHARE_OF)

    def add(self, result: Result) -> str:
        """Count a result. Returns why the campaign has to be paused, or nothing."""
        state, key = result.state, result.key
        if key in self._deferred:  # it is counted already
            self._deferred.discard(key)
            self.counts[State.DEFERRED] -= 1
        if state is State.DEFERRED:
            self._deferred.add(key)
        self.counts[state] = self.counts.get(state, 0) + 1
        if state in (State.SENT, State.FAILED):
            self._last.append(state is State.FAILED)
            if state is State.FAILED:
                return self._budget.overdrawn(self.counts[state], self._last)
        return ""
