"""Which messages: UIDs, together with the folder and the UIDVALIDITY for which they hold (RFC 3501 2.3.1.1)."""

from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

from mailkit.errors import MailboxError
from mailkit.mailbox.argument import uid_number
from mailkit.mailbox.stored import StoredMessage

__all__ = ["Uids", "Which", "resolved", "windows"]


class Uids(tuple[int, ...]):  # noqa: SLOT001 - a tuple can have no slots of its own
    """UIDs of one folder, in the server's order. A tuple that knows for which UIDVALIDITY it holds.

    >>> Uids([3, 5, 8], folder="INBOX", uidvalidity=7)[1:]
    Uids((5, 8), folder='INBOX', uidvalidity=7)
    """

    folder: str
    uidvalidity: int

    def __new__(cls, uids: Iterable[int] = (), *, folder: str, uidvalidity: int) -> "Uids":
        made = super().__new__(cls, uids)
        made.folder = folder
        made.uidvalidity = uidvalidity
        return made

    def __getitem__(self, place: Any, /) -> Any:
        found = super().__getitem__(place)
        return Uids(found, folder=self.folder, uidvalidity=self.uidvalidity) if isinstance(place, slice) else found

    def __repr__(self) -> str:
        return f"Uids({tuple(self)!r}, folder={self.folder!r}, uidvalidity={self.uidvalidity})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _revived, (tuple(self), self.folder, self.uidvalidity)


def _revived(uids: tuple[int, ...], folder: str, uidvalidity: int) -> Uids:
    return Uids(uids, folder=folder, uidvalidity=uidvalidity)


Which: TypeAlias = int | StoredMessage | Iterable[int | StoredMessage]
"""Messages, as a verb takes them: a UID, a message that was read, or many."""


def resolved(which: Which, *, folder: str, uidvalidity: int) -> Uids:
    """Return the UIDs, each once. Raises MailboxError for those of another folder, or of before it was made anew."""
    if isinstance(which, Uids):
        _check(which.folder, which.uidvalidity, folder, uidvalidity)
    found: dict[int, None] = {}
    for one in (which,) if isinstance(which, int | StoredMessage) else _items(which):
        if isinstance(one, StoredMessage):
            _check(one.folder, one.uidvalidity, folder, uidvalidity)
            if not isinstance(one.uid, int):
                raise MailboxError(f"{one.uid!r} is not a UID of IMAP", hint="The message is from a POP3 server.")
        found[uid_number(one.uid if isinstance(one, StoredMessage) else one)] = None  # type: ignore[arg-type]
    return Uids(found, folder=folder, uidvalidity=uidvalidity)


def _items(which: Any) -> Iterator[Any]:
    if isinstance(which, str | bytes) or not isinstance(which, Iterable):
        raise MailboxError(f"{which!r} are not UIDs", hint="Give numbers, what search() returned, or messages.")
    return iter(which)


def _check(theirs: str, validity: int, ours: str, now: int) -> None:
    if theirs != ours:
        raise MailboxError(
            f"these UIDs are of the folder {theirs!r}, and {ours!r} is open", hint=f"Call select({theirs!r}) first."
        )
    if validity != now:
        raise MailboxError(
            f"the folder {ours!r} was made anew (UIDVALIDITY {validity} became {now}), so its old UIDs mean nothing",
            hint="Search again, and take what search() returns.",
        )


def windows(uids: Uids, size: int) -> Iterator[list[int]]:
    """Go through UIDs in pieces that fit into one command."""
    for start in range(0, len(uids), size):
        yield list(tuple.__getitem__(uids, slice(start, start + size)))
