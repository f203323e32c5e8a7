"""SQLite files that threads share, and processes where they may: opened, checked, brought up to date, read and written."""

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from os import PathLike, fspath
from pathlib import Path

from mailkit.errors import MailkitError

__all__ = ["Database", "Kind"]

_PATIENCE = 30.0  # seconds for another process to finish its writing
_OLDEST = (3, 38)


@dataclass(frozen=True)
class Kind:
    """What a file is for, and how its tables are made. ``application`` is in its header, so that another program's database
    is not taken for one of ours."""

    application: int
    version: int
    create: Callable[[sqlite3.Connection], object]
    """Makes the tables, within a transaction."""
    migrate: Callable[[sqlite3.Connection, int], bool]
    """Brings those of an older version up to this one, within a transaction; false when there is no way."""
    error: type[MailkitError]
    noun: str
    """What it is called in errors."""
    full: str
    """The same, where it is told from other databases."""
    option: str
    """What it is given to."""
    is_exclusive: bool = False
    """Whether one process has it for itself, at once or not at all, and may lose its last moments in a power cut."""


class Database:
    """One file; without a path it is gone when it is closed. Safe to share between threads, and to take over a fork.

    ``synchronous`` is FULL unless it is exclusive: with less a power cut could forget what had been written down before a
    message left. Raises the kind's error when the file is no such database, or cannot be used.
    """

    def __init__(self, path: str | PathLike[str] | None, kind: Kind, *, must_exist: bool = False) -> None:
        self.path = fspath(path) if path else ""
        self._kind = kind
        if sqlite3.sqlite_version_info < _OLDEST:
            raise kind.error(
                f"Python comes with SQLite {sqlite3.sqlite_version} here; a {kind.noun} needs "
                f"{'.'.join(map(str, _OLDEST))} or newer",
                hint="Use a newer Python.",
            )
        if must_exist and not Path(self.path).exists():
            raise kind.error(f"there is no {kind.noun} {self.path!r}")
        self._connect()

    def _connect(self) -> None:
        self._process = os.getpid()
        self._lock = threading.RLock()
        try:
            # Without a name SQLite keeps it in memory as far as its cache goes, and the rest in a file that nobody else sees.
            self._db = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, timeout=self._patience)
        except sqlite3.Error as error:
            raise self._error(error) from None
        try:
            with self.reading():
                self._open()
        except BaseException:
            self._db.close()
            raise

    @property
    def _patience(self) -> float:
        return 0.0 if self._kind.is_exclusive else _PATIENCE

    def _open(self) -> None:
        if self._kind.is_exclusive:
            self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
        self._refuse_a_stranger()  # before the next line, which would change it
        self._share()
        self._db.execute(f"PRAGMA synchronous = {'NORMAL' if self._kind.is_exclusive else 'FULL'}")
        self._db.execute("PRAGMA wal_autocheckpoint = 4000")
        if self._version() != self._kind.version:
            with self.writing():
                self._bring_up_to_date()

    def _bring_up_to_date(self) -> None:
        kind, version = self._kind, self._version()
        if self._is_empty():
            kind.create(self._db)
            self._db.execute(f"PRAGMA application_id = {kind.application}")
        elif version != kind.version and not kind.migrate(self._db, version):
            raise kind.error(
                f"{self.path!r} was written by another version of mailkit (format {version})",
                hint="Finish it with that version, or with a newer one than this.",
            )
        self._db.execute(f"PRAGMA user_version = {kind.version}")

    def _refuse_a_stranger(self) -> None:
        self._db.execute("BEGIN")  # one look: another process may be making the file just now
        try:
            application = self._db.execute("PRAGMA application_id").fetchone()[0]
            is_empty = self._is_empty()
        finally:
            self._db.execute("ROLLBACK")
        if application != self._kind.application and not is_empty:
            raise self._kind.error(f"{self.path!r} is a database, but no {self._kind.full}", hint=self._another)

    def _is_empty(self) -> bool:
        return not self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]

    def _version(self) -> int:
        return int(self._db.execute("PRAGMA user_version").fetchone()[0])

    def _share(self) -> None:
        """Let others read while one writes. SQLite does not wait by itself when two processes make the file at once."""
        for wait in (*[0.05] * 100, 0.0):
            try:
                self._db.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError as error:
                if not wait or self._kind.is_exclusive or not _is_busy(error):
                    raise
                time.sleep(wait)
            else:
                return

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Give the database for statements that change nothing."""
        if self._process != os.getpid() and self.path:  # SQLite's connections do not cross a fork
            self._connect()
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

    @property
    def _another(self) -> str:
        return f"Choose another file for {self._kind.option}."

    def _error(self, error: sqlite3.Error) -> MailkitError:
        kind, text = self._kind, str(error)
        if _is_busy(error) and kind.is_exclusive:
            return kind.error(f"the {kind.noun} {self.path!r} is in use by another program", hint=self._another)
        if _is_busy(error):
            return kind.error(
                f"another program has kept the {kind.noun} {self.path!r} locked for {_PATIENCE:g} seconds",
                hint="Is a backup running, or a database browser open on it?",
            )
        if "not a database" in text:
            return kind.error(f"{self.path!r} is no {kind.noun}", hint=self._another)
        if "full" in text and not self.path:
            return kind.error(
                f"the {kind.noun} has no file of its own, and there is no room for a temporary one",
                hint=f"Make room where temporary files are (TMPDIR), or give {kind.option} FILE.",
            )
        if "full" in text:
            return kind.error(
                f"the {kind.noun} {self.path!r} cannot be written: the disk is full",
                hint=f"Make room; nothing is lost, and {'it' if kind.is_exclusive else 'the same command'} goes on.",
            )
        return kind.error(
            f"the {kind.noun} {self.path!r} cannot be used: {text}", hint="Check the path, its rights and the disk."
        )


def _is_busy(error: sqlite3.Error) -> bool:
    return "locked" in str(error) or "busy" in str(error)
