"""The tables of the archive: what is known of each message, its bytes, and the words in it."""

import os
import sqlite3
import stat
from pathlib import Path

from mailkit.errors import ConfigError

__all__ = ["opened"]

_APPLICATION = 0x6D6B6962  # "mkib", in the file's header: another program's database is not taken for one of ours
_VERSION = 1
_TABLES = """
CREATE TABLE mail (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at REAL NOT NULL,
  inbox TEXT NOT NULL,
  sender TEXT NOT NULL,
  recipients TEXT NOT NULL,
  size INTEGER NOT NULL,
  secure INTEGER NOT NULL,
  session TEXT NOT NULL,
  unread INTEGER NOT NULL DEFAULT 1,
  filed INTEGER NOT NULL DEFAULT 0,
  shown_from TEXT NOT NULL DEFAULT '',
  shown_to TEXT NOT NULL DEFAULT '',
  subject TEXT NOT NULL DEFAULT '',
  snippet TEXT NOT NULL DEFAULT '',
  message_id TEXT NOT NULL DEFAULT '',
  attachments INTEGER NOT NULL DEFAULT 0,
  warnings INTEGER NOT NULL DEFAULT 0,
  has_html INTEGER NOT NULL DEFAULT 0,
  has_text INTEGER NOT NULL DEFAULT 0,
  tags TEXT NOT NULL DEFAULT ''
);
CREATE TABLE content (id INTEGER PRIMARY KEY, raw BLOB NOT NULL);
CREATE VIRTUAL TABLE words USING fts5(from_, to_, cc, bcc, subject, body, files, tokenize = 'trigram');
CREATE INDEX unfiled ON mail (id) WHERE filed = 0;
CREATE INDEX unread ON mail (inbox) WHERE unread = 1;
CREATE INDEX inboxes ON mail (inbox, size);
CREATE INDEX named ON mail (message_id) WHERE message_id != '';
"""


def opened(path: str | os.PathLike[str] | None) -> sqlite3.Connection:
    """Open the archive in the file ``path``, or in memory. Raises ConfigError when it cannot be used."""
    name = os.fspath(path) if path else ":memory:"
    if path:
        _own(Path(name))
    try:
        # Whoever uses it takes its lock, so threads never meet in it.
        db = sqlite3.connect(name, isolation_level=None, check_same_thread=False, timeout=1.0)
    except sqlite3.Error as error:
        raise _unusable(name, error) from None
    try:
        _prepare(db, name)
    except sqlite3.Error as error:
        db.close()
        raise _unusable(name, error) from None
    except BaseException:
        db.close()
        raise
    return db


def _own(path: Path) -> None:
    """Make the file for its owner alone: mail has passwords and addresses in it."""
    try:
        if not _is_regular(path):
            raise ConfigError(f"{str(path)!r} is not a file")
    except OSError as error:
        raise ConfigError(f"cannot keep mail in {str(path)!r}: {error.strerror}") from None


def _is_regular(path: Path) -> bool:
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        return stat.S_ISREG(os.fstat(descriptor).st_mode)
    finally:
        os.close(descriptor)


def _prepare(db: sqlite3.Connection, name: str) -> None:
    db.execute("PRAGMA locking_mode = EXCLUSIVE")  # ids are counted here, so one inbox has one file
    (application,) = db.execute("PRAGMA application_id").fetchone()
    (tables,) = db.execute("SELECT count(*) FROM sqlite_master").fetchone()
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if tables and application != _APPLICATION:
        raise ConfigError(f"{name!r} is another program's database", hint="Choose another file for the inbox.")
    if version > _VERSION:
        raise ConfigError(f"{name!r} was written by a newer mailkit", hint="Update mailkit, or choose another file.")
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = NORMAL")
    db.execute("PRAGMA cache_size = -65536")
    db.execute("PRAGMA temp_store = MEMORY")
    if not tables:
        db.executescript(
            f"BEGIN;{_TABLES}PRAGMA application_id = {_APPLICATION};PRAGMA user_version = {_VERSION};COMMIT;"
        )


def _unusable(name: str, error: sqlite3.Error) -> ConfigError:
    if "locked" in str(error):
        return ConfigError(f"{name!r} is in use by another inbox", hint="Stop that one, or choose another file.")
    if "fts5" in str(error) or "tokenizer" in str(error):
        return ConfigError(
            f"Python comes with SQLite {sqlite3.sqlite_version} here, which cannot search by trigrams",
            hint="SQLite 3.34 or newer with FTS5 is needed: use a newer Python.",
        )
    return ConfigError(f"cannot keep mail in {name!r}: {error}", hint="Choose another file for the inbox.")
