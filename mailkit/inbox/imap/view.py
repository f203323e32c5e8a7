"""A folder as one client has it selected: messages by their places, and news of them (RFC 3501 2.3.1.2, 7.4)."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import replace

from mailkit.inbox.account import Account, Entry
from mailkit.inbox.imap.fetch import flags_of
from mailkit.inbox.imap.numbers import NumberSet
from mailkit.inbox.imap.part import Part
from mailkit.inbox.imap.syntax import Bad

__all__ = ["View", "sorted_flags"]

_SYSTEM = {one.lower(): one for one in (r"\Answered", r"\Flagged", r"\Deleted", r"\Draft", r"\Seen")}
_MOST_FLAGS = 100
_LONGEST_FLAG = 100


class View:
    """The messages of a folder as the client knows them: what others do is told by :meth:`news`, and not before."""

    def __init__(self, account: Account, folder: int, *, is_read_only: bool) -> None:
        self.account = account
        self.folder = folder
        self.is_read_only = is_read_only
        self._edits = 0
        self.entries: list[Entry] = []
        self.news()
        self._last: tuple[int, Part] | None = None

    def part(self, uid: int) -> Part | None:
        """Return what a message is made of; None when it has been deleted. One that is read in pieces is loaded once."""
        if self._last is None or self._last[0] != uid:
            found = self.account.get(uid)
            self._last = (uid, Part.of(found.raw)) if found else None
        return self._last[1] if self._last else None

    @property
    def uids(self) -> list[int]:
        return [one.uid for one in self.entries]

    def chosen(self, numbers: NumberSet, *, by_uid: bool) -> list[int]:
        """Return at which places the messages of a set stand, from 0. Unknown identifiers are passed over, unknown places not."""
        if by_uid:
            return numbers.places(self.uids)
        if not numbers.is_within(len(self.entries)):
            raise Bad(f"there are {len(self.entries)} messages")
        return numbers.places(range(1, len(self.entries) + 1))

    def news(self) -> bytes:
        """Take up what has changed, and return what the client is told of it: first what is gone, from the end."""
        entries = self.entries
        last = entries[-1].uid if entries else 0
        changes = self.account.changes(self.folder, after=last, edits=self._edits)
        self._edits = changes.edits
        now = {one.uid: one for one in changes.entries}
        said = []
        for place in self._places(changes.edited):
            if entries[place].uid not in now:
                del entries[place]
                said.append(b"* %d EXPUNGE\r\n" % (place + 1))
        changed = []
        for place in self._places(changes.edited):
            before, entry = entries[place], now[entries[place].uid]
            if (before.is_unread, before.flags) != (entry.is_unread, entry.flags):
                entries[place] = entry
                changed.append(b"* %d FETCH (UID %d FLAGS %b)\r\n" % (place + 1, entry.uid, flags_of(entry)))
        if new := [one for one in changes.entries if one.uid > last]:
            entries.extend(new)
            said.append(b"* %d EXISTS\r\n" % len(entries))
        return b"".join([*said, *reversed(changed)])

    def _places(self, uids: set[int] | None) -> Iterator[int]:
        """Go through the places where messages stand that are known, from the end; all of them for None."""
        if uids is None:
            yield from range(len(self.entries) - 1, -1, -1)
            return
        for uid in sorted(uids, reverse=True):
            place = bisect_left(self.entries, uid, key=lambda one: one.uid)
            if place < len(self.entries) and self.entries[place].uid == uid:
                yield place

    def flag(self, place: int, flags: Iterable[str], *, sign: str) -> Entry:
        """Set the flags of a message, or with a ``sign`` add (+) or remove (-) some. Returns what it is then."""
        entry = self.entries[place]
        names, is_seen = sorted_flags(flags)
        if sign == "+":
            names, is_seen = (*entry.flags, *names), is_seen or not entry.is_unread
        elif sign == "-":
            gone = {one.lower() for one in names}
            names = tuple(one for one in entry.flags if one.lower() not in gone)
            is_seen = not entry.is_unread and not is_seen
        names, _ = sorted_flags(names)
        if len(names) > _MOST_FLAGS:
            raise Bad(f"a message has at most {_MOST_FLAGS} flags")
        changed = replace(entry, flags=names, is_unread=not is_seen)
        if changed != entry:
            self.account.flag(entry.uid, is_unread=not is_seen, flags=names)
            self.entries[place] = changed
        return changed


def sorted_flags(flags: Iterable[str]) -> tuple[tuple[str, ...], bool]:
    """Return flags, each once, without ``\\Seen``, and whether that was among them. Raises Bad for one that there cannot be."""
    found: dict[str, str] = {}
    for one in flags:
        key = one.lower()
        if key.startswith("\\") and key not in (*_SYSTEM, r"\recent"):
            raise Bad(f"there is no flag {one[:40]}")
        if len(one) > _LONGEST_FLAG:
            raise Bad(f"a flag has at most {_LONGEST_FLAG} characters")
        if key != r"\recent":  # which the server alone sets
            found.setdefault(key, _SYSTEM.get(key, one))
    is_seen = found.pop(r"\seen", None) is not None
    return tuple(found.values()), is_seen
