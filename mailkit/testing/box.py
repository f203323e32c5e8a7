"""What the fixtures add to a box of mail: a time-out of the test run's, words for what was sent, and failures that end where the
test called."""

import asyncio
from typing import NoReturn, Unpack

from mailkit.errors import ArrivalError
from mailkit.inbox import Box, Caught
from mailkit.inbox.box import Fields

__all__ = ["PatientBox"]


class PatientBox(Box):
    """A box whose waits last ``patience`` seconds unless they say otherwise."""

    patience: float = 10.0

    def only(self, text: str = "", **fields: Unpack[Fields]) -> Caught:
        """Return the one message that fits; see :meth:`mailkit.inbox.Box.only`."""
        __tracebackhide__ = True
        try:
            return super().only(text, **fields)
        except ArrivalError as error:
            _fail(error)

    def wait(
        self, text: str = "", *, after: Caught | int = 0, timeout: float | None = None, **fields: Unpack[Fields]
    ) -> Caught:
        """Return the first message that fits, as soon as it is there; see :meth:`mailkit.inbox.Box.wait`."""
        __tracebackhide__ = True
        limit = self.patience if timeout is None else timeout
        try:
            return super().wait(text, after=after, timeout=limit, **fields)
        except ArrivalError as error:
            _fail(ArrivalError(error.problem, hint=_BLOCKING) if _is_in_a_task() else error)

    async def wait_async(
        self,
        text: str = "",
        *,
        after: Caught | int = 0,
        timeout: float | None = None,  # noqa: ASYNC109 - as wait() has it
        **fields: Unpack[Fields],
    ) -> Caught:
        """Wait as :meth:`wait` does, without blocking the event loop."""
        __tracebackhide__ = True
        limit = self.patience if timeout is None else timeout
        try:
            return await super().wait_async(text, after=after, timeout=limit, **fields)
        except ArrivalError as error:
            _fail(error)

    def assert_none(self, text: str = "", **fields: Unpack[Fields]) -> None:
        """Raise ArrivalError when there is a message that fits; see :meth:`mailkit.inbox.Box.assert_none`."""
        __tracebackhide__ = True
        try:
            super().assert_none(text, **fields)
        except ArrivalError as error:
            _fail(error)

    def assert_sent(self, text: str = "", *, count: int | None = None, **fields: Unpack[Fields]) -> list[Caught]:
        """Return the messages that fit; raise ArrivalError when there are none, or not ``count`` of them.

        It looks at what has come: :meth:`wait` is for what is sent in the background.
        """
        __tracebackhide__ = True
        search = self._search(text, **fields)
        found = list(self.archive.entries(search))
        if len(found) == count or (found and count is None):
            return found
        what = f"fit {search.text}" if search else "were sent"
        wanted = "at least one" if count is None else str(count)
        raise ArrivalError(f"{len(found)} messages {what}, not {wanted}{self._state()}")

    def newest(self, count: int) -> list[Caught]:
        """Return the last messages, the oldest of them first."""
        return list(self.archive.entries(self._search(""), after=self.archive.last - count))


_BLOCKING = "wait() stops the event loop, and with it what would send in a task: write await inbox.wait_async(…)."


def _is_in_a_task() -> bool:
    try:
        return asyncio.current_task() is not None
    except RuntimeError:
        return False


def _fail(error: ArrivalError) -> NoReturn:
    """Have the traceback end in the test: what is in between says nothing about it."""
    __tracebackhide__ = True
    raise error.with_traceback(None) from None
