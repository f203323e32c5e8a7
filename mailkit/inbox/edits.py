"""Which messages were deleted, marked or moved lately: who shows a list of them need not make it anew."""

from collections import deque
from collections.abc import Sequence
from itertools import islice

__all__ = ["MOST_REMEMBERED", "Edits"]

MOST_REMEMBERED = 10_000
"""Edits; whoever missed more looks at everything."""


class Edits:
    """The numbers of messages that were edited, the last ten thousand. Whoever calls this holds the table."""

    def __init__(self) -> None:
        self._numbers: deque[int] = deque(maxlen=MOST_REMEMBERED)
        self.count = 0
        """How many edits there were; what one who looks now remembers."""

    def note(self, numbers: Sequence[int]) -> None:
        """Remember that messages were edited."""
        self._numbers.extend(numbers)
        self.count += len(numbers)

    def since(self, count: int) -> set[int] | None:
        """Return the numbers of those that were edited since there were ``count`` edits; None when that is not known any more."""
        missed = self.count - count
        return set(islice(reversed(self._numbers), missed)) if missed <= len(self._numbers) else None
