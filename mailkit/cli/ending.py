"""How commands end that run until they are told to."""

import contextlib
import signal
import sys
from collections.abc import Iterator

__all__ = ["Ending", "until_ended"]


class Ending:
    """The end of a command. What must not be broken off halfway is done within :meth:`after`."""

    def __init__(self) -> None:
        self._is_busy = False
        self._is_told = False

    @contextlib.contextmanager
    def after(self) -> Iterator[None]:
        """Have the block done before the end that it is told of meanwhile; told twice, it does not wait."""
        self._is_busy = True
        try:
            yield
        finally:
            self._is_busy = False
        if self._is_told:
            raise KeyboardInterrupt

    def tell(self, number: int, frame: object) -> None:
        """The handler of the signals."""
        if self._is_told or not self._is_busy:
            raise KeyboardInterrupt
        self._is_told = True


@contextlib.contextmanager
def until_ended() -> Iterator[Ending]:
    """End by Ctrl-C, or when a supervisor says so; and without a word about it, since that is how they end."""
    ending = Ending()
    before = {number: signal.signal(number, ending.tell) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield ending
    except KeyboardInterrupt:
        sys.stdout.flush()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
