"""Caught mail as mail clients read it: accounts with folders, messages with marks (RFC 3501 2.3).

A user who may log in, or under whose name mail was sent, has an inbox of his own. Who logs in with an address finds what was
sent to it; anybody else finds the mail of no user. A message has one number for good, and no other gets it, whatever the
folder: that makes it a unique identifier.
"""

import hmac
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from mailkit import clock
from mailkit.errors import ConfigError
from mailkit.inbox.archive import Archive
from mailkit.inbox.caught import Caught
from mailkit.inbox.search import Condition
from mailkit.inbox.table import Place
from mailkit.smtp import Received

__all__ = ["INBOX", "Account", "Changes", "Entry", "Users"]

INBOX = "INBOX"
_MOST_FOLDERS = 1_000
_LONGEST_NAME = 500


@dataclass(frozen=True, slots=True)
class Entry:
    """A message in a folder."""

    uid: int
    size: int
    at: float
    """When it came, in seconds since 1970."""
    is_unread: bool
    flags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Changes:
    """What happened in a folder. ``edits`` is how many there were by then."""

    edits: int
    edited: set[int] | None
    """The numbers of messages that may be gone or have other marks; None: of any."""
    entries: list[Entry]
    """What there is now of those, and what is new, the oldest first."""


class Users:
    """Who may read, and with which password; without any, everybody may with any."""

    def __init__(self, passwords: Mapping[str, str] | None = None) -> None:
        self._passwords = dict(passwords or {})

    def may_read(self, user: str, password: str) -> bool:
        if not self._passwords:
            return bool(user)
        # An unknown user is compared as well: how long that takes tells nobody who there is.
        return (
            hmac.compare_digest(self._passwords.get(user, "").encode(), password.encode()) and user in self._passwords
        )

    def password(self, user: str) -> str | None:
        """Return the password of a user, for a login that shows only that it is known."""
        return self._passwords.get(user)

    def __bool__(self) -> bool:
        return bool(self._passwords)

    def __contains__(self, user: object) -> bool:
        return user in self._passwords


class Account:
    """The folders of one user. Changes are seen at once by everybody who reads the same.

    Raises ConfigError where the archive cannot be used, and for a folder that there is or is not.
    """

    def __init__(self, archive: Archive, users: Users, user: str) -> None:
        self.archive = archive
        with archive.reading() as table:
            is_own = user in users or table.has_inbox(user)
            # Given once for each archive, and so for its folders (RFC 3501 2.3.1.1): no number is used twice in it.
            self.validity = table.fact("validity", int(clock.now().timestamp()))
        self._address = address = user.lower() if "@" in user and not is_own else ""
        self._name = address or (user if is_own else "")
        self._scope = (
            Condition("EXISTS (SELECT 1 FROM json_each(mail.recipients) AS one WHERE lower(one.value) = ?)", (address,))
            if address
            else Condition("mail.inbox = ?", (self._name,))
        )

    # -- folders -----------------------------------------------------------------------------------------------------

    def folders(self) -> dict[str, int]:
        """Return the folders by their names; the one where mail comes in is 0."""
        with self.archive.reading() as table:
            return {INBOX: 0, **table.folders(self._name)}

    def folder(self, name: str) -> int | None:
        """Return the folder of a name, in which INBOX alone may be written in any case."""
        return 0 if name.upper() == INBOX else self.folders().get(name)

    def create(self, name: str) -> None:
        """Make a folder, and those above it that are missing."""
        _check(name)
        known = self.folders()
        if name in known or name.upper() == INBOX:
            raise ConfigError("there is such a folder already")
        parts = name.split("/")
        missing = ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]
        missing = [one for one in missing if one not in known and one.upper() != INBOX]
        if len(known) + len(missing) > _MOST_FOLDERS:
            raise ConfigError(f"there are {_MOST_FOLDERS} folders already")
        with self.archive.reading() as table, table.writing():
            for one in missing:
                table.add_folder(self._name, one)

    def remove(self, name: str) -> None:
        """Delete a folder with what is in it."""
        folder = self._known(name)
        if any(one.startswith(f"{name}/") for one in self.folders()):
            raise ConfigError("there are folders in it")
        self.archive.forget([one.uid for one in self.entries(folder)])
        with self.archive.reading() as table:
            table.remove_folder(folder)

    def rename(self, name: str, new: str) -> None:
        """Give a folder another name, and those in it too. What is in INBOX moves out of it, and INBOX stays."""
        _check(new)
        known = self.folders()
        if new in known or new.upper() == INBOX:
            raise ConfigError("there is such a folder already")
        if new.startswith(f"{name}/"):
            raise ConfigError("a folder cannot be in itself")
        if name.upper() == INBOX:
            self.create(new)
            with self.archive.reading() as table:
                table.place(self._conditions(0), table.folders(self._name)[new])
            self.archive.tell()
            return
        self._known(name)
        with self.archive.reading() as table, table.writing():
            for one, folder in known.items():
                if one == name or one.startswith(f"{name}/"):
                    table.rename_folder(folder, new + one.removeprefix(name))

    def _known(self, name: str) -> int:
        folder = self.folder(name)
        if folder == 0:
            raise ConfigError("INBOX stays")
        if folder is None:
            raise ConfigError("there is no such folder")
        return folder

    # -- messages ----------------------------------------------------------------------------------------------------

    def entries(self, folder: int) -> list[Entry]:
        """Return what is in a folder, the oldest first."""
        with self.archive.reading() as table:
            rows = table.listed(self._conditions(folder))
        return _entries(rows)

    def changes(self, folder: int, *, after: int, edits: int) -> Changes:
        """Return what is new behind the number ``after``, and what was edited since there were so many ``edits``."""
        here = self._conditions(folder)
        with self.archive.reading() as table:
            now, edited = table.edits.count, table.edits.since(edits)
            if edited is None:
                return Changes(now, None, _entries(table.listed(here)))
            rows = table.listed((Condition("mail.id > ?", (after,)), *here))
            if edited:
                numbers = json.dumps([number for number in edited if number <= after])
                among = Condition("mail.id IN (SELECT value FROM json_each(?))", (numbers,))
                rows = [*table.listed((among, *here)), *rows]
        return Changes(now, edited, _entries(rows))

    def get(self, uid: int) -> Caught | None:
        """Return a message whole; None when it has been deleted meanwhile."""
        return self.archive.get(uid)

    def flag(self, uid: int, *, is_unread: bool, flags: Iterable[str]) -> None:
        with self.archive.reading() as table:
            table.flag(uid, is_unread=is_unread, flags=tuple(flags))
        self.archive.tell()

    def append(self, raw: bytes, folder: int, *, at: float | None, is_unread: bool, flags: Sequence[str]) -> int:
        """Put a message into a folder, and return its number."""
        place = Place(folder, is_unread, tuple(flags))
        received = Received("", (self._address,) if self._address else (), raw, "")
        return self.archive.add(received, inbox="" if self._address else self._name, at=at, place=place)

    def copy(self, entry: Entry, folder: int) -> int | None:
        """Put a copy of a message into a folder, and return its number; None when the message has been deleted."""
        found = self.get(entry.uid)
        if found is None:
            return None
        received = Received(
            found.sender,
            found.recipients,
            found.raw,
            found.hello,
            user=found.user,
            is_secure=found.is_secure,
            peer=found.peer,
            body=found.body,
            is_smtputf8=found.is_smtputf8,
            transcript=found.transcript,
            warnings=found.forgiven,
            origin=found.origin,
        )
        place = Place(folder, entry.is_unread, entry.flags)
        return self.archive.add(received, inbox=found.inbox, at=entry.at, place=place)

    def forget(self, uids: Sequence[int]) -> None:
        self.archive.forget(uids)

    @property
    def next(self) -> int:
        """A number that the next message will have, or one below it."""
        return self.archive.last + 1

    def _conditions(self, folder: int) -> tuple[Condition, ...]:
        here = Condition("mail.folder = ?", (folder,))
        return (here,) if folder else (here, self._scope)


def _entries(rows: Iterable[tuple[int, int, float, bool, str]]) -> list[Entry]:
    return [Entry(uid, size, at, bool(unread), tuple(flags.split())) for uid, size, at, unread, flags in rows]


def _check(name: str) -> None:
    if len(name) > _LONGEST_NAME or not name.isprintable() or not all(name.split("/")):
        raise ConfigError("no folder can be called that")
