"""An inbox as a test or a script uses it: wait for mail, look at it, say what must not come."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from typing import TypedDict, Unpack

from mailkit.errors import ArrivalError
from mailkit.inbox.archive import Archive
from mailkit.inbox.catch import Catcher
from mailkit.inbox.caught import Caught
from mailkit.inbox.rules import Rule
from mailkit.inbox.search import Search
from mailkit.net.aio import from_threads

__all__ = ["FIELDS", "Box"]

_MOST_SHOWN = 10


class Fields(TypedDict, total=False):
    """What a message is to have, each as :class:`Search` looks for it."""

    to: str
    cc: str
    bcc: str
    from_: str
    subject: str
    body: str
    tag: str
    message_id: str


FIELDS = tuple(Fields.__annotations__)
"""Their names."""


class Box:
    """The mail in an archive, or with a ``name`` that of one inbox in it.

    What a message must have is said by :class:`Fields`, such as ``to=`` and ``subject=``, and in ``text``, a :class:`Search`.
    """

    def __init__(self, archive: Archive, catcher: Catcher, name: str | None = None) -> None:
        self.archive = archive
        self.name = name
        self._catcher = catcher

    # -- looking -------------------------------------------------------------------------------------------------------

    @property
    def messages(self) -> list[Caught]:
        """All messages, the oldest first."""
        return list(self.archive.entries(self._search("")))

    def find(self, text: str = "", **fields: Unpack[Fields]) -> list[Caught]:
        """Return the messages that fit, the oldest first."""
        return list(self.archive.entries(self._search(text, **fields)))

    def __len__(self) -> int:
        return self.archive.count(self._search(""))

    def __iter__(self) -> Iterator[Caught]:
        return self.archive.entries(self._search(""))

    def __bool__(self) -> bool:
        return True  # an empty inbox is one

    def only(self, text: str = "", **fields: Unpack[Fields]) -> Caught:
        """Return the one message that fits. Raises ArrivalError when there is none, or more than one."""
        search = self._search(text, **fields)
        found = list(self.archive.entries(search))
        if len(found) != 1:
            raise ArrivalError(f"{len(found)} messages fit{_described(search)}, not one{self._state()}")
        return found[0]

    # -- waiting -------------------------------------------------------------------------------------------------------

    def wait(
        self,
        text: str = "",
        *,
        after: Caught | int = 0,
        timeout: float = 10.0,
        **fields: Unpack[Fields],
    ) -> Caught:
        """Return the first message that fits, as soon as it is there; ``timeout`` is in seconds.

        ``after`` is a message that came before it. Raises ArrivalError, with what did arrive, when the time is over.
        """
        search, number = self._search(text, **fields), _number(after)
        news = Event()
        end = self.archive.subscribe(news.set)
        deadline = time.monotonic() + timeout
        try:
            while True:
                news.clear()  # before looking: what comes while we look is news again
                if found := self.archive.first(search, after=number):
                    return found
                if not news.wait(max(0.0, deadline - time.monotonic())):
                    raise self._missing(search, timeout)
        finally:
            end()

    async def wait_async(
        self,
        text: str = "",
        *,
        after: Caught | int = 0,
        timeout: float = 10.0,  # noqa: ASYNC109 - as wait() has it
        **fields: Unpack[Fields],
    ) -> Caught:
        """Wait as :meth:`wait` does, without blocking the event loop."""
        search, number = self._search(text, **fields), _number(after)
        news = asyncio.Event()
        end = self.archive.subscribe(from_threads(news.set))
        try:
            async with asyncio.timeout(timeout):
                while True:
                    if found := self.archive.first(search, after=number):
                        return found
                    await news.wait()
                    news.clear()
        except TimeoutError:
            raise self._missing(search, timeout) from None
        finally:
            end()

    def assert_none(self, text: str = "", **fields: Unpack[Fields]) -> None:
        """Raise ArrivalError when there is a message that fits.

        It looks at what has come. What is sent in the background must have ended first: nothing proves that nothing will come.
        """
        search = self._search(text, **fields)
        if found := self.archive.first(search):
            raise ArrivalError(
                f"no message should fit{_described(search)}, but there is {found.describe()}{self._state()}"
            )

    # -- changing ------------------------------------------------------------------------------------------------------

    def clear(self) -> None:
        """Delete all messages."""
        self.archive.delete(self._search("in:anywhere"))

    @contextmanager
    def fault(self, rule: Rule | str) -> Iterator[Rule]:
        """Have the server do wrong while the block runs: a :class:`Rule`, or one as :meth:`Rule.parse` reads it."""
        rules = self._catcher.rules
        added = rules.add(Rule.parse(rule) if isinstance(rule, str) else rule)
        try:
            yield added
        finally:
            rules.remove(added)

    # -- within --------------------------------------------------------------------------------------------------------

    def _search(self, text: str, **fields: Unpack[Fields]) -> Search:
        mine: dict[str, str] = {} if self.name is None else {"inbox": self.name}
        return Search.of(text=text, **mine, **fields)

    def _missing(self, search: Search, timeout: float) -> ArrivalError:
        return ArrivalError(f"no message came that fits{_described(search)}, within {timeout:g} seconds{self._state()}")

    def _state(self) -> str:
        """What did arrive, and what was refused: why a test fails is mostly there."""
        found = self.archive.find(self._search(""), limit=_MOST_SHOWN)
        lines = [f"  #{one.id} to {', '.join(one.recipients)}: {one.subject!r}" for one in found.lines]
        if found.total > len(lines):
            lines.append(f"  and {found.total - len(lines)} more")
        said = [f"what arrived ({found.total}):", *lines] if lines else ["nothing arrived"]
        if sessions := list(self._catcher.sessions)[-1:]:
            said += ["the last session without a message:", *(f"  {line}" for line in sessions[0].transcript[-30:])]
        return "\n" + "\n".join(said)


def _number(after: Caught | int) -> int:
    return after if isinstance(after, int) else after.id


def _described(search: Search) -> str:
    return f" {search.text}" if search else ""
