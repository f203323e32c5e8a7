"""The journal's file: opened, checked, brought up to date, read and written; SQLite's errors become mailkit's."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike, fspath
from pathlib import Path

from mailkit.bulk.journal import schema
from mailkit.errors import JournalError

__all__ = ["Store"]

_PATIENCE = 30.0  # seconds for another process to finish its writing
_ELSEWHERE = "Choose another file for --journal."


class Store:
    """One SQLite file that threads and processes may share; without a path it is in memory.

    ``synchronous`` is FULL: with less a power cut could forget what was written down before a message left, and it would
    leave again. Raises JournalError when the file is no journal, or cannot be used.
    """

    def __init__(self, path: str | PathLike[str] | None, *, must_exist: bool = False) -> None:
        self.path = fspath(path) if path else ""
        self._lock = threading.RLock()
        if sqlite3.sqlite_version_info < (3, 38):
            raise JournalError(
                f"Python comes with SQLite {sqlite3.sqlite_version} here; journals need 3.38 or newer",
                hint="Use a newer Python.",
            )
        if must_exist and not Path(self.path).exists():
            raise JournalError(f"there is no journal {self.path!r}")
        try:
            self._db = sqlite3.connect(
                self.path or ":memory:", isolation_level=None, check_same_thread=False, timeout=_PATIENCE
            )
        except sqlite3.Error as error:
            raise self._error(error) from None
        try:
            with self.reading():
                self._open()
        except BaseException:
            self._db.close()
            raise

    def _open(self) -> None:
        db = self._db
        self._refuse_a_stranger()  # before the next line, which would change it
        version = db.execute("PRAGMA user_version").fetchone()[0]
        if self._is_empty() or version != schema.VERSION:
            self._share()
            db.execute("PRAGMA synchronous = FULL")
            with self.writing():
                self._bring_up_to_date()
        else:
            self._share()
            db.execute("PRAGMA synchronous = FULL")
        db.execute("PRAGMA wal_autocheckpoint = 4000")

    def _bring_up_to_date(self) -> None:
        if self._is_empty():
            schema.create(self._db)
            return
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version != schema.VERSION and not schema.migrate(self._db, version):
            raise JournalError(
                f"{self.path!r} was written by another version of mailkit (format {version})",
                hint="Finish it with that version, or with a newer one than this.",
            )

    def _refuse_a_stranger(self) -> None:
        self._db.execute("BEGIN")  # one look: another process may be making the file just now
        try:
            application = self._db.execute("PRAGMA application_id").fetchone()[0]
            is_empty = self._is_empty()
        finally:
            self._db.execute("ROLLBACK")
        if application != schema.APPLICATION and not is_empty:
            raise JournalError(f"{self.path!r} is a database, but no mailkit journal", hint=_ELSEWHERE)

    def _is_empty(self) -> bool:
        return not self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]

    def _share(self) -> None:
        """Let others read while one writes. SQLite does not wait by itself when two processes make the file at once."""
        for wait in (*[0.05] * 100, 0.0):
            try:
                self._db.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError as error:
                if not wait or not _is_busy(error):
                    raise
                time.sleep(wait)
            else:
                return

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Give the database for statements that change nothing."""
        with self._lock:
            try:
                yield self._db
            except sqlite3.Error as error:
                raise self._error(error) from None

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Give the database for one transaction, which is on the disk when the block ends, or undone."""
        with self.reading() as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:  # a full disk may have rolled it back already
                    db.execute("ROLLBACK")
                raise

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def _error(self, error: sqlite3.Error) -> JournalError:
        text = str(error)
        if _is_busy(error):
            return JournalError(
                f"another program has kept the journal {self.path!r} locked for {_PATIENCE:g} seconds",
                hint="Is a backup running, or a database browser open on it?",
            )
        if "not a database" in text:
            return JournalError(f"{self.path!r} is no journal", hint=_ELSEWHERE)
        if "full" in text:
            return JournalError(
                f"the journal {self.path!r} cannot be written: the disk is full",
                hint="Make room; nothing is lost, and the same command goes on.",
            )
        return JournalError(
            f"the journal {self.path!r} cannot be used: {text}", hint="Check the path, its rights and the disk."
        )


def _is_busy(error: sqlite3.Error) -> bool:
    return "locked" in str(error) or "busy" in str(error)
