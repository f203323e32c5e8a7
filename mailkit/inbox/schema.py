"""The tables of the archive: what is known of each message, its bytes, and the words in it."""

import os
import sqlite3

from mailkit.database import Database, Kind
from mailkit.errors import ConfigError

__all__ = ["opened"]

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
  tags TEXT NOT NULL DEFAULT '',
  batch TEXT NOT NULL DEFAULT '',
  folder INTEGER NOT NULL DEFAULT 0,
  flags TEXT NOT NULL DEFAULT ''
);
CREATE TABLE content (id INTEGER PRIMARY KEY, raw BLOB NOT NULL);
CREATE VIRTUAL TABLE words USING fts5(from_, to_, cc, bcc, subject, body, files, tokenize = 'trigram');
CREATE INDEX unfiled ON mail (id) WHERE filed = 0;
CREATE INDEX batches ON mail (batch) WHERE batch != '';
CREATE INDEX named ON mail (message_id) WHERE message_id != '';
"""
# Folder 0 is where mail comes in; the others were made over IMAP, each by one account.
_FOLDERS = """
CREATE TABLE folder (id INTEGER PRIMARY KEY AUTOINCREMENT, account TEXT NOT NULL, name TEXT NOT NULL, UNIQUE (account, name));
CREATE TABLE fact (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
CREATE INDEX placed ON mail (folder);
CREATE INDEX unread ON mail (inbox, folder) WHERE unread = 1;
CREATE INDEX inboxes ON mail (inbox, size, folder);
"""
_FROM_1 = """
ALTER TABLE mail ADD COLUMN folder INTEGER NOT NULL DEFAULT 0;
ALTER TABLE mail ADD COLUMN flags TEXT NOT NULL DEFAULT '';
DROP INDEX unread;
DROP INDEX inboxes;
"""


def _create(db: sqlite3.Connection) -> None:
    _run(db, _TABLES + _FOLDERS)


def _migrate(db: sqlite3.Connection, version: int) -> bool:
    if version != 1:
        return False
    _run(db, _FROM_1 + _FOLDERS)
    return True


def _run(db: sqlite3.Connection, statements: str) -> None:
    for statement in filter(None, map(str.strip, statements.split(";"))):
        db.execute(statement)


_KIND = Kind(
    application=0x6D6B6962,  # "mkib"
    version=2,
    create=_create,
    migrate=_migrate,
    error=ConfigError,
    noun="inbox",
    full="inbox of mailkit",
    option="the inbox",
    is_exclusive=True,  # it counts its messages by itself
)


def opened(path: str | os.PathLike[str] | None) -> Database:
    """Open the archive in the file ``path``, or in memory. Raises ConfigError when it cannot be used."""
    if path:
        try:  # for its owner alone: mail has passwords and addresses in it
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        except OSError as error:
            raise ConfigError(f"the inbox {os.fspath(path)!r} cannot be used: {error.strerror or error}") from None
    return Database(path, _KIND)
