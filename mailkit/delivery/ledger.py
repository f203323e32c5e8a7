"""Which messages have been sent, by a key of the application's own, so that none is sent twice.

A key is *claimed* before its message leaves, and *settled* with the receipt. A message that reached nobody frees its key.
A claim that was never settled is one whose process ended while it was sending: the message may have left, and is in
doubt, for good or until somebody frees the key.
"""

import json
import sqlite3
import threading
from collections.abc import Iterable
from dataclasses import asdict
from os import PathLike

from mailkit import clock
from mailkit.errors import DeliveryError
from mailkit.message import Address
from mailkit.transport import Outcome, Status

__all__ = ["Ledger"]

_TABLE = "CREATE TABLE IF NOT EXISTS sent (key TEXT PRIMARY KEY, claimed_at REAL NOT NULL, outcomes TEXT) WITHOUT ROWID"


class Ledger:
    """Keeps keys in a SQLite file that several processes may share, or in memory. ``keep`` is for how many seconds.

    Raises DeliveryError when the file cannot be used: then nothing is sent.
    """

    def __init__(self, path: str | PathLike[str] = ":memory:", *, keep: float = 30 * 86_400.0) -> None:
        self._keep = keep
        self._lock = threading.Lock()
        try:
            self._file = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10.0)
            self._file.execute("PRAGMA journal_mode=WAL")
            self._file.execute("PRAGMA synchronous=FULL")  # a claim that a power cut forgets is a message sent twice
            self._file.execute(_TABLE)
        except sqlite3.Error as error:
            raise DeliveryError(f"the ledger {str(path)!r} cannot be used: {error}") from None

    def claim(self, key: str, recipients: Iterable[Address]) -> tuple[Outcome, ...] | None:
        """Claim a key. None means that the message is to be sent; otherwise, what became of it is returned."""
        now = clock.now().timestamp()
        with self._lock, _told():
            self._file.execute("DELETE FROM sent WHERE claimed_at < ?", (now - self._keep,))
            made = self._file.execute("INSERT OR IGNORE INTO sent VALUES (?, ?, NULL)", (key, now)).rowcount
            if made:
                return None
            row = self._file.execute("SELECT outcomes FROM sent WHERE key = ?", (key,)).fetchone()
        if row and row[0]:
            return tuple(_outcome(facts) for facts in json.loads(row[0]))
        return tuple(Outcome(one, Status.IN_DOUBT, text=_UNSETTLED, command="claim") for one in recipients)

    def settle(self, key: str, outcomes: Iterable[Outcome]) -> None:
        """Keep what became of the message."""
        facts = [asdict(outcome) | {"recipient": str(outcome.recipient)} for outcome in outcomes]
        with self._lock, _told():
            self._file.execute("UPDATE sent SET outcomes = ? WHERE key = ?", (json.dumps(facts), key))

    def free(self, key: str) -> None:
        """Forget a key, so that its message may be sent."""
        with self._lock, _told():
            self._file.execute("DELETE FROM sent WHERE key = ?", (key,))

    def close(self) -> None:
        self._file.close()


_UNSETTLED = "an earlier call with this key has not ended: the message may have been sent"


def _outcome(facts: dict[str, object]) -> Outcome:
    facts = facts | {"recipient": Address.parse(str(facts["recipient"])), "status": Status(str(facts["status"]))}
    return Outcome(**facts)  # type: ignore[arg-type]  # as they were written


class _told:  # noqa: N801 - reads as a phrase after "with"
    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, sqlite3.Error):
            raise DeliveryError(f"the ledger cannot be used: {error}", hint="Nothing is sent without it.") from None
