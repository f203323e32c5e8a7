"""Whom an unsubscribe link stands for, so that no link has to hold an address."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from mailkit import clock
from mailkit.database import Database

__all__ = ["TABLES", "Link", "Links"]

TABLES = (
    """
CREATE TABLE mailing (
    id      INTEGER PRIMARY KEY,
    name    TEXT NOT NULL,
    title   TEXT NOT NULL,
    last_at REAL NOT NULL,
    UNIQUE (name, title)
)""",
    """
CREATE TABLE link (
    token   TEXT PRIMARY KEY,
    key     TEXT NOT NULL,
    mailing INTEGER NOT NULL REFERENCES mailing (id)
) WITHOUT ROWID""",
)


@dataclass(frozen=True, slots=True)
class Link:
    """What a link stands for: a normalised address, the campaign that wrote it, and the list's name for people."""

    key: str
    campaign: str
    title: str = ""


class Links:
    """The links of all campaigns that use one list of suppressed addresses; in the same file."""

    def __init__(self, file: Database) -> None:
        self._file = file

    def remember(self, links: Iterable[tuple[str, str]], *, campaign: str, title: str = "") -> None:
        """Keep (token, normalised address) of links, durably: they work from then on."""
        with self._file.writing() as db:
            (mailing,) = db.execute(
                "INSERT INTO mailing (name, title, last_at) VALUES (?, ?, ?) "
                "ON CONFLICT (name, title) DO UPDATE SET last_at = excluded.last_at RETURNING id",
                (campaign, title, clock.now().timestamp()),
            ).fetchone()
            db.executemany(
                "INSERT INTO link (token, key, mailing) VALUES (?, ?, ?) "
                "ON CONFLICT (token) DO UPDATE SET mailing = excluded.mailing WHERE mailing <> excluded.mailing",
                ((token, key, mailing) for token, key in links),
            )

    def recall(self, token: str) -> Link | None:
        """Return what a link stands for; None when nobody knows it."""
        with self._file.reading() as db:
            row = db.execute(
                "SELECT l.key, m.name, m.title FROM link l JOIN mailing m ON m.id = l.mailing WHERE l.token = ?",
                (token,),
            ).fetchone()
        return Link(*row) if row else None

    def forget(self, before: datetime) -> int:
        """Drop the links of campaigns that have sent nothing since ``before``, and return how many. They stop to work:
        laws ask for a month and more after the last message (CAN-SPAM: 30 days)."""
        with self._file.writing() as db:
            moment = (before.timestamp(),)
            count = db.execute(
                "DELETE FROM link WHERE mailing IN (SELECT id FROM mailing WHERE last_at < ?)", moment
            ).rowcount
            db.execute("DELETE FROM mailing WHERE last_at < ?", moment)
        return count
