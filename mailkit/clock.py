"""The only reader of time and of chance, so that a test can hold both still.

Everything in mailkit that stamps a date, makes an id or waits a random time asks here. ``with clock.using(source):``
puts another source in place for the whole process; :class:`mailkit.testing.FrozenClock` is the one for tests.
"""

import random
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Protocol

__all__ = ["Source", "SystemSource", "monotonic", "now", "token", "uniform", "using"]


class Source(Protocol):
    """Where time and chance come from."""

    def now(self) -> datetime:
        """Return the time of day with its offset from UTC."""

    def monotonic(self) -> float:
        """Return seconds on a clock that never goes back."""

    def token(self) -> str:
        """Return 32 hexadecimal digits that nobody can guess."""

    def uniform(self, low: float, high: float) -> float:
        """Return a number between ``low`` and ``high``, for jitter."""


class SystemSource:
    """The machine's own clock and random numbers."""

    def now(self) -> datetime:
        return datetime.now().astimezone()

    def monotonic(self) -> float:
        return time.monotonic()

    def token(self) -> str:
        return secrets.token_hex(16)

    def uniform(self, low: float, high: float) -> float:
        return random.uniform(low, high)  # noqa: S311 - jitter, not a secret


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


def monotonic() -> float:
    return _source.monotonic()


def token() -> str:
    return _source.token()


def uniform(low: float, high: float) -> float:
    return _source.uniform(low, high)
