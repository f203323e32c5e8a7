"""Groups of mailboxes: ``Team: ada@example.com, bob@example.com;`` (RFC 5322 3.4).

A group gives recipients a common name in the header; the envelope knows only its members. With no members it says that
there are recipients and not who: ``undisclosed-recipients:;``.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from mailkit.errors import AddressError
from mailkit.message.address import (
    Address,
    Addressee,
    each,
    made,
    mailbox_tokens,
    named,
    ordinary,
    phrase_tokens,
    quoted_phrase,
)
from mailkit.message.mailbox import Entry, Grouped, Mailbox, flat, refuse
from mailkit.message.scan import scan

__all__ = ["Group", "Recipient", "members", "only_mailboxes", "parse_list", "recipients"]


@dataclass(frozen=True, slots=True)
class Group:
    """A name for several mailboxes, or for none.

    >>> print(Group("Team", ["ada@example.com", ("Doe, Bob", "bob@example.com")]))
    Team: ada@example.com, "Doe, Bob" <bob@example.com>;
    >>> print(Group("undisclosed-recipients"))
    undisclosed-recipients:;

    Raises AddressError for an empty name, and for a group inside a group.
    """

    name: str
    members: tuple[Address, ...] = ()

    def __init__(self, name: str, members: Addressee | Iterable[Addressee] = ()) -> None:
        refuse(name, field="group name")
        if not name.strip():
            raise AddressError(
                "a group without a name", text=name, hint="RFC 5322 3.4 wants one: 'Team: a@b.example;'."
            )
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "members", only_mailboxes(members, field="group"))

    def __iter__(self) -> Iterator[Address]:
        return iter(self.members)

    def __str__(self) -> str:
        inside = ", ".join(map(str, self.members))
        return f"{quoted_phrase(self.name)}:{' ' if inside else ''}{inside};"

    def tokens(self, column: int) -> list[str]:
        """Cut the group into tokens for :func:`mailkit.mime.fold.fold`, the first starting at ``column``."""
        tokens = phrase_tokens(self.name, column)
        if tokens[-1].endswith("?="):
            tokens.append(" :")  # RFC 2047 5(3): white space parts an encoded word from what follows
        else:
            tokens[-1] += ":"
        for place, member in enumerate(self.members):
            if place:
                tokens[-1] += ","
            tokens += mailbox_tokens(member, 1)
        tokens[-1] += ";"
        return tokens


Recipient: TypeAlias = Address | Group
"""What an address list holds (RFC 5322 3.4: address)."""


def parse_list(text: str, *, tolerant: bool = False) -> tuple[Recipient, ...]:
    """Read mailboxes and groups separated by commas. The tolerant reading is that of :meth:`Address.parse_list`."""
    if one := ordinary(text):
        return (one,)
    return _assembled(scan(text, tolerant=tolerant), text)


def _assembled(entries: list[Entry], text: str) -> tuple[Recipient, ...]:
    addresses = iter(made(flat(entries), text))
    found: list[Recipient] = []
    for entry in entries:
        if isinstance(entry, Mailbox):
            found.append(next(addresses))
        else:
            found.append(_group(entry, [next(addresses) for _ in entry.members], text))
    return tuple(found)


def _group(entry: Grouped, inside: list[Address], text: str) -> Group:
    try:
        return Group(entry.name, inside)
    except AddressError as error:
        raise AddressError(
            f"{error.problem}, at position {entry.at}", text=text, position=entry.at, hint=error.hint
        ) from None


def members(found: tuple[Recipient, ...]) -> tuple[Address, ...]:
    """Return the addresses, those of groups' members too."""
    for one in found:
        if isinstance(one, Group):
            break
    else:  # nearly always
        return found  # type: ignore[return-value]
    result: list[Address] = []
    for one in found:
        if isinstance(one, Group):
            result += one.members
        else:
            result.append(one)
    return tuple(result)


def recipients(given: Addressee | Group | Iterable[Addressee | Group], *, field: str) -> tuple[Recipient, ...]:
    """Read addressees as :func:`mailkit.message.address.addresses` does, and keep groups. Errors name ``field``."""
    try:
        return tuple(each(given, parse_list, Group))
    except AddressError as error:
        raise named(error, field) from None


def only_mailboxes(given: Addressee | Iterable[Addressee | Iterable[Addressee]], *, field: str) -> tuple[Address, ...]:
    """Read addressees where no group may stand: From, Sender (RFC 5322 3.6.2), and groups. Errors name ``field``."""
    try:
        found: list[Address] = []
        for one in each(given, _mailboxes, Group):
            if isinstance(one, Group):
                raise _misplaced(one.name, str(one), 0)
            found.append(one)
        return tuple(found)
    except AddressError as error:
        raise named(error, field) from None


def _mailboxes(text: str) -> tuple[Recipient, ...]:
    if one := ordinary(text):
        return (one,)
    entries = scan(text)
    for entry in entries:
        if isinstance(entry, Grouped):
            raise _misplaced(entry.name, text, entry.at)
    return _assembled(entries, text)


def _misplaced(name: str, text: str, position: int) -> AddressError:
    return AddressError(
        f"the group {name!r} at position {position} cannot stand here, where mailboxes are wanted",
        text=text,
        position=position,
        hint="Groups may stand in To, Cc, Bcc and Reply-To (RFC 5322 3.6), and not inside each other.",
    )
