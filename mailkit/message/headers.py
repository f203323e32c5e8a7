"""Header fields: an ordered multimap that keeps case, order and repeats (RFC 5322 2.2, 3.6)."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import TypeAlias

from mailkit.errors import HeaderError, MessageError
from mailkit.message import fields
from mailkit.message.address import Address
from mailkit.message.fields import Kind, Rule
from mailkit.message.group import Recipient, members, only_mailboxes, recipients
from mailkit.mime.control import refuse_controls
from mailkit.mime.fold import LINE_LENGTH, fold, raw_tokens

__all__ = ["Field", "Headers", "Value", "placed"]

Value: TypeAlias = str | tuple[Recipient, ...] | datetime


_set = object.__setattr__


@dataclass(frozen=True, slots=True, init=False)
class Field:
    """One header field. ``value`` is text, a tuple of addresses and groups, or a date, as the kind of the field wants.

    Raises HeaderError for a name or a text that cannot be written on one line.
    """

    name: str
    value: Value
    rule: Rule = field(repr=False, compare=False)
    line: str | None = field(repr=False, compare=False)
    """The field as it is written, once it has been: fields are shared by all messages of one base."""

    def __init__(self, name: str, value: Value) -> None:
        if isinstance(value, str):
            if not value.isprintable():
                _refuse_controls(name, value)
        elif not isinstance(value, tuple | datetime):
            raise HeaderError(f"text is wanted, not {type(value).__name__}", name=name)
        _set(self, "name", name)
        _set(self, "value", value)
        _set(self, "rule", fields.rule(name))
        _set(self, "line", None)

    def __reduce__(self) -> tuple[object, ...]:
        return Field, (self.name, self.value)

    @property
    def key(self) -> str:
        """The name in lower case, by which fields are looked up."""
        return self.rule.key

    def __str__(self) -> str:
        if isinstance(self.value, str):
            return self.value
        if isinstance(self.value, datetime):
            return format_datetime(self.value)
        return ", ".join(map(str, self.value))

    @classmethod
    def checked(cls, name: str, value: Value) -> "Field":
        """Make a field from what a user gave, reading text as the kind of the field wants.

        Raises HeaderError, and AddressError for a field of addresses.
        """
        field = cls(name, value)
        if not isinstance(value, str):
            return field
        kind = field.rule.kind
        if kind is Kind.ADDRESSES:
            return cls(name, recipients(value, field=name))
        if kind is Kind.MAILBOXES:
            return cls(name, only_mailboxes(value, field=name))
        if kind is Kind.DATE:
            return cls(name, _date(name, value))
        if kind is Kind.RAW:
            _refuse_unwritable(name, value)
        return field


def _refuse_controls(name: str, value: str) -> None:
    try:
        refuse_controls(value, field=name)
    except MessageError as error:
        problem = error.problem.removeprefix(f"{name}: ")
        raise HeaderError(problem, name=name, hint=error.hint) from None


def _date(name: str, value: str) -> datetime:
    try:
        return parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        raise HeaderError(
            f"{value!r} is not a date", name=name, hint="Write it as RFC 5322 3.3 does, or use .date(datetime)."
        ) from None


def _refuse_unwritable(name: str, value: str) -> None:
    if not value or value.isspace():
        raise HeaderError("the value is empty", name=name)
    if not value.isascii():
        raise HeaderError(f"{name} takes only ASCII", name=name, hint="Percent-encode URIs; write domains as xn--.")
    if len(value) > LINE_LENGTH:
        fold(name, raw_tokens(value))


class Headers(Mapping[str, str]):
    """The fields of a message, in order. Looking up is by name, in any case; ``headers["Subject"]`` is text.

    A mapping shows the first field of each name; :meth:`get_all` and :attr:`fields` show them all.
    """

    __slots__ = ("fields",)

    def __init__(self, fields: Iterable[Field] = ()) -> None:
        self.fields = tuple(fields)

    def __getitem__(self, name: str) -> str:
        found = self.field(name)
        if found is None:
            raise KeyError(name)
        return str(found)

    def __iter__(self) -> Iterator[str]:
        names: dict[str, str] = {}
        for one in self.fields:
            names.setdefault(one.key, one.name)  # two spellings of one name are one key
        return iter(names.values())

    def __len__(self) -> int:
        return len({field.key for field in self.fields})

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.field(name) is not None

    def __eq__(self, other: object) -> bool:
        return self.fields == other.fields if isinstance(other, Headers) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.fields)

    def __repr__(self) -> str:
        return f"Headers({', '.join(f'{field.name}: {field}' for field in self.fields)})"

    def field(self, name: str) -> Field | None:
        """Return the first field called ``name``."""
        wanted = name.lower()
        for one in self.fields:
            if one.rule.key == wanted:
                return one
        return None

    def get_all(self, name: str) -> tuple[str, ...]:
        """Return the text of every field called ``name``, in order."""
        wanted = name.lower()
        return tuple(str(field) for field in self.fields if field.key == wanted)

    def recipients(self, name: str) -> tuple[Recipient, ...]:
        """Return the addresses and groups in every field called ``name``."""
        wanted = name.lower()
        found: tuple[Recipient, ...] = ()
        for one in self.fields:
            if one.rule.key == wanted and isinstance(one.value, tuple):
                found = found + one.value if found else one.value
        return found

    def addresses(self, name: str) -> tuple[Address, ...]:
        """Return the addresses in every field called ``name``, those of groups' members too."""
        return members(self.recipients(name))

    def without(self, name: str) -> "Headers":
        """Return headers with no field called ``name``."""
        wanted = name.lower()
        return Headers(field for field in self.fields if field.key != wanted)

    def with_field(self, field: Field) -> "Headers":
        """Return headers with ``field`` added, or put in the place of the one there where only one may stand."""
        return Headers(placed(self.fields, field))


def placed(present: tuple[Field, ...], field: Field) -> tuple[Field, ...]:
    """Return the fields with one more, which takes the place of the one there where only one may stand."""
    if (rule := field.rule).is_unique:
        for place, old in enumerate(present):
            if old.rule is rule or old.rule.key == rule.key:
                rest = (other for other in present[place + 1 :] if other.rule.key != rule.key)
                return (*present[:place], field, *rest)
    return (*present, field)
