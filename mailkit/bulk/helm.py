"""Whoever holds it can end a run: from another thread, or by a signal."""

import asyncio
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from mailkit.bulk.runner import Runner

__all__ = ["Helm"]


class Helm:
    """Ends runs in order. Safe to use from any thread, and before the run begins.

    >>> helm = Helm()
    >>> helm.stop()
    >>> helm.is_stopped
    True
    """

    def __init__(self) -> None:
        self.orders = 0
        """How often it was told to stop: the second time does not wait."""
        self._is_heard = False  # by somebody who ends in order
        self._running: tuple[asyncio.AbstractEventLoop, Runner] | None = None

    @property
    def is_stopped(self) -> bool:
        """Whether it was told to stop."""
        return self.orders > 0

    def stop(self) -> None:
        """Let nothing new begin, and what is under way arrive."""
        self._tell(is_hard=False)

    def cut_off(self) -> None:
        """End at once: what has been marked as leaving is in doubt."""
        self._tell(is_hard=True)

    def _tell(self, *, is_hard: bool) -> None:
        self.orders = max(self.orders + 1, 2 if is_hard else 1)
        running = self._running
        if running is not None:
            loop, runner = running
            loop.call_soon_threadsafe(runner.cut_off if is_hard else runner.stop)

    def run(self, runner: Runner) -> None:
        """Run to the end, in an event loop of its own."""
        with self.heard():
            asyncio.run(self._run(runner))

    @contextmanager
    def heard(self) -> Iterator[None]:
        """While the block runs, somebody looks at ``orders`` and ends in order. Before, nothing is under way, and a signal
        ends the program at once."""
        before, self._is_heard = self._is_heard, True
        try:
            yield
        finally:
            self._is_heard = before

    async def _run(self, runner: Runner) -> None:
        self._running = asyncio.get_running_loop(), runner
        if self.is_stopped:
            runner.stop()
        try:
            await runner.run()
        finally:
            self._running = None

    @contextmanager
    def signals(self, *names: str) -> Iterator[None]:
        """While the block runs, let SIGINT (Ctrl-C) and SIGTERM stop, and the second one cut off. In the main thread only."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        numbers = [getattr(signal, name) for name in names or ("SIGINT", "SIGTERM")]
        before = {number: signal.signal(number, self._hear) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _hear(self, number: int, frame: Any) -> None:
        if self.is_stopped:
            self.cut_off()
        else:
            self.stop()
            if not self._is_heard:
                raise KeyboardInterrupt if number == signal.SIGINT else SystemExit(128 + number)
