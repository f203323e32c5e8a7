"""Sets of numbers, like ``1:3,7,9:*`` (RFC 3501 9, sequence-set)."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

__all__ = ["NumberSet", "told"]


class NumberSet:
    """Numbers and ranges of them. None, written ``*``, is the highest that there is; the ends of a range stand in any order."""

    def __init__(self, ranges: Sequence[tuple[int | None, int | None]]) -> None:
        self._ranges = tuple(ranges)
        self._highest = -1
        self._lows: list[int] = []
        self._highs: list[int] = []

    def _merge(self, highest: int) -> None:
        """Sort, and join what overlaps: then a number is found by halves, however long the set is."""
        if highest == self._highest:
            return
        self._highest, self._lows, self._highs = highest, [], []
        ends = (
            (highest if first is None else first, highest if last is None else last) for first, last in self._ranges
        )
        for low, high in sorted((min(pair), max(pair)) for pair in ends):
            if self._highs and low <= self._highs[-1] + 1:
                self._highs[-1] = max(self._highs[-1], high)
            else:
                self._lows.append(low)
                self._highs.append(high)

    def has(self, number: int, *, highest: int) -> bool:
        self._merge(highest)
        at = bisect_right(self._lows, number) - 1
        return at >= 0 and number <= self._highs[at]

    def places(self, numbers: Sequence[int]) -> list[int]:
        """Return at which places of ``numbers``, which ascend, those stand that are in the set."""
        self._merge(numbers[-1] if numbers else 0)
        found: list[int] = []
        for low, high in zip(self._lows, self._highs, strict=True):
            found += range(bisect_left(numbers, low), bisect_right(numbers, high))
        return found

    def is_within(self, highest: int) -> bool:
        """Whether no number in it is beyond the highest that there is."""
        return all(one is None or one <= highest for ends in self._ranges for one in ends) and highest > 0


def told(numbers: Sequence[int]) -> bytes:
    """Return numbers, which ascend, as a set.

    >>> told([1, 2, 3, 7])
    b'1:3,7'
    """
    ranges: list[list[int]] = []
    for number in numbers:
        if ranges and number == ranges[-1][1] + 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return ",".join(str(low) if low == high else f"{low}:{high}" for low, high in ranges).encode()
