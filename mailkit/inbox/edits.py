"""Which messages were deleted or marked lately: who shows a list of them need not make it anew."""

import threading
from collections import deque
from collections.abc import Sequence
from itertools import islice

__all__ = ["MOST_REMEMBERED", "Edits"]

MOST_REMEMBERED = 10_000
"""Edits; whoever missed more looks at everything."""


class Edits:
    """The numbers of messages that were edited, the last ten thousand. Safe to share between threads."""

    def __init__(self) -> None:
        self._numbers: deque[int] = deque(maxlen=MOST_REMEMBERED)
        self._lock = threading.Lock()
        self.count = 0
        """How many edits there were; what one who looks now remembers."""
        self._forgotten = 0

    def note(self, numbers: Sequence[int] | None) -> None:
        """Remember that messages were edited; None says that nobody knows which."""
        with self._lock:
            if numbers is None:
                self.count += 1
                self._forgotten = self.count
            else:
                self._numbers.extend(numbers)
                self.count += len(numbers)
                self._forgotten = max(self._forgotten, self.count - (self._numbers.maxlen or 0))

    def since(self, count: int) -> set[int] | None:
        """Return the numbers of those that were edited since there were ``count`` edits; None when that is not known any more."""
        with self._lock:
            if count < self._forgotten:
                return None
            return set(islice(reversed(self._numbers), self.count - count))
