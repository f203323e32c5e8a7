"""How commands end that run until they are told to."""

import contextlib
import signal
import sys
from collections.abc import Iterator
from typing import NoReturn

__all__ = ["until_ended"]


@contextlib.contextmanager
def until_ended() -> Iterator[None]:
    """End as with Ctrl-C when a supervisor says so; and without a word about it, since that is how they end."""

    def end(number: int, frame: object) -> NoReturn:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    except KeyboardInterrupt:
        sys.stdout.flush()
    finally:
        signal.signal(signal.SIGTERM, before)
