"""The only reader of time and of chance, so that a test can hold both still.

Everything in mailkit that stamps a date, makes an id or waits a random time asks here. ``with clock.using(source):``
puts another source in place for the whole process; :class:`mailkit.testing.FrozenClock` is the one for tests.
"""

import os
import random
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache

__all__ = ["Source", "Steady", "SystemSource", "monotonic", "now", "second", "token", "uniform", "using"]


class Source(ABC):
    """Where time and chance come from."""

    @abstractmethod
    def now(self) -> datetime:
        """Return the time of day with its offset from UTC."""

    def second(self) -> datetime:
        """Return the time of day without the fraction of a second, as headers say it."""
        return self.now().replace(microsecond=0)

    @abstractmethod
    def monotonic(self) -> float:
        """Return seconds on a clock that never goes back."""

    @abstractmethod
    def token(self) -> str:
        """Return 32 hexadecimal digits that nobody can guess."""

    @abstractmethod
    def uniform(self, low: float, high: float) -> float:
        """Return a number between ``low`` and ``high``, for jitter."""


class SystemSource(Source):
    """The machine's own clock and random numbers."""

    def now(self) -> datetime:
        return datetime.now().astimezone()

    def second(self) -> datetime:
        return _second(int(time.time()))

    def monotonic(self) -> float:
        return time.monotonic()

    def token(self) -> str:
        return os.urandom(16).hex()

    def uniform(self, low: float, high: float) -> float:
        return random.uniform(low, high)  # noqa: S311 - jitter, not a secret


@lru_cache(maxsize=2)
def _second(seconds: int) -> datetime:
    # Many messages are built in one second, and the offset from UTC is dear to ask for.
    return datetime.fromtimestamp(seconds).astimezone()


class Steady:
    """The time of day when this was made, and from then on seconds that nobody sets forward or back.

    For what is planned in one place and awaited in another: a clock on the wall is set by people and by the network.
    """

    def __init__(self) -> None:
        self.set()

    def set(self) -> None:
        """Begin anew with the time of day: seconds in which the machine was suspended have not been counted."""
        self._ahead = now().timestamp() - monotonic()

    def now(self) -> float:
        """Return seconds since 1970."""
        return monotonic() + self._ahead

    def monotonic(self, moment: float) -> float:
        """Return a moment, given in seconds since 1970, on the clock that never goes back."""
        return moment - self._ahead


_source: Source = SystemSource()


@contextmanager
def using(source: Source) -> Iterator[None]:
    """Take time and chance from ``source`` while the block runs."""
    # A module variable, not a context variable: worker threads must see the same clock as the code that started them.
    global _source
    before, _source = _source, source
    try:
        yield
    finally:
        _source = before


def now() -> datetime:
    return _source.now()


def second() -> datetime:
    return _source.second()


def monotonic() -> float:
    return _source.monotonic()


def token() -> str:
    return _source.token()


def uniform(low: float, high: float) -> float:
    return _source.uniform(low, high)
