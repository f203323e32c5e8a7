"""Mailbox addresses: ``"Doe, John" <john@example.com>`` (RFC 5322 3.4, RFC 6532, RFC 5891).

Here is the value. How text is read is in ``scan.py``, what an address may contain in ``mailbox.py``.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias, TypeVar

from mailkit.errors import AddressError
from mailkit.message.mailbox import MAX_LENGTH, Mailbox, checked, excerpt, flat, is_ordinary, plain, refuse
from mailkit.message.scan import scan
from mailkit.mime import domain as domains
from mailkit.mime import encodedword
from mailkit.mime.fold import LINE_LENGTH, raw_tokens

__all__ = [
    "Address",
    "Addressee",
    "addresses",
    "each",
    "made",
    "mailbox_tokens",
    "named",
    "ordinary",
    "phrase_tokens",
    "quoted_phrase",
]

_PHRASE = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]++(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]++)*+")  # RFC 5322 3.2.3
_SPECIALS = re.compile(r'[\t\r\n()<>@,;:\\".\[\]]')
# Deciding about one address outside the ordinary costs up to 20 µs a character; a hostile list is made of nothing else.
_MAX_UNUSUAL = 10_000
_KEPT_LENGTH = 256


@dataclass(frozen=True, slots=True, order=True)
class Address:
    """One mailbox: a display name, which may be empty, and an e-mail address.

    >>> print(Address.parse('"Doe, John" <john@example.com>'))
    "Doe, John" <john@example.com>
    >>> Address("zoe@exämple.com", name="Zoë").ascii
    'zoe@xn--exmple-cua.com'

    Raises AddressError for what is no address, with the position of the fault.
    """

    email: str
    name: str = ""

    def __init__(self, email: str, *, name: str = "") -> None:
        if name != "":
            refuse(name, field="display name")
        _set(self, "email", checked(email))
        _set(self, "name", name)

    def __reduce__(self) -> tuple[object, ...]:
        return _restore, (self.email, self.name)

    @classmethod
    def parse(cls, text: str) -> "Address":
        """Read exactly one mailbox from ``text``."""
        return _kept(text) if cls is Address and len(text) <= _KEPT_LENGTH else _parsed(text, cls)

    @classmethod
    def parse_list(cls, text: str, *, tolerant: bool = False) -> tuple["Address", ...]:
        """Read mailboxes separated by commas; the members of a group count as members of the list.

        The tolerant reading, for mail that has arrived, takes the obsolete forms of RFC 5322 4.4 too.
        :func:`mailkit.message.group.parse_list` keeps the groups.
        """
        if one := ordinary(text, cls):
            return (one,)
        return tuple(made(flat(scan(text, tolerant=tolerant)), text, cls))

    @property
    def local(self) -> str:
        """The part before the ``@``, as it was given."""
        return self.email.rpartition("@")[0]

    @property
    def domain(self) -> str:
        """The domain for people, with its own letters (U-labels, RFC 5890 2.3.2.1)."""
        return domains.to_unicode(self.email.rpartition("@")[2])

    @property
    def ascii_domain(self) -> str:
        """The domain for the wire: lower case, A-labels."""
        return domains.to_ascii(self.email.rpartition("@")[2])

    @property
    def wire(self) -> str:
        """The address for headers and commands: the domain in ASCII, the local part as it is."""
        email = self.email
        if email.isascii():
            return email
        local, _, domain = email.rpartition("@")
        return f"{local}@{domain if domain.isascii() else domains.to_ascii(domain)}"

    @property
    def ascii(self) -> str:
        """The whole address in ASCII, its domain in A-labels (RFC 5890 2.3.2.1).

        Raises AddressError when the local part is not ASCII: no other form of it reaches the mailbox (RFC 6530 7.1).
        """
        if self.needs_smtputf8:
            raise AddressError(
                f"{excerpt(self.email)} has no form in ASCII: its local part has letters outside it",
                text=self.email,
                hint="Only servers with SMTPUTF8 (RFC 6531) reach it; for them take .wire.",
            )
        return self.wire

    @property
    def unicode(self) -> str:
        """The whole address for people: its domain with its own letters (U-labels)."""
        return f"{self.local}@{self.domain}"

    @property
    def needs_smtputf8(self) -> bool:
        """Whether only a server with SMTPUTF8 (RFC 6531) can take it: a local part outside ASCII, nothing else."""
        return not self.email.isascii() and not self.local.isascii()

    @property
    def key(self) -> str:
        """The same text for every spelling of one mailbox.

        RFC 5321 2.4 lets a host tell ``Ann@`` from ``ann@``; no provider does, and writing twice to one person is the
        likelier harm.
        """
        return f"{self.local.lower()}@{self.ascii_domain}"

    def __str__(self) -> str:
        return f"{quoted_phrase(self.name)} <{self.email}>" if self.name else self.email


Addressee: TypeAlias = str | Address | tuple[str, str]
"""What may stand for a recipient: an address, a text to be parsed, or a pair of display name and address."""

_set = object.__setattr__


def _restored(cls: type[Address], email: str, name: str) -> Address:
    """Make an address that is right already."""
    address = object.__new__(cls)
    _set(address, "email", email)
    _set(address, "name", name)
    return address


def _restore(email: str, name: str) -> Address:
    return _restored(Address, email, name)


def ordinary(text: str, cls: type[Address] = Address) -> Address | None:
    """Return the address when ``text`` is one of the most ordinary kind."""
    found = plain(text)
    return _restored(cls, found[1], found[0]) if found else None


def _parsed(text: str, cls: type[Address] = Address) -> Address:
    found = cls.parse_list(text)
    if len(found) != 1:
        raise AddressError(
            f"{excerpt(text)} holds {len(found)} addresses where one is wanted" if found else "the address is empty",
            text=text,
            hint="Quote a display name that has a comma in it." if found else "",
        )
    return found[0]


@lru_cache(maxsize=2048)
def _kept(text: str) -> Address:
    return _parsed(text)


def made(found: Iterable[Mailbox], text: str, cls: type[Address] = Address) -> list[Address]:
    """Make the addresses that were found in ``text``. Errors say which one it is, and where."""
    result: list[Address] = []
    unusual = 0
    for mailbox in found:
        name, email, at, is_plain = mailbox
        if is_plain:
            result.append(_restored(cls, email, name))
            continue
        if not is_ordinary(email):
            unusual += min(len(email), MAX_LENGTH)  # a longer one is refused at no cost
        if unusual > _MAX_UNUSUAL:
            raise AddressError(
                f"address {len(result) + 1}: too many unusual addresses in one text, at position {at}",
                text=text,
                position=at,
                hint="Give a list of addresses rather than one text.",
            )
        try:
            address = cls(email, name=name)
        except AddressError as error:
            if email == text:
                raise
            number = f"address {len(result) + 1}: " if result or "," in text else ""
            place = f"at position {at} of {excerpt(text, at)}"
            raise AddressError(f"{number}{error.problem}, {place}", text=text, position=at, hint=error.hint) from None
        result.append(address)
    return result


def quoted_phrase(name: str) -> str:
    """Return a display name as RFC 5322 wants it: bare when it is made of atoms, else a quoted string."""
    if name.isascii():
        if _PHRASE.fullmatch(name) and "=?" not in name:
            return name
    elif not _SPECIALS.search(name) and name == name.strip() and "  " not in name:
        return name
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def phrase_tokens(name: str, column: int) -> list[str]:
    """Cut a display name into tokens for :func:`mailkit.mime.fold.fold`, the first starting at ``column``."""
    # Readers strip white space around a name, even inside quotes; inside an encoded word they do not.
    if encodedword.is_plain(name) and name == name.strip(" \t"):
        phrase = quoted_phrase(name)
        # A quoted string stays whole: some readers keep the fold inside it as part of the name.
        tokens = [f" {phrase}"] if phrase[:1] == '"' else raw_tokens(phrase)
        if max(map(len, tokens)) <= LINE_LENGTH:
            return tokens
    return [f" {word}" for word in encodedword.encode(name, first=LINE_LENGTH - 1 - column)]


def mailbox_tokens(address: Address, column: int) -> list[str]:
    """The tokens of one mailbox. Only the display name is ever encoded: an encoded address reaches nobody."""
    if not address.name:
        return [f" {address.wire}"]
    tokens = phrase_tokens(address.name, column)
    # A local part outside ASCII stays raw UTF-8 (RFC 6532); the envelope then asks for SMTPUTF8.
    tokens.append(f" <{address.wire}>")
    return tokens


def addresses(given: Addressee | Iterable[Addressee], *, field: str) -> tuple[Address, ...]:
    """Read one addressee or many, as the builder's steps take them; of a group, its members. Errors name ``field``."""
    try:
        return tuple(each(given, Address.parse_list))
    except AddressError as error:
        raise named(error, field) from None


def named(error: AddressError, field: str) -> AddressError:
    """Return the same error for a field."""
    return AddressError(error.problem, text=error.text, position=error.position, field=field, hint=error.hint)


_Whole = TypeVar("_Whole")


def each(
    given: object, read: Callable[[str], tuple[Address | _Whole, ...]], whole: type[_Whole] | None = None
) -> Iterator[Address | _Whole]:
    """Go through lists in lists, down to addresses, pairs, texts that are to be ``read``, and what stays ``whole``."""
    if isinstance(given, Address) or (whole is not None and isinstance(given, whole)):
        yield given
    elif isinstance(given, str):
        found = read(given)
        if not found:
            raise AddressError("the address is empty", text=given)
        yield from found
    elif isinstance(given, tuple) and len(given) == 2 and all(isinstance(part, str) for part in given):
        name, email = str(given[0]), str(given[1])
        if is_ordinary(name):
            raise AddressError(
                f"({name!r}, {email!r}) would be read as a display name and an address",
                text=name,
                hint="For two addresses give a list: [a, b]. For that name write Address(email, name=name).",
            )
        yield Address(email, name=name)
    elif isinstance(given, Iterable):
        for one in given:
            yield from each(one, read, whole)
    else:
        raise AddressError(
            f"{given!r} is not an address",
            text=repr(given),
            hint="Give a string, an Address, a (name, address) pair, or a list of those.",
        )
