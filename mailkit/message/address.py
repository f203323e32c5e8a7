"""Mailbox addresses: ``"Doe, John" <john@example.com>`` (RFC 5322 3.4, RFC 6532, RFC 5891).

The parser reads lists of mailboxes and groups, quoted strings, comments and domain literals in one pass over the text,
and names the position of whatever it cannot read. What an address may contain is decided by email-validator.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from mailkit.errors import AddressError, MessageError
from mailkit.mime import domain as domains
from mailkit.mime import encodedword
from mailkit.mime.control import CONTROL, refuse_controls

__all__ = ["Address", "Addressee", "addresses"]

_DOT_ATOM = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_PHRASE = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*")  # RFC 5322 atoms with single spaces between
_SPECIALS = re.compile(r'[ \t\r\n()<>@,;:\\".\[\]]')
_SPACE = re.compile(r"[ \t\r\n]+")
_MAX_COMMENT_DEPTH = 20  # real mail nests none; hostile mail nests until the reader's stack ends


@dataclass(frozen=True, slots=True, order=True)
class Address:
    """One mailbox: a display name, which may be empty, and an e-mail address.

    >>> print(Address.parse('"Doe, John" <john@example.com>'))
    "Doe, John" <john@example.com>
    >>> Address("zoe@exämple.com", name="Zoë").ascii_domain
    'xn--exmple-cua.com'

    Raises AddressError for what is no address, with the position of the fault.
    """

    email: str
    name: str = ""

    def __init__(self, email: str, *, name: str = "") -> None:
        _refuse_controls(name, field="display name")
        object.__setattr__(self, "email", _checked(email))
        object.__setattr__(self, "name", name)

    def __reduce__(self) -> tuple[object, ...]:
        return _restore, (self.email, self.name)

    @classmethod
    def parse(cls, text: str) -> "Address":
        """Read exactly one mailbox from ``text``."""
        found = cls.parse_list(text)
        if len(found) != 1:
            raise AddressError(
                f"{text!r} holds {len(found)} addresses where one is wanted" if found else "the address is empty",
                text=text,
                hint="Quote a display name that has a comma in it." if found else "",
            )
        return found[0]

    @classmethod
    def parse_list(cls, text: str) -> tuple["Address", ...]:
        """Read mailboxes separated by commas; the members of a group count as members of the list."""
        if _DOT_ATOM_ADDRESS.fullmatch(text):
            return (cls(text),)
        if simple := _SIMPLE.fullmatch(text):
            return (cls(simple[2], name=simple[1]),)
        _refuse_controls(text, field="address")
        return tuple(cls(email, name=name) for name, email in _Scanner(text).mailboxes())

    @property
    def local(self) -> str:
        """The part before the ``@``, as it was given."""
        return self.email.rpartition("@")[0]

    @property
    def domain(self) -> str:
        """The domain for people, with its own letters."""
        return domains.to_unicode(self.email.rpartition("@")[2])

    @property
    def ascii_domain(self) -> str:
        """The domain for the wire: lower case, A-labels."""
        return domains.to_ascii(self.email.rpartition("@")[2])

    @property
    def wire(self) -> str:
        """The address for headers and commands: the domain in ASCII, the local part as it is."""
        local, _, domain = self.email.rpartition("@")
        return f"{local}@{domain if domain.isascii() else domains.to_ascii(domain)}"

    @property
    def needs_smtputf8(self) -> bool:
        """Whether only a server with SMTPUTF8 (RFC 6531) can take it: a local part outside ASCII, nothing else."""
        return not self.local.isascii()

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


def _restore(email: str, name: str) -> Address:
    address = object.__new__(Address)
    object.__setattr__(address, "email", email)
    object.__setattr__(address, "name", name)
    return address


_DOT_ATOM_ADDRESS = re.compile(rf"{_DOT_ATOM.pattern}@[A-Za-z0-9.-]+")
# Ada Lovelace <ada@example.com>: what nearly all are like, and the scanner would read the same way.
_SIMPLE = re.compile(rf"([A-Za-z0-9]+(?: [A-Za-z0-9]+)*) <({_DOT_ATOM_ADDRESS.pattern})>")


def quoted_phrase(name: str) -> str:
    """Return a display name as RFC 5322 wants it: bare when it is made of atoms, else a quoted string."""
    if name.isascii():
        if _PHRASE.fullmatch(name) and name == name.strip() and "  " not in name and "=?" not in name:
            return name
    elif not _SPECIALS.search(name.replace(" ", "")) and name == name.strip() and "  " not in name:
        return name
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _refuse_controls(text: str, *, field: str) -> None:
    try:
        refuse_controls(text, field=field)
    except MessageError as error:
        found = CONTROL.search(text)
        position = found.start() if found else 0
        raise AddressError(error.problem, text=text, position=position, hint=error.hint) from None


@lru_cache(maxsize=1024)
def _checked(email: str) -> str:
    """Return the address in the form that mailkit keeps, or raise AddressError."""
    _refuse_controls(email, field="address")
    local, at, domain = email.rpartition("@")
    if not at:
        raise AddressError(f"{email!r} has no @", text=email, position=len(email), hint="Write it as name@example.com.")
    # The ordinary address is decided here, by the same rules; a property test holds the two together.
    if (
        len(local) <= 64
        and _DOT_ATOM.fullmatch(local)
        and domains.is_plain(domain)
        and not domain.rpartition(".")[2].isdigit()
        and "--" not in domain
        and len(email) <= 254
    ):
        return email
    return _validated(email)


def _validated(email: str) -> str:
    from email_validator import EmailNotValidError, validate_email  # here: it costs 50 ms that plain mail never needs

    local, _, domain = email.rpartition("@")
    # email-validator refuses localhost and .local, where mail is developed, so it is not asked about host names.
    is_host = domains.is_plain(domain) and "--" not in domain and len(email) <= 254
    try:
        valid = validate_email(
            f"{local}@example.com" if is_host else email,
            check_deliverability=False,
            allow_quoted_local=True,
            allow_domain_literal=True,
            globally_deliverable=False,
            test_environment=True,  # .test too is where mail is developed
        )
    except EmailNotValidError as error:
        raise AddressError(f"{email!r} is not an address: {_sentence(error)}", text=email) from None
    local, domain = valid.local_part, domain if is_host else valid.domain
    if domain.rpartition(".")[2].isdigit():
        raise AddressError(
            f"{email!r} is not an address: no domain ends in a number", text=email, hint="Write name@[192.0.2.1]."
        )
    # A quoted local part may hold another address; only the last @ counts, and the quotes stay (never unquoted).
    return f"{local}@{domain}"


def _sentence(error: Exception) -> str:
    text = str(error).strip()
    return text[:1].lower() + text[1:]


def addresses(given: Addressee | Iterable[Addressee], *, field: str) -> tuple[Address, ...]:
    """Read one addressee or many, as the builder's steps take them. Errors name ``field``."""
    try:
        return tuple(_each(given))
    except AddressError as error:
        raise AddressError(
            error.problem, text=error.text, position=error.position, field=field, hint=error.hint
        ) from None


def _each(given: Addressee | Iterable[Addressee]) -> Iterable[Address]:
    if isinstance(given, Address):
        yield given
    elif isinstance(given, str):
        found = Address.parse_list(given)
        if not found:
            raise AddressError("the address is empty", text=given)
        yield from found
    elif isinstance(given, tuple) and len(given) == 2 and all(isinstance(part, str) for part in given):
        name, email = str(given[0]), str(given[1])
        if _DOT_ATOM_ADDRESS.fullmatch(name):
            raise AddressError(
                f"({name!r}, {email!r}) would be read as a display name and an address",
                text=name,
                hint="For two addresses give a list: [a, b]. For that name write Address(email, name=name).",
            )
        yield Address(email, name=name)
    elif isinstance(given, Iterable):
        for one in given:
            yield from _each(one)
    else:
        raise AddressError(
            f"{given!r} is not an address",
            text=repr(given),
            hint="Give a string, an Address, a (name, address) pair, or a list of those.",
        )


class _Scanner:
    """One pass over an address list. Every step moves forward, so time is linear in the length of the text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def mailboxes(self) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        group_from = -1
        while True:
            self._skip()
            match self._peek():
                case "":
                    if group_from >= 0:
                        raise self._error("a group is not ended by ';'", group_from)
                    return found
                case ",":
                    self._at += 1
                case ";" if group_from >= 0:
                    group_from = -1
                    self._at += 1
                case _:
                    start = self._at
                    words = self._words()
                    if self._peek() == ":":
                        if group_from >= 0:
                            raise self._error("a group inside a group", start)
                        group_from = start
                        self._at += 1
                    else:
                        found.append(self._mailbox(words, start))
                        self._separator(in_group=group_from >= 0)

    def _separator(self, *, in_group: bool) -> None:
        self._skip()
        if self._peek() not in (("", ",", ";") if in_group else ("", ",")):
            raise self._error("expected a comma between two addresses", self._at, hint=_QUOTE_HINT)

    def _mailbox(self, words: list[str], start: int) -> tuple[str, str]:
        if self._peek() == "<":
            self._at += 1
            self._skip()
            email = self._address(self._words(), self._at)
            self._skip()
            if self._peek() != ">":
                raise self._error("'<' without '>'", self._at)
            self._at += 1
            return _display(words), email
        return "", self._address(words, start)

    def _address(self, words: list[str], start: int) -> str:
        local = "".join(words)
        if self._peek() != "@":
            shown = self._text[start : self._at].strip()
            problem = f"{shown!r} has no @" if shown else "expected an address"
            raise self._error(problem, start, hint=_QUOTE_HINT if self._peek() == "," else "")
        if not words or (len(words) > 1 and any(word.startswith('"') for word in words)):
            raise self._error("the part before '@' is not a dot-atom or one quoted string", start)
        self._at += 1
        self._skip()
        domain = self._literal() if self._peek() == "[" else "".join(self._words(spaces=False))
        if not domain:
            raise self._error("nothing after '@'", self._at)
        if self._peek() == "@":
            raise self._error("a second '@'", self._at)
        return f"{local}@{domain}"

    def _words(self, *, spaces: bool = True) -> list[str]:
        """Atoms (dots belong to them) and quoted strings, with the comments between them left out."""
        words: list[str] = []
        while True:
            here = self._peek()
            if here == '"':
                words.append(self._quoted())
            elif here == ".":
                words.append(here)
                self._at += 1
            elif here and not _SPECIALS.match(here):
                end = _SPECIALS.search(self._text, self._at)
                stop = end.start() if end else len(self._text)
                words.append(self._text[self._at : stop])
                self._at = stop
            else:
                before = self._at
                self._skip()
                if self._at == before:
                    return words
                if spaces and self._peek() not in ("@", "", "<", ">", ",", ";", ":") and words:
                    words.append(" ")
                elif not spaces and self._peek() not in ("", ">", ",", ";"):
                    raise self._error("white space inside the domain", before, hint=_QUOTE_HINT)

    def _quoted(self) -> str:
        start = self._at
        found = _QUOTED.match(self._text, start)
        if found is None:
            raise self._error("a quote that is not closed", start)
        self._at = found.end()
        return found[0]

    def _literal(self) -> str:
        end = self._text.find("]", self._at)
        if end < 0:
            raise self._error("'[' without ']'", self._at)
        start, self._at = self._at, end + 1
        return self._text[start : self._at]

    def _skip(self) -> None:
        """Pass over white space and comments."""
        while True:
            space = _SPACE.match(self._text, self._at)
            if space:
                self._at = space.end()
            if self._peek() != "(":
                return
            self._comment()

    def _comment(self) -> None:
        start, depth = self._at, 0
        for found in _COMMENT_MARK.finditer(self._text, start):
            depth += {"(": 1, ")": -1}.get(found[0], 0)
            if depth > _MAX_COMMENT_DEPTH:
                raise self._error(f"comments nested more than {_MAX_COMMENT_DEPTH} deep", found.start())
            if depth == 0:
                self._at = found.end()
                return
        raise self._error("a comment that is not closed", start)

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _error(self, problem: str, position: int, *, hint: str = "") -> AddressError:
        shown = self._text if len(self._text) <= 80 else self._text[:77] + "..."
        return AddressError(
            f"{problem} at position {position} of {shown!r}", text=self._text, position=position, hint=hint
        )


_QUOTE_HINT = 'Quote a display name that has special characters in it: "Doe, John" <john@example.com>.'
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_COMMENT_MARK = re.compile(r"\\.|[()]", re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


def _display(words: list[str]) -> str:
    """Join a phrase's words into the display name that they spell."""
    spelled = [_ESCAPE.sub(r"\1", word[1:-1]) if word[:1] == '"' else word for word in words]
    # In a parsed header the words of a name may be encoded (RFC 2047 5(3)); in a quoted string they may not be, but
    # senders do it, and no person's name begins with "=?".
    return encodedword.decode("".join(spelled))
