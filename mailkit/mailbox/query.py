"""Searches (RFC 3501 6.4.4): what to look for, as a value that can be combined.

A query is a list of search keys, all of which must hold. Nothing that is given can end a key and begin another one: text
is quoted, or sent as a literal where it is not ASCII; names are checked.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TypeAlias

from mailkit import clock
from mailkit.errors import MailboxError
from mailkit.mailbox.argument import flag_name, number, text, uid_number

__all__ = ["Day", "Query", "sequence_set", "uids_from"]

Day: TypeAlias = date | datetime | timedelta | str
"""A day: a date, ``"2026-01-31"``, or how long ago (``timedelta(days=7)``)."""
_Key: TypeAlias = tuple[str, ...]

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_FIELD_NAME = re.compile(r"[!-9;-~]+")  # RFC 5322 2.2


@dataclass(frozen=True, slots=True, init=False)
class Query:
    r"""What to look for. Everything that is given must hold; ``&``, ``|`` and ``~`` combine queries.

    ``since``, ``before`` and ``on`` go by the day on which the server got the message; ``sent_since`` and its like by the
    Date in the message. ``seen=False`` is the same as ``unseen=True``. Text is looked for anywhere in a field, in any case.

    >>> str(Query(from_="ada", unseen=True) & ~Query(subject="Café", larger=1000))
    'FROM "ada" UNSEEN NOT (SUBJECT "Café" LARGER 1000)'
    >>> str(Query())
    'ALL'

    Raises MailboxError for what cannot be looked for.
    """

    keys: tuple[_Key, ...]
    """The search keys, each a sequence of atoms and strings."""

    def __init__(
        self,
        *,
        from_: str | None = None,
        to: str | None = None,
        cc: str | None = None,
        bcc: str | None = None,
        subject: str | None = None,
        body: str | None = None,
        text: str | None = None,
        header: tuple[str, str] | None = None,
        message_id: str | None = None,
        since: Day | None = None,
        before: Day | None = None,
        on: Day | None = None,
        sent_since: Day | None = None,
        sent_before: Day | None = None,
        sent_on: Day | None = None,
        seen: bool | None = None,
        unseen: bool | None = None,
        flagged: bool | None = None,
        answered: bool | None = None,
        deleted: bool | None = None,
        draft: bool | None = None,
        keyword: str | None = None,
        larger: int | None = None,
        smaller: int | None = None,
        uid: int | Iterable[int] | None = None,
    ) -> None:
        keys: list[_Key] = []
        texts = {"from_": from_, "to": to, "cc": cc, "bcc": bcc, "subject": subject, "body": body, "text": text}
        keys += [(name.upper().strip("_"), _string(value, name)) for name, value in texts.items() if value is not None]
        if header is not None:
            keys.append(_header(header))
        if message_id is not None:
            keys.append(("HEADER", "Message-ID", _string(message_id, "message_id")))
        days = {"since": since, "before": before, "on": on}
        days |= {"sent_since": sent_since, "sent_before": sent_before, "sent_on": sent_on}
        keys += [(name.upper().replace("_", ""), _day(day, name)) for name, day in days.items() if day is not None]
        flags = {"SEEN": seen, "UNSEEN": unseen, "FLAGGED": flagged, "ANSWERED": answered}
        flags |= {"DELETED": deleted, "DRAFT": draft}
        keys += [_flag(name, wanted) for name, wanted in flags.items() if wanted is not None]
        if keyword is not None:
            keys.append(_keyword(keyword))
        for name, size in (("larger", larger), ("smaller", smaller)):
            if size is not None:
                keys.append((name.upper(), str(number(size, field=name, least=0))))
        if uid is not None:
            keys.append(_uids((uid,) if isinstance(uid, int) else uid))
        object.__setattr__(self, "keys", tuple(keys))

    @property
    def is_ascii(self) -> bool:
        """Whether it needs no charset."""
        return all(part.isascii() for key in self.keys for part in key)

    def program(self) -> list[bytes]:
        """Return it as it is sent: what is not ASCII goes as a literal, in UTF-8."""
        return [part.encode() for key in self.keys or (("ALL",),) for part in key]

    def __str__(self) -> str:
        parts = [part for key in self.keys or (("ALL",),) for part in key]
        return " ".join(part if part.isascii() else _quoted(part) for part in parts)

    def __and__(self, other: "Query") -> "Query":
        return _made((*self.keys, *other.keys)) if isinstance(other, Query) else NotImplemented

    def __or__(self, other: "Query") -> "Query":
        return _made((("OR", *self._one(), *other._one()),)) if isinstance(other, Query) else NotImplemented

    def __invert__(self) -> "Query":
        return _made((("NOT", *self._one()),))

    def _one(self) -> _Key:
        """All keys as one."""
        if len(self.keys) == 1:
            return self.keys[0]
        parts = [part for key in self.keys for part in key] or ["ALL"]
        if len(self.keys) < 2:
            return tuple(parts)
        if not parts[-1].isascii():
            parts.append("ALL")  # a parenthesis cannot follow a literal, for IMAPClient puts a space between
        return (f"({parts[0]}", *parts[1:-1], f"{parts[-1]})")


def _made(keys: tuple[_Key, ...]) -> Query:
    query = object.__new__(Query)
    object.__setattr__(query, "keys", keys)
    return query


def uids_from(first: int | str) -> Query:
    """Return the query for a UID and all behind it; from ``*`` on there is the newest."""
    return _made((("UID", "*" if first == "*" else f"{first}:*"),))


def _string(value: str, field: str) -> str:
    found = text(value, field=field)
    return _quoted(found) if found.isascii() else found


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _header(given: tuple[str, str]) -> _Key:
    try:
        name, value = given
    except (TypeError, ValueError):
        raise MailboxError("header: a pair is wanted", hint='Write header=("X-Campaign", "spring").') from None
    if not _FIELD_NAME.fullmatch(text(name, field="header")):
        raise MailboxError(f"header: {name!r} cannot be the name of a field")
    return ("HEADER", _quoted(name), _string(value, "header"))


def _flag(name: str, wanted: bool) -> _Key:
    if wanted:
        return (name,)
    return (name.removeprefix("UN") if name.startswith("UN") else f"UN{name}",)


def _keyword(name: str) -> _Key:
    flag = flag_name(name)
    return (flag[1:].upper(),) if flag.startswith("\\") else ("KEYWORD", flag)


def _uids(uids: Iterable[int]) -> _Key:
    found = sequence_set(uids)
    return ("UID", found) if found else ("NOT", "ALL")


def sequence_set(uids: Iterable[int]) -> str:
    """Return UIDs in their short form (RFC 3501 9).

    >>> sequence_set([8, 1, 2, 3, 5])
    '1:3,5,8'
    """
    ranges: list[list[int]] = []
    for uid in sorted(set(map(uid_number, uids))):
        if ranges and ranges[-1][1] == uid - 1:
            ranges[-1][1] = uid
        else:
            ranges.append([uid, uid])
    return ",".join(str(first) if first == last else f"{first}:{last}" for first, last in ranges)


def _day(given: Day, field: str) -> str:
    try:
        if isinstance(given, timedelta):
            given = clock.now() - given
        day = date.fromisoformat(given) if isinstance(given, str) else given
        if not 1 <= day.year <= 9999:
            raise ValueError
        # RFC 3501 9: months are English, whatever the locale says.
        return f"{day.day}-{_MONTHS[day.month - 1]}-{day.year:04d}"
    except (ValueError, AttributeError, OverflowError):
        raise MailboxError(
            f"{field}: {given!r} is not a day", hint="Give a date, '2026-01-31', or timedelta(days=7)."
        ) from None
