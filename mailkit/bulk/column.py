"""Columns that do more than fill a template: copies, answers, attached files, header fields.

What a column does is decided by its name, once for all rows that have the same columns.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from mailkit.bulk.enclosure import Enclosures
from mailkit.bulk.recipients import alias
from mailkit.errors import AddressError, AttachmentError, HeaderError, MessageError
from mailkit.message import MessageBuilder
from mailkit.message.fields import rule

__all__ = ["Plan", "at_column", "plan"]

Step: TypeAlias = Callable[[MessageBuilder, Any], MessageBuilder]

_PREFIX = "header:"
_OWN_COLUMN = frozenset(("cc", "bcc", "reply-to"))
# What tells servers and readers who wrote, to whom, when, and how the bytes are to be read.
_STRUCTURAL = frozenset(
    (
        *("from", "sender", "to", "cc", "bcc", "reply-to", "subject", "date", "message-id", "received", "return-path"),
        *("mime-version", "dkim-signature", "delivered-to", "authentication-results"),
    )
)
_STRUCTURAL_KINDS = ("content-", "resent-", "arc-")


@dataclass(frozen=True, slots=True)
class Plan:
    """What the columns of a row are for. It is made once for each set of columns."""

    aliases: tuple[tuple[str, str], ...]
    """Names under which templates reach columns that have blanks, capitals and the like, each with its column."""
    steps: tuple[tuple[str, Step], ...]
    """Columns that do something, each with what it does to the builder."""


def plan(names: Sequence[str], enclosures: Enclosures | None) -> Plan:
    """Plan a row. Without ``enclosures`` columns are variables only. Raises MessageError that names a column."""
    aliases: dict[str, list[str]] = {}
    steps: dict[str, tuple[str, Step]] = {}
    taken = set(names)
    for name in names:
        if (other := alias(name)) and other not in taken:
            aliases.setdefault(other, []).append(name)
        found = _step(name, enclosures) if enclosures is not None else None
        if found is None:
            continue
        meaning, step = found
        if meaning in steps:
            raise MessageError(
                f"it means the same as column {steps[meaning][0]!r}",
                field=f"column {name!r}",
                hint="Take one of them out, or rename it.",
            )
        steps[meaning] = name, step
    # Of two columns with one alias neither has it: a template must not get the one or the other by chance.
    return Plan(tuple((other, one[0]) for other, one in aliases.items() if len(one) == 1), tuple(steps.values()))


def at_column(error: MessageError, column: str) -> MessageError:
    """Return the same error, for a column."""
    problem = error.problem.removeprefix(f"{error.field}: ")
    field = f"column {column!r}"
    if isinstance(error, AddressError):
        return AddressError(
            problem, text=error.text, position=error.position, field=field, hint=error.hint or _ADDRESSES
        )
    if isinstance(error, HeaderError):
        return HeaderError(problem, name=field, hint=error.hint)
    if isinstance(error, AttachmentError):
        return AttachmentError(problem, field=field, hint=error.hint)
    return MessageError(problem, field=field, hint=error.hint)


_ADDRESSES = "Several addresses are separated by commas. A column that is about something else needs another name."


def _step(name: str, enclosures: Enclosures) -> tuple[str, Step] | None:
    """What a column means and does; None for one that is only a variable."""
    word = name.strip().lower()
    if word.startswith(_PREFIX):
        field = name.strip()[len(_PREFIX) :].strip()
        try:
            return _PREFIX + field.lower(), _header(field)
        except HeaderError as error:
            raise at_column(error, name) from None
    match word.replace("_", "-"):
        case "cc":
            return "cc", lambda builder, cell: builder.cc(_addresses(cell))
        case "bcc":
            return "bcc", lambda builder, cell: builder.bcc(_addresses(cell))
        case "reply-to":  # instead of the template's, which is the one for everybody
            return "reply-to", lambda builder, cell: builder.header("Reply-To", _addresses(cell))
        case "attachments":
            return "attachments", lambda builder, cell: _attached(builder, enclosures.files(cell))
    return None


def _header(name: str) -> Step:
    key = rule(name).key
    if key in _STRUCTURAL or key.startswith(_STRUCTURAL_KINDS):
        hint = f"Call the column {key!r}." if key in _OWN_COLUMN else "Say it in the template, or when sending."
        raise HeaderError(f"{name} is not for a list to decide", name=name, hint=hint)
    return lambda builder, cell: builder.header(name, _value(cell))


def _attached(builder: MessageBuilder, files: Sequence[Any]) -> MessageBuilder:
    for file in files:
        builder = builder.attach(file)
    return builder


def _addresses(cell: Any) -> str:
    several = cell if isinstance(cell, list) else [cell]
    if not all(isinstance(one, str) for one in several):
        raise MessageError("addresses are wanted: text with commas between them, or a list of texts")
    return ", ".join(several)


def _value(cell: Any) -> str:
    if not isinstance(cell, str | int | float):
        raise MessageError(f"text is wanted, not {type(cell).__name__}")
    return str(cell).strip()
