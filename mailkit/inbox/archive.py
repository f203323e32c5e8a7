"""Where caught mail is kept: SQLite, in memory or in a file, with full-text search.

Theory of operation. The thread that talks to a client only appends to a list: that is all that the 250 waits for. Whoever
reads first writes the list down, so nobody ever sees less than what was accepted. A message is read (its fields decoded, its
words indexed) later: the few that a list shows when it shows them, all of them before a search that needs them, and the rest
by a thread of the archive's own while no mail comes.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from os import PathLike

from mailkit import clock
from mailkit.errors import ConfigError
from mailkit.inbox.caught import Caught
from mailkit.inbox.schema import opened
from mailkit.inbox.search import Condition, Search
from mailkit.inbox.summary import Summary
from mailkit.inbox.table import Place, Row, Table, row
from mailkit.smtp import Received

__all__ = ["Archive", "Found", "Tally"]

_ARRIVAL = Place()
_CHUNK = 20  # messages that are filed before others may use the archive
_MOST_WAITING = 500  # messages, or so many bytes:
_MOST_WAITING_BYTES = 8_000_000
_GATHER = 0.05  # seconds in which more mail may come, to be written down together
_REST = 0.25  # seconds without mail before the thread of the archive begins to read


@dataclass(frozen=True, slots=True)
class Found:
    """What a search gives: one page of it, and how many there are."""

    lines: tuple[Summary, ...]
    total: int


@dataclass(frozen=True, slots=True)
class Tally:
    """How full an inbox is."""

    inbox: str
    messages: int
    unread: int
    bytes: int


class Archive:
    """Caught mail. Safe to share between threads.

    The oldest messages go when there are more than ``max_messages`` or ``max_bytes``, or when they are older than ``max_age``
    seconds (0: they stay). Raises ConfigError when the file cannot be used.
    """

    def __init__(
        self,
        path: str | PathLike[str] | None = None,
        *,
        max_messages: int = 100_000,
        max_bytes: int = 1_000_000_000,
        max_age: float = 0.0,
    ) -> None:
        if max_messages < 1 or max_bytes < 1 or max_age < 0:
            raise ConfigError("an inbox holds at least one message")
        self.max_messages = max_messages
        self.max_bytes = max_bytes
        self.max_age = max_age
        self._table = Table(opened(path))
        self._fresh: list[Row] = []
        self._fresh_bytes = 0
        self._fresh_lock = threading.Lock()
        self._arrived = threading.Event()
        self._closing = threading.Event()
        self._listeners: list[Callable[[], object]] = []
        self._last = self._table.last()
        self._count, self._bytes = self._table.totals()
        self._thread = threading.Thread(target=self._tidy, name="mailkit-inbox", daemon=True)
        self._thread.start()

    # -- taking ------------------------------------------------------------------------------------------------------

    def add(self, received: Received, *, inbox: str = "", at: float | None = None, place: Place = _ARRIVAL) -> int:
        """Keep a message, and return its number. It is found from now on. Raises ConfigError when there is no room."""
        if len(self._fresh) >= _MOST_WAITING or self._fresh_bytes >= _MOST_WAITING_BYTES:
            self.flush()  # first, so that a full disk refuses the message, and does not lose it
        moment = clock.now().timestamp() if at is None else at
        with self._fresh_lock:
            self._last += 1
            number = self._last
            self._fresh.append(row(number, moment, inbox, received, place))
            self._fresh_bytes += len(received.data)
        self._arrived.set()
        self.tell()
        return number

    def flush(self) -> None:
        """Write down what was accepted. Raises ConfigError when that cannot be done now; nothing is lost then."""
        if not self._fresh:
            return
        with self._table.held():
            with self._fresh_lock:
                fresh = list(self._fresh)
            size = sum(len(one[-1]) for one in fresh)
            written = self._table.last()  # Ctrl-C may have come when some were written down, and not yet forgotten here
            with self._table.writing():
                self._table.insert([one for one in fresh if one[0] > written])
            with self._fresh_lock:
                del self._fresh[: len(fresh)]
                self._fresh_bytes -= size
            self._count += len(fresh)
            self._bytes += size
            self._prune()

    def subscribe(self, listener: Callable[[], object]) -> Callable[[], None]:
        """Have ``listener`` called after each change, in whichever thread made it. Returns what ends that."""
        self._listeners = [*self._listeners, listener]

        def end() -> None:
            self._listeners = [one for one in self._listeners if one is not listener]

        return end

    def tell(self) -> None:
        """Call the listeners: something has changed."""
        for listener in self._listeners:
            listener()

    # -- reading -----------------------------------------------------------------------------------------------------

    def find(self, search: Search | str = "", *, offset: int = 0, limit: int = 50) -> Found:
        """Return the messages that fit, the newest first. Raises ConfigError for a search that makes no sense."""
        with self._using(search) as conditions:
            total = self._table.count(conditions)
            return Found(self._table.lines(conditions, max(0, offset), max(0, limit)), total)

    def batches(self, search: Search | str = "", *, offset: int = 0, limit: int = 50) -> Found:
        """Return the messages that fit, those of one mailing as one: its newest, which tells how many there are."""
        with self._using(search, all_filed=True) as conditions:
            total = self._table.count_batches(conditions)
            return Found(self._table.batches(conditions, max(0, offset), max(0, limit)), total)

    def get(self, number: int) -> Caught | None:
        """Return one message whole."""
        with self._using():
            return self._table.caught(min(number, self._last + 1))  # SQLite's numbers have an end

    def entries(self, search: Search | str = "", *, after: int = 0) -> Iterator[Caught]:
        """Go through the messages that fit and have a higher number than ``after``, the oldest first, one at a time."""
        with self._using(search) as conditions:
            numbers = self._table.numbers(conditions, after=after)
        for number in numbers:
            if found := self.get(number):  # it may have been deleted meanwhile
                yield found

    def first(self, search: Search | str = "", *, after: int = 0) -> Caught | None:
        """Return the oldest message that fits and has a higher number than ``after``."""
        with self._using(search) as conditions:
            numbers = self._table.numbers(conditions, after=after, limit=1)
            return self._table.caught(numbers[0]) if numbers else None

    def count(self, search: Search | str = "") -> int:
        """Return how many messages fit."""
        with self._using(search) as conditions:
            return self._table.count(conditions)

    def tallies(self) -> tuple[Tally, ...]:
        """Return how full each inbox is."""
        with self._using():
            return tuple(Tally(*found) for found in self._table.tallies())

    @property
    def last(self) -> int:
        """The number of the newest message that ever came."""
        return self._last

    # -- changing ----------------------------------------------------------------------------------------------------

    def delete(self, search: Search | str = "") -> int:
        """Delete the messages that fit, and return how many they were."""
        with self._using(search) as conditions:
            numbers = self._table.numbers(conditions)
            self._forget(numbers)
        self.tell()
        return len(numbers)

    def mark(self, search: Search | str = "", *, unread: bool = False) -> int:
        """Mark the messages that fit as read or unread, and return how many that changes."""
        with self._using(search) as conditions:
            changed = self._table.mark(conditions, unread)
        if changed:
            self.tell()
        return changed

    def tag(self, number: int, tags: Iterable[str]) -> None:
        """Give a message these tags in the place of those it has. Raises ConfigError for one that is no word."""
        words = [tag.strip().lower() for tag in tags]
        if any(not word or len(word) > 60 or len(word.split()) != 1 for word in words):
            raise ConfigError("a tag is a word of at most 60 characters")
        with self._using(), self._table.writing():
            self._table.tag(number, words)
        self.tell()

    @contextmanager
    def reading(self) -> Iterator[Table]:
        """Have the tables for oneself, to read them as a mail client does. Raises ConfigError when that cannot be."""
        with self._using():
            yield self._table

    def forget(self, numbers: Sequence[int]) -> None:
        """Delete messages by their numbers."""
        with self._using():
            self._forget(numbers)
        self.tell()

    def close(self) -> None:
        """Write down what was accepted, and close the file. Closing twice is fine."""
        if self._closing.is_set():
            return
        self._closing.set()
        self._arrived.set()
        self._thread.join()
        try:
            self.flush()
        finally:
            self._table.close()

    # -- within ------------------------------------------------------------------------------------------------------

    @contextmanager
    def _held(self) -> Iterator[None]:
        """Have the table for oneself, with all in it that was accepted."""
        with self._table.held():
            if self._closing.is_set():
                raise ConfigError("the inbox is closed")
            self.flush()
            yield

    @contextmanager
    def _using(self, search: Search | str = "", *, all_filed: bool = False) -> Iterator[Sequence[Condition]]:
        """Have the table for oneself, with all filed that the search asks for, and without what has grown too old."""
        conditions = (search if isinstance(search, Search) else Search(search)).conditions
        all_filed = all_filed or any(condition.needs_filing for condition in conditions)
        while all_filed and self._file_some():
            pass
        with self._held():
            self._prune()
            yield conditions

    def _file_some(self) -> bool:
        """Read a few of the messages that nobody has read yet. False when there are none."""
        with self._held():
            numbers = self._table.unfiled(_CHUNK)
            self._table.file(numbers)
        return bool(numbers)

    def _prune(self) -> None:
        """Forget the oldest, until what is left fits."""
        while self._count > self.max_messages or (self._bytes > self.max_bytes and self._count > 1):
            self._forget(self._table.oldest(max(1, self._count - self.max_messages)))
        if self.max_age:
            self._forget(self._table.before(clock.now().timestamp() - self.max_age))

    def _forget(self, numbers: Sequence[int]) -> None:
        if numbers:
            with self._table.writing():
                freed = self._table.delete(numbers)
            self._bytes -= freed
            self._count -= len(numbers)

    def _tidy(self) -> None:
        """The archive's own thread: write down what came, and read it once no more comes."""
        while self._arrived.wait():
            self._arrived.clear()
            if self._closing.wait(_GATHER):
                return
            with suppress(ConfigError):  # closed, or a full disk: whoever reads or sends next is told
                self.flush()
                while not self._arrived.wait(_REST) and self._file_some():
                    while not self._arrived.is_set() and self._file_some():
                        pass
