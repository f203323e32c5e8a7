"""The statements that the archive gives to SQLite. Whoever calls them holds the table."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from mailkit.database import Database
from mailkit.inbox.caught import Caught
from mailkit.inbox.edits import Edits
from mailkit.inbox.filing import filed
from mailkit.inbox.search import Condition
from mailkit.inbox.summary import Summary
from mailkit.mime.bodytype import BodyType
from mailkit.smtp import Received

__all__ = ["Place", "Row", "Table", "row"]

# In the order of a summary's fields.
_SUMMARY = "id, at, inbox, sender, recipients, size, shown_from, shown_to, subject, snippet, attachments, warnings, unread, tags"
# A message without a batch is one by itself.
_BATCH = "CASE WHEN batch = '' THEN id ELSE batch END"
Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message is put, and with which marks. Folder 0 is where mail comes in."""

    folder: int = 0
    is_unread: bool = True
    flags: tuple[str, ...] = ()


def row(number: int, at: float, inbox: str, received: Received, place: Place) -> Row:
    """Return what is kept of a message: the columns of ``mail``, and its bytes."""
    session = json.dumps(
        {
            "user": received.user,
            "peer": received.peer,
            "hello": received.hello,
            "body": received.body,
            "smtputf8": received.is_smtputf8,
            "forgiven": received.warnings,
            "transcript": received.transcript,
            "origin": dict(received.origin),
        }
    )
    recipients = json.dumps(received.recipients)
    secure = int(received.is_secure)
    size, marks = len(received.data), " ".join(place.flags)
    said = (number, at, inbox, received.sender, recipients, size, secure, session)
    return (*said, place.is_unread, place.folder, marks, received.data)


class Table:
    """Messages in the database that :func:`mailkit.inbox.schema.opened` gives."""

    def __init__(self, database: Database) -> None:
        self.edits = Edits()
        self._database = database
        with database.reading() as db:
            self._db = db

    @contextmanager
    def held(self) -> Iterator[None]:
        """Have the table for oneself. Raises ConfigError when the file cannot be used."""
        with self._database.reading():
            yield

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Change things together, or not at all. One within another is a part of it."""
        if self._db.in_transaction:
            yield
        else:
            with self._database.writing():
                yield

    def last(self) -> int:
        """Return the highest number that a message was ever given."""
        return self._number("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'mail'")

    def totals(self) -> tuple[int, int]:
        """Return how many messages there are, and how many bytes they have."""
        return self._number("SELECT count(*) FROM mail"), self._number("SELECT coalesce(sum(size), 0) FROM mail")

    def insert(self, rows: Sequence[Row]) -> None:
        self._db.executemany(
            "INSERT INTO mail (id, at, inbox, sender, recipients, size, secure, session, unread, folder, flags) "
            "VALUES (?,?,?,?,?,?,?,?,?,?,?)",
            (row[:-1] for row in rows),
        )
        self._db.executemany("INSERT INTO content VALUES (?, ?)", ((row[0], row[-1]) for row in rows))

    def count(self, conditions: Sequence[Condition]) -> int:
        where, values = _where(conditions)
        return self._number(f"SELECT count(*) FROM mail WHERE {where}", values)  # noqa: S608

    def lines(self, conditions: Sequence[Condition], offset: int, limit: int) -> tuple[Summary, ...]:
        """Return a page of messages, the newest first; those that were not filed are filed now."""
        where, values = _where(conditions)
        shown = self._db.execute(
            f"SELECT id, filed FROM mail WHERE {where} ORDER BY id DESC LIMIT ? OFFSET ?",  # noqa: S608
            (*values, limit, offset),
        ).fetchall()
        self.file([number for number, is_filed in shown if not is_filed])
        return tuple(self._line(number) for number, _ in shown)

    def batches(self, conditions: Sequence[Condition], offset: int, limit: int) -> tuple[Summary, ...]:
        """Return a page of batches, each by its newest message; all must be filed."""
        where, values = _where(conditions)
        shown = self._db.execute(
            f"SELECT max(id), count(*) FROM mail WHERE {where} GROUP BY {_BATCH} ORDER BY 1 DESC LIMIT ? OFFSET ?",  # noqa: S608
            (*values, limit, offset),
        ).fetchall()
        return tuple(replace(self._line(number), count=count) for number, count in shown)

    def count_batches(self, conditions: Sequence[Condition]) -> int:
        where, values = _where(conditions)
        return self._number(f"SELECT count(DISTINCT {_BATCH}) FROM mail WHERE {where}", values)  # noqa: S608

    def _line(self, number: int) -> Summary:
        return _summary(self._db.execute(f"SELECT {_SUMMARY} FROM mail WHERE id = ?", (number,)).fetchone())  # noqa: S608

    def numbers(self, conditions: Sequence[Condition], *, after: int = 0, limit: int = -1) -> list[int]:
        where, values = _where(conditions)
        rows = self._db.execute(
            f"SELECT id FROM mail WHERE {where} AND id > ? ORDER BY id LIMIT ?",  # noqa: S608
            (*values, after, limit),
        )
        return [number for (number,) in rows]

    def caught(self, number: int) -> Caught | None:
        row = self._db.execute(
            "SELECT mail.id, at, inbox, sender, recipients, secure, session, unread, tags, raw "
            "FROM mail JOIN content ON content.id = mail.id WHERE mail.id = ?",
            (number,),
        ).fetchone()
        return _caught(row) if row else None

    def tallies(self) -> list[tuple[str, int, int, int]]:
        """Return for each inbox: its name, messages, unread ones, bytes."""
        # The + keeps SQLite from the index of folders, in which nearly all mail has the same one.
        unread = dict(
            self._db.execute("SELECT inbox, count(*) FROM mail WHERE unread = 1 AND +folder = 0 GROUP BY inbox")
        )
        rows = self._db.execute(
            "SELECT inbox, count(*), sum(size) FROM mail WHERE +folder = 0 GROUP BY inbox ORDER BY inbox"
        )
        return [(inbox, count, unread.get(inbox, 0), size) for inbox, count, size in rows]

    def unfiled(self, limit: int) -> list[int]:
        rows = self._db.execute("SELECT id FROM mail WHERE filed = 0 ORDER BY id LIMIT ?", (limit,))
        return [number for (number,) in rows]

    def file(self, numbers: Sequence[int]) -> None:
        """Read messages, and write down what a list and a search need."""
        if not numbers:
            return
        with self.writing():
            for number in numbers:
                if found := self.caught(number):
                    self._file(found)

    def _file(self, found: Caught) -> None:
        columns = filed(found)
        tags = _spaced([*found.tags, *str(columns["tags"]).split()])
        values = {**columns, "tags": tags, "id": found.id}
        is_new = self._db.execute(
            "UPDATE mail SET filed = 1, shown_from = :shown_from, shown_to = :shown_to, subject = :subject, "
            "snippet = :snippet, message_id = :message_id, attachments = :attachments, warnings = :warnings, "
            "has_html = :has_html, has_text = :has_text, tags = :tags, batch = :batch WHERE id = :id AND filed = 0",
            values,
        ).rowcount
        if is_new:
            self._db.execute(
                "INSERT INTO words (rowid, from_, to_, cc, bcc, subject, body, files) "
                "VALUES (:id, :from_, :to_, :cc, :bcc, :subject, :body, :files)",
                values,
            )

    def mark(self, conditions: Sequence[Condition], unread: bool) -> int:
        """Mark the messages that fit, and return how many that changes."""
        return self._edit("unread", int(unread), conditions)

    def _edit(self, column: str, value: int, conditions: Sequence[Condition]) -> int:
        """Give a column another value in the messages that fit, and return in how many that was needed."""
        where, values = _where(conditions)
        rows = self._db.execute(
            f"UPDATE mail SET {column} = ? WHERE {column} != ? AND id IN (SELECT id FROM mail WHERE {where}) RETURNING id",  # noqa: S608
            (value, value, *values),
        )
        numbers = [number for (number,) in rows]
        self.edits.note(numbers)
        return len(numbers)

    def tag(self, number: int, tags: Sequence[str]) -> None:
        self.file([number])  # which would bring back the tags that the message gives itself
        self._db.execute("UPDATE mail SET tags = ? WHERE id = ?", (_spaced(tags), number))

    # -- as mail clients have it -------------------------------------------------------------------------------------

    def listed(self, conditions: Sequence[Condition]) -> list[tuple[int, int, float, bool, str]]:
        """Return for each message that fits, the oldest first: number, size, when it came, unread or not, flags."""
        where, values = _where(conditions)
        sql = f"SELECT id, size, at, unread, flags FROM mail WHERE {where} ORDER BY id"  # noqa: S608
        return self._db.execute(sql, values).fetchall()

    def flag(self, number: int, *, is_unread: bool, flags: Sequence[str]) -> None:
        self._db.execute("UPDATE mail SET unread = ?, flags = ? WHERE id = ?", (is_unread, " ".join(flags), number))
        self.edits.note([number])

    def folders(self, account: str) -> dict[str, int]:
        """Return the folders of an account by their names, but for the one where mail comes in."""
        return dict(self._db.execute("SELECT name, id FROM folder WHERE account = ? ORDER BY name", (account,)))

    def add_folder(self, account: str, name: str) -> int:
        return self._db.execute("INSERT INTO folder (account, name) VALUES (?, ?)", (account, name)).lastrowid or 0

    def rename_folder(self, folder: int, name: str) -> None:
        self._db.execute("UPDATE folder SET name = ? WHERE id = ?", (name, folder))

    def remove_folder(self, folder: int) -> None:
        self._db.execute("DELETE FROM folder WHERE id = ?", (folder,))

    def place(self, conditions: Sequence[Condition], folder: int) -> None:
        """Put the messages that fit into a folder, with the numbers that they have."""
        self._edit("folder", folder, conditions)

    def has_inbox(self, name: str) -> bool:
        return bool(self._number("SELECT EXISTS (SELECT 1 FROM mail WHERE inbox = ?)", (name,)))

    def fact(self, name: str, first: int) -> int:
        """Return what was noted under a name, or note it now."""
        with self.writing():
            self._db.execute("INSERT OR IGNORE INTO fact VALUES (?, ?)", (name, first))
        return self._number("SELECT value FROM fact WHERE name = ?", (name,))

    # -- forgetting --------------------------------------------------------------------------------------------------

    def oldest(self, count: int) -> list[int]:
        return [number for (number,) in self._db.execute("SELECT id FROM mail ORDER BY id LIMIT ?", (count,))]

    def before(self, moment: float) -> list[int]:
        return [number for (number,) in self._db.execute("SELECT id FROM mail WHERE at < ?", (moment,))]

    def delete(self, numbers: Sequence[int]) -> int:
        """Delete messages, and return how many bytes they had."""
        freed = 0
        for number in numbers:
            freed += self._number("SELECT coalesce(sum(size), 0) FROM mail WHERE id = ?", (number,))
            self._db.execute("DELETE FROM mail WHERE id = ?", (number,))
            self._db.execute("DELETE FROM content WHERE id = ?", (number,))
            self._db.execute("DELETE FROM words WHERE rowid = ?", (number,))
        self.edits.note(numbers)
        return freed

    def close(self) -> None:
        self._database.close()

    def _number(self, sql: str, values: Sequence[object] = ()) -> int:
        (found,) = self._db.execute(sql, values).fetchone()
        return int(found)


def _where(conditions: Sequence[Condition]) -> tuple[str, list[object]]:
    where = " AND ".join(f"({condition.sql})" for condition in conditions) or "1"
    return where, [value for condition in conditions for value in condition.values]


def _spaced(tags: Sequence[str]) -> str:
    """Tags as they are searched: each between spaces."""
    found = " ".join(dict.fromkeys(tags))
    return f" {found} " if found else ""


def _caught(row: Row) -> Caught:
    number, at, inbox, sender, recipients, secure, session, unread, tags, raw = row
    facts = json.loads(session)
    return Caught(
        id=number,
        at=_time(at),
        sender=sender,
        recipients=tuple(json.loads(recipients)),
        raw=raw,
        inbox=inbox,
        user=facts["user"],
        peer=facts["peer"],
        hello=facts["hello"],
        is_secure=bool(secure),
        is_unread=bool(unread),
        tags=tuple(tags.split()),
        body=BodyType(facts["body"]),
        is_smtputf8=facts["smtputf8"],
        forgiven=tuple(facts["forgiven"]),
        transcript=tuple(facts["transcript"]),
        origin=facts.get("origin") or {},
    )


def _summary(row: Row) -> Summary:
    number, at, inbox, sender, recipients, size, *said, unread, tags = row
    known: Row = (number, _time(at), inbox, sender, tuple(json.loads(recipients)), size)
    known += (*said, bool(unread), tuple(tags.split()))
    return Summary(*known)


def _time(at: float) -> datetime:
    return datetime.fromtimestamp(at).astimezone()
