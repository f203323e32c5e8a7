"""The journal: what is known of each recipient of a campaign, kept so that it survives whatever happens.

Theory of operation. One SQLite file (WAL, ``synchronous=FULL``) holds one row per recipient, keyed by campaign and
normalised address, so that nobody can be in a campaign twice. A row moves through these states::

    pending ──claim──▶ claimed ──▶ sent | deferred | failed
       ▲                  │
       └── next run ── deferred   (a later run tries those again)

A recipient is *claimed*, durably, before the message is handed over, and gets its end state afterwards, in the same
transaction that claims the next one. What is still claimed when a journal is opened was on its way when the last run was
cut off: nobody can know whether it arrived, so it becomes *in doubt* and is never sent again by itself. A run that ends,
or is interrupted from the keyboard, leaves nothing claimed.

The table has the columns of the whole state machine (owner, epoch, lease, next attempt), so that several senders can
share it one day; now the file is locked by the one that is sending.
"""

import json
import secrets
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from os import PathLike, fspath
from typing import Any

from mailkit import clock
from mailkit.bulk.state import Entry, Result, State
from mailkit.errors import JournalError

__all__ = ["Journal"]


_APPLICATION = 0x6D61696C  # "mail", in the file's header: another program's database is not taken for a journal
_VERSION = 1

_SCHEMA = f"""
CREATE TABLE campaign (
    id          INTEGER PRIMARY KEY,
    name        TEXT NOT NULL UNIQUE,
    secret      BLOB NOT NULL,
    source      TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    is_loaded   INTEGER NOT NULL DEFAULT 0,
    generation  INTEGER NOT NULL DEFAULT 0,
    created_at  TEXT NOT NULL
);
CREATE TABLE recipient (
    campaign        INTEGER NOT NULL REFERENCES campaign (id),
    key             TEXT NOT NULL,
    line            INTEGER NOT NULL,
    generation      INTEGER NOT NULL,
    data            TEXT NOT NULL,
    state           TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ({", ".join(f"'{state}'" for state in State)})),
    attempts        INTEGER NOT NULL DEFAULT 0,
    code            INTEGER NOT NULL DEFAULT 0,
    enhanced        TEXT NOT NULL DEFAULT '',
    text            TEXT NOT NULL DEFAULT '',
    relay           TEXT NOT NULL DEFAULT '',
    queue_id        TEXT NOT NULL DEFAULT '',
    message_id      TEXT NOT NULL DEFAULT '',
    owner           TEXT NOT NULL DEFAULT '',
    epoch           INTEGER NOT NULL DEFAULT 0,
    lease_until     REAL,
    next_attempt_at REAL,
    updated_at      TEXT NOT NULL,
    PRIMARY KEY (campaign, key)
) WITHOUT ROWID;
CREATE INDEX recipient_by_state ON recipient (campaign, state, line);
CREATE TABLE bad_row (
    campaign  INTEGER NOT NULL REFERENCES campaign (id),
    line      INTEGER NOT NULL,
    kind      TEXT NOT NULL CHECK (kind IN ('invalid', 'duplicate')),
    problem   TEXT NOT NULL,
    PRIMARY KEY (campaign, line)
) WITHOUT ROWID;
PRAGMA application_id = {_APPLICATION};
PRAGMA user_version = {_VERSION};
"""


class Journal:
    """One campaign in one journal file; without a ``path``, in memory only. Safe to share between threads.

    Raises JournalError when the file is no journal, is in use, or cannot be written; nothing is sent without it.
    """

    def __init__(self, path: str | PathLike[str] | None, *, name: str) -> None:
        self.path = fspath(path) if path else ""
        self.name = name
        self._lock = threading.Lock()
        try:
            self._db = sqlite3.connect(
                self.path or ":memory:", isolation_level=None, check_same_thread=False, timeout=0.2
            )
        except sqlite3.Error as error:
            raise self._error(error) from None
        with self._guarded(), self._db_closed_on_error():
            self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._refuse_a_stranger()  # before the next line, which would change it
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.execute("BEGIN EXCLUSIVE")
            self._prepare()
            self._db.execute("COMMIT")

    def _refuse_a_stranger(self) -> None:
        application = self._db.execute("PRAGMA application_id").fetchone()[0]
        if application != _APPLICATION and not self._is_empty():
            raise JournalError(
                f"{self.path!r} is a database, but no mailkit journal", hint="Choose another file for --journal."
            )

    def _is_empty(self) -> bool:
        return not self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]

    def _prepare(self) -> None:
        if self._is_empty():
            for statement in _SCHEMA.split(";\n"):
                self._db.execute(statement)
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version != _VERSION:
            raise JournalError(f"{self.path!r} was written by another version of mailkit (format {version})")
        found = self._db.execute("SELECT id FROM campaign WHERE name = ?", (self.name,)).fetchone()
        if found is None:
            cursor = self._db.execute(
                "INSERT INTO campaign (name, secret, source, fingerprint, created_at) VALUES (?, ?, '', '', ?)",
                (self.name, secrets.token_bytes(32), _now()),
            )
            found = (cursor.lastrowid,)
        self._campaign: int = found[0]
        self._db.execute(
            "UPDATE recipient SET state = 'in doubt', text = 'the run was cut off while this message was on its way' "
            "WHERE campaign = ? AND state IN ('claimed', 'dot')",
            (self._campaign,),
        )

    # -- loading -------------------------------------------------------------------------------------------------

    @property
    def is_loaded(self) -> bool:
        """Whether the whole list of recipients is in the journal."""
        return bool(self._campaign_value("is_loaded"))

    @property
    def fingerprint(self) -> str:
        """The digest of the list that was loaded."""
        return str(self._campaign_value("fingerprint"))

    @property
    def secret(self) -> bytes:
        """The campaign's key for ids that nobody can guess and every run makes the same."""
        return bytes(self._campaign_value("secret"))

    def _campaign_value(self, column: str) -> Any:
        with self._guarded():
            return self._db.execute(f"SELECT {column} FROM campaign WHERE id = ?", (self._campaign,)).fetchone()[0]  # noqa: S608

    def begin_loading(self) -> None:
        """Start to read the list, for the first time or anew. While nothing has been sent, the old one is forgotten."""
        with self._transaction():
            self._db.execute(
                "UPDATE campaign SET is_loaded = 0, generation = generation + 1 WHERE id = ?", (self._campaign,)
            )
            self._db.execute("DELETE FROM bad_row WHERE campaign = ?", (self._campaign,))
            if not self._has_begun():
                self._db.execute("DELETE FROM recipient WHERE campaign = ?", (self._campaign,))

    @property
    def has_begun(self) -> bool:
        """Whether anything has been sent, or tried."""
        with self._guarded():
            return self._has_begun()

    def _has_begun(self) -> bool:
        found = self._db.execute(
            "SELECT 1 FROM recipient WHERE campaign = ? AND (state <> 'pending' OR attempts) LIMIT 1", (self._campaign,)
        )
        return found.fetchone() is not None

    def load(self, entries: Iterable[Entry]) -> list[tuple[Entry, int]]:
        """Add recipients that are not there yet. Returns those that this list has had already, with the earlier line."""
        duplicates: list[tuple[Entry, int]] = []
        with self._transaction():
            generation = self._db.execute("SELECT generation FROM campaign WHERE id = ?", (self._campaign,)).fetchone()[
                0
            ]
            for entry in entries:
                first = self._db.execute(
                    "SELECT line, generation FROM recipient WHERE campaign = ? AND key = ?", (self._campaign, entry.key)
                ).fetchone()
                if first is None:
                    self._db.execute(
                        "INSERT INTO recipient (campaign, key, line, generation, data, updated_at) VALUES (?, ?, ?, ?, ?, ?)",
                        (
                            *(self._campaign, entry.key, entry.line, generation),
                            *(json.dumps(entry.data, ensure_ascii=False), _now()),
                        ),
                    )
                elif first[1] == generation:
                    duplicates.append((entry, first[0]))
                else:  # known from an earlier reading of the list, whose lines and cells may have been others
                    self._db.execute(
                        "UPDATE recipient SET line = ?, generation = ?, data = ? WHERE campaign = ? AND key = ?",
                        (entry.line, generation, json.dumps(entry.data, ensure_ascii=False), self._campaign, entry.key),
                    )
        return duplicates

    def note_bad_rows(self, rows: Iterable[tuple[int, str, str]]) -> None:
        """Keep (line, kind, problem) of rows that are not sent."""
        with self._transaction():
            self._db.executemany(
                "INSERT OR REPLACE INTO bad_row (campaign, line, kind, problem) VALUES (?, ?, ?, ?)",
                [(self._campaign, *row) for row in rows],
            )

    def finish_loading(self, *, source: str, fingerprint: str) -> None:
        """Note that the list is in the journal as a whole. Who was taken off it in the meantime is not sent to."""
        with self._transaction():
            self._db.execute(
                "DELETE FROM recipient WHERE campaign = ? AND state IN ('pending', 'deferred') "
                "AND generation < (SELECT generation FROM campaign WHERE id = ?)",
                (self._campaign, self._campaign),
            )
            self._db.execute(
                "UPDATE campaign SET source = ?, fingerprint = ?, is_loaded = 1 WHERE id = ?",
                (source, fingerprint, self._campaign),
            )

    def begin_run(self) -> None:
        """Give the deferred another chance in this run."""
        with self._transaction():
            self._db.execute(
                "UPDATE recipient SET state = 'pending' WHERE campaign = ? AND state = 'deferred'", (self._campaign,)
            )

    # -- sending -------------------------------------------------------------------------------------------------

    def claim(self, *, after: Result | None = None) -> Entry | None:
        """Write down ``after``, then claim and return the next pending recipient, both in one durable step."""
        with self._transaction():
            if after:
                self._write(after)
            found = self._db.execute(
                "SELECT key, line, data FROM recipient WHERE campaign = ? AND state = 'pending' ORDER BY line LIMIT 1",
                (self._campaign,),
            ).fetchone()
            if found is None:
                return None
            self._db.execute(
                "UPDATE recipient SET state = 'claimed', epoch = epoch + 1, updated_at = ? WHERE campaign = ? AND key = ?",
                (_now(), self._campaign, found[0]),
            )
        return Entry(found[0], found[1], json.loads(found[2]))

    def write(self, result: Result) -> None:
        """Write down what became of a recipient."""
        with self._transaction():
            self._write(result)

    def _write(self, result: Result) -> None:
        self._db.execute(
            "UPDATE recipient SET state = ?, code = ?, enhanced = ?, text = ?, relay = ?, queue_id = ?, "
            "message_id = ?, attempts = attempts + ?, updated_at = ? WHERE campaign = ? AND key = ?",
            (
                *(result.state, result.code, result.enhanced, result.text, result.relay, result.queue_id),
                *(result.message_id, result.attempts, _now(), self._campaign, result.key),
            ),
        )

    def peek(self) -> Entry | None:
        """Return the next pending recipient without claiming it."""
        with self._guarded():
            found = self._db.execute(
                "SELECT key, line, data FROM recipient WHERE campaign = ? AND state = 'pending' ORDER BY line LIMIT 1",
                (self._campaign,),
            ).fetchone()
        return Entry(found[0], found[1], json.loads(found[2])) if found else None

    # -- looking -------------------------------------------------------------------------------------------------

    def counts(self) -> dict[State, int]:
        """Return how many recipients are in each state."""
        with self._guarded():
            found = self._db.execute(
                "SELECT state, count(*) FROM recipient WHERE campaign = ? GROUP BY state", (self._campaign,)
            ).fetchall()
        return {State(state): count for state, count in found}

    def pending(self) -> Iterator[Entry]:
        """Go through all recipients that are still to be sent to."""
        last = -1
        while True:
            with self._guarded():
                rows = self._db.execute(
                    "SELECT key, line, data FROM recipient WHERE campaign = ? AND state = 'pending' AND line > ? "
                    "ORDER BY line LIMIT 500",
                    (self._campaign, last),
                ).fetchall()
            for key, line, data in rows:
                last = line
                yield Entry(key, line, json.loads(data))
            if not rows:
                return

    def results(self, state: State, *, limit: int) -> list[tuple[int, Result]]:
        """Return recipients in a state, each with its line."""
        with self._guarded():
            rows = self._db.execute(
                "SELECT line, key, code, enhanced, text, relay, queue_id, message_id, attempts FROM recipient "
                "WHERE campaign = ? AND state = ? ORDER BY line LIMIT ?",
                (self._campaign, state, limit),
            ).fetchall()
        return [(line, Result(key, state, *rest)) for line, key, *rest in rows]

    def bad_rows(self, *, limit: int) -> tuple[list[tuple[int, str, str]], dict[str, int]]:
        """Return (line, kind, problem) of rows that are not sent, and how many there are of each kind."""
        with self._guarded():
            rows = self._db.execute(
                "SELECT line, kind, problem FROM bad_row WHERE campaign = ? ORDER BY line LIMIT ?",
                (self._campaign, limit),
            ).fetchall()
            counts = self._db.execute(
                "SELECT kind, count(*) FROM bad_row WHERE campaign = ? GROUP BY kind", (self._campaign,)
            ).fetchall()
        return rows, dict(counts)

    # -- the file ------------------------------------------------------------------------------------------------

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def __enter__(self) -> "Journal":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        with self._lock:
            try:
                yield
            except sqlite3.Error as error:
                raise self._error(error) from None

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._guarded():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:  # a full disk may have rolled it back already
                    self._db.execute("ROLLBACK")
                raise

    @contextmanager
    def _db_closed_on_error(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self._db.close()
            raise

    def _error(self, error: sqlite3.Error) -> JournalError:
        text = str(error)
        if "locked" in text or "busy" in text:
            return JournalError(
                f"the journal {self.path!r} is in use by another run",
                hint="Wait for it to end; two runs must not share a journal.",
            )
        if "not a database" in text:
            return JournalError(f"{self.path!r} is no journal", hint="Choose another file for --journal.")
        return JournalError(
            f"the journal {self.path!r} cannot be used: {text}", hint="Check the path, its rights and the disk."
        )


def _now() -> str:
    return clock.now().isoformat(timespec="seconds")
