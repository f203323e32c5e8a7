"""Who must not be written to: addresses and whole domains, each with a reason, in one SQLite file.

The file may be shared: campaigns read it while others write.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from os import PathLike
from typing import Any

from mailkit import clock
from mailkit.bulk.links import TABLES, Links
from mailkit.database import Database, Kind
from mailkit.errors import AddressError, SuppressionError
from mailkit.message import Address

__all__ = ["Reason", "Suppression", "Suppressions"]

_CHUNK = 500  # rows in one transaction

_TABLE = """
CREATE TABLE suppression (
    key     TEXT PRIMARY KEY,
    reason  TEXT NOT NULL,
    source  TEXT NOT NULL,
    at      REAL NOT NULL,
    expires REAL
) WITHOUT ROWID
"""

# What a person has said is not forgotten because of what a server or an operator says later.
_ADD = """
INSERT INTO suppression (key, reason, source, at, expires) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (key) DO UPDATE SET reason = excluded.reason, source = excluded.source, at = excluded.at, expires = excluded.expires
WHERE suppression.reason NOT IN ('unsubscribed', 'complained') OR excluded.reason IN ('unsubscribed', 'complained')
   OR suppression.expires <= ?
"""


def _create(db: sqlite3.Connection) -> None:
    for table in (_TABLE, *TABLES):
        db.execute(table)


def _migrate(db: sqlite3.Connection, version: int) -> bool:
    if version != 1:
        return False
    for table in TABLES:  # version 1 had no links
        db.execute(table)
    return True


_KIND = Kind(
    application=0x6D6B7375,  # "mksu"
    version=2,
    create=_create,
    migrate=_migrate,
    error=SuppressionError,
    noun="list of suppressed addresses",
    full="list of suppressed addresses",
    option="--suppressions",
)


class Reason(StrEnum):
    """Why somebody is not written to. The first two are the person's own word, and outrank the others."""

    UNSUBSCRIBED = "unsubscribed"
    COMPLAINED = "complained"
    BOUNCED = "bounced"
    MANUAL = "manual"


@dataclass(frozen=True, slots=True)
class Suppression:
    """One address, or ``@domain``, that is not written to. ``source`` says who or what has found that."""

    address: str
    reason: Reason
    source: str
    at: datetime
    expires: datetime | None = None

    def __str__(self) -> str:
        told = ", ".join(part for part in (self.address if self.address.startswith("@") else "", self.source) if part)
        return f"{self.reason} ({told})" if told else str(self.reason)


class Suppressions:
    """A list of whom not to write to, in the file ``path``; without one, only for as long as it is open.

    Threads and processes may share it. An address stands for all its spellings, and ``@example.com`` for every address
    of that domain, but of none below it. ``links`` says whom an unsubscribe link stands for. Raises SuppressionError when the file is no such list, or cannot be used.

    >>> with Suppressions(None) as suppressions:
    ...     _ = suppressions.add("Zoe@Example.com", "bounced", source="5.1.1")
    ...     print(suppressions.find("zoe@example.com"), suppressions.find("bob@example.com"))
    bounced (5.1.1) None
    """

    def __init__(self, path: str | PathLike[str] | None) -> None:
        self._file = Database(path, _KIND)
        self.links = Links(self._file)

    @property
    def path(self) -> str:
        """The file; empty when there is none."""
        return self._file.path

    def add(
        self,
        address: str | Address,
        reason: Reason | str = Reason.MANUAL,
        *,
        source: str = "",
        expires: datetime | None = None,
    ) -> Suppression:
        """Note that an address, or ``@domain``, is not to be written to; until ``expires``, if that is given.

        Who has unsubscribed or complained stays so, with that reason. Returns what is in force now.
        """
        entry = made(address, reason, source=source, expires=expires)
        self.add_all([entry])
        return self._get(entry.address) or entry

    def add_all(self, entries: Iterable[Suppression]) -> None:
        """Add many, in one step."""
        now = clock.now().timestamp()
        with self._file.writing() as db:
            for one in entries:
                expires = one.expires.timestamp() if one.expires else None
                db.execute(_ADD, (one.address, one.reason, one.source, one.at.timestamp(), expires, now))

    def remove(self, address: str | Address) -> bool:
        """Take an address, or ``@domain``, off the list. False if it was not there."""
        with self._file.writing() as db:
            return db.execute("DELETE FROM suppression WHERE key = ?", (key_of(address),)).rowcount > 0

    def find(self, address: str | Address) -> Suppression | None:
        """Return why an address must not be written to, by itself or by its domain; None if it may."""
        key = key_of(address)
        return self._get(key, "@" + key.rpartition("@")[2])

    def find_all(self, keys: Iterable[str]) -> dict[str, Suppression]:
        """Answer :meth:`find` for many normalised addresses at once: those that must not be written to, each with why."""
        asked = list(keys)
        with self._file.reading() as db:
            rows = db.execute(
                "SELECT j.value, s.key, s.reason, s.source, s.at, s.expires FROM json_each(?) j JOIN suppression s "
                "ON s.key IN (j.value, substr(j.value, instr(j.value, '@'))) "
                "WHERE s.expires IS NULL OR s.expires > ? ORDER BY s.key LIKE '@%' DESC",
                (json.dumps(asked), clock.now().timestamp()),
            ).fetchall()
        return {key: _read(tuple(rest)) for key, *rest in rows}  # an address's own entry comes last, and stays

    def stamp(self) -> object:
        """Return something that is equal to what it was before as long as nobody has changed the list."""
        with self._file.reading() as db:
            return db.execute("PRAGMA data_version").fetchone()[0], db.total_changes

    def _get(self, *keys: str) -> Suppression | None:
        with self._file.reading() as db:
            row = db.execute(
                "SELECT key, reason, source, at, expires FROM suppression WHERE key IN (?, ?) "
                "AND (expires IS NULL OR expires > ?) ORDER BY key LIKE '@%' LIMIT 1",
                (keys[0], keys[-1], clock.now().timestamp()),
            ).fetchone()
        return _read(row) if row else None

    def __iter__(self) -> Iterator[Suppression]:
        """Go through what is in force, in the order of addresses. The list may change meanwhile."""
        last = ""
        while True:
            with self._file.reading() as db:
                rows = db.execute(
                    "SELECT key, reason, source, at, expires FROM suppression WHERE key > ? "
                    "AND (expires IS NULL OR expires > ?) ORDER BY key LIMIT ?",
                    (last, clock.now().timestamp(), _CHUNK),
                ).fetchall()
            yield from map(_read, rows)
            if not rows:
                return
            last = rows[-1][0]

    # -- the file ------------------------------------------------------------------------------------------------

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> "Suppressions":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def made(
    address: str | Address,
    reason: Reason | str,
    *,
    source: str = "",
    at: datetime | None = None,
    expires: datetime | None = None,
) -> Suppression:
    """Check what goes into the list. Raises SuppressionError for what cannot."""
    if reason not in tuple(Reason):
        raise SuppressionError(f"{reason!r} is no reason", hint=f"There are: {', '.join(Reason)}.")
    if not source.isprintable() or len(source) > 200:
        raise SuppressionError("a source is at most 200 characters of one line", hint="Such as: 5.1.1, or spring.")
    return Suppression(
        key_of(address), Reason(reason), source, _aware(at or clock.now()), _aware(expires) if expires else None
    )


def key_of(address: str | Address) -> str:
    """Return what an address, or ``@domain``, is kept under. Raises SuppressionError."""
    if isinstance(address, Address):
        return address.key
    text = address.strip()
    try:
        return "@" + Address(f"x{text}").ascii_domain if text.startswith("@") else Address.parse(text).key
    except AddressError as error:
        raise SuppressionError(str(error), hint=error.hint or "Give an address, or a domain as @example.com.") from None


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _read(row: tuple[Any, ...]) -> Suppression:
    key, reason, source, at, expires = row
    expiry = None if expires is None else datetime.fromtimestamp(expires, UTC)
    return Suppression(key, Reason(reason), source, datetime.fromtimestamp(at, UTC), expiry)
