"""FETCH: which of a message is asked for, and the answer (RFC 3501 6.4.5, 7.4.2)."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mailkit.inbox.account import Entry
from mailkit.inbox.imap.part import Part
from mailkit.inbox.imap.structure import body_structure, envelope
from mailkit.inbox.imap.syntax import Arguments, Bad, moment, quoted

__all__ = ["Item", "answered", "asked", "flags_of"]

_MACROS = {
    "FAST": ("FLAGS", "INTERNALDATE", "RFC822.SIZE"),
    "ALL": ("FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE"),
    "FULL": ("FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE", "BODY"),
}
_PLAIN = ("FLAGS", "INTERNALDATE", "RFC822.SIZE", "UID", "ENVELOPE", "BODY", "BODYSTRUCTURE")
_OLD = {"RFC822": "", "RFC822.HEADER": "HEADER", "RFC822.TEXT": "TEXT"}
_SECTION = re.compile(
    r"([0-9]{1,9}(?:\.[0-9]{1,9})*)?(?:(?<=[0-9])\.)?(HEADER\.FIELDS\.NOT|HEADER\.FIELDS|HEADER|TEXT|MIME)?"
)
_MOST_ITEMS = 100


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that is asked for: ``name`` is how the answer calls it, ``section`` of what; a section marks as read."""

    name: str
    section: str | None = None
    numbers: tuple[int, ...] = ()
    fields: tuple[str, ...] = ()
    begin: int | None = None
    count: int = 0
    is_peek: bool = True

    @property
    def needs_content(self) -> bool:
        return self.section is not None or self.name in ("ENVELOPE", "BODY", "BODYSTRUCTURE")


def asked(arguments: Arguments) -> tuple[Item, ...]:
    """Read what is asked for: a macro, one item or a list of them."""
    if not arguments.took(b"("):
        return _one(arguments, may_be_macro=True)
    found = list(_one(arguments))
    while not arguments.took(b")"):
        found += _one(arguments.space())
        if len(found) > _MOST_ITEMS:
            raise Bad("these are too many items")
    return tuple(found)


def _one(arguments: Arguments, *, may_be_macro: bool = False) -> tuple[Item, ...]:
    name = arguments.item().upper()
    if may_be_macro and name in _MACROS:
        return tuple(Item(one) for one in _MACROS[name])
    if name in ("BODY", "BODY.PEEK") and arguments.took(b"["):
        return (_section(arguments, is_peek=name == "BODY.PEEK"),)
    if name in _OLD:
        return (Item(name, section=_OLD[name], is_peek=name == "RFC822.HEADER"),)
    if name in _PLAIN:
        return (Item(name),)
    raise Bad(f"nothing is called {name[:40]} in a message")


def _section(arguments: Arguments, *, is_peek: bool) -> Item:
    text = arguments.item(may_be_empty=True).upper()
    found = _SECTION.fullmatch(text)
    if not found or (found[2] == "MIME" and not found[1]):
        raise Bad(f"a message has no section {text[:40]}")
    fields: tuple[str, ...] = ()
    shown = text
    if (found[2] or "").startswith("HEADER.FIELDS"):
        fields = tuple(arguments.space().names())
        shown += (
            " ("
            + " ".join(quoted(name).decode("utf-8", "replace") if _needs_quotes(name) else name for name in fields)
            + ")"
        )
    arguments.need(b"]")
    begin, count = None, 0
    if arguments.took(b"<"):
        begin = arguments.number()
        arguments.need(b".")
        count = arguments.number()
        arguments.need(b">")
        if not count:
            raise Bad("nothing is asked for")
    name = f"BODY[{shown}]" + ("" if begin is None else f"<{begin}>")
    numbers = tuple(int(one) for one in found[1].split(".")) if found[1] else ()
    return Item(name, found[2] or "", numbers, tuple(one.lower() for one in fields), begin, count, is_peek)


def _needs_quotes(name: str) -> bool:
    return not re.fullmatch(r"[!#-'+-\[^-z|}~]+", name)


def flags_of(entry: Entry) -> bytes:
    marks = entry.flags if entry.is_unread else (*entry.flags, r"\Seen")
    return b"(%b)" % " ".join(marks).encode()


def answered(items: Sequence[Item], entry: Entry, content: Callable[[], Part]) -> bytes:
    """Return what is asked for, between the brackets; ``content`` is asked when it is needed."""
    return b" ".join(b"%b %b" % (one.name.encode("utf-8", "replace"), _value(one, entry, content)) for one in items)


def _value(item: Item, entry: Entry, content: Callable[[], Part]) -> bytes:
    if item.section is not None:
        data = _octets(item, content())
        if item.begin is not None:
            data = data[item.begin : item.begin + item.count]
        return b"{%d}\r\n%b" % (len(data), data)
    match item.name:
        case "FLAGS":
            return flags_of(entry)
        case "INTERNALDATE":
            return moment(entry.at)
        case "RFC822.SIZE":
            return b"%d" % entry.size
        case "ENVELOPE":
            return envelope(content())
        case "BODY" | "BODYSTRUCTURE":
            return body_structure(content(), is_extended=item.name == "BODYSTRUCTURE")
    return b"%d" % entry.uid


def _octets(item: Item, message: Part) -> bytes:
    """What there is of a section; of one that is not there nothing, as other servers say it, and not NIL."""
    part = message.at(item.numbers)
    if part is None:
        return b""
    if item.section == "MIME":
        return part.header
    if not item.section:
        return part.body if item.numbers else part.header + part.body
    if item.numbers:  # the header and text of a part are those of the message in it
        if not part.is_forwarded:
            return b""
        part = part.parts[0]
    if item.section == "HEADER":
        return part.header
    if item.section == "TEXT":
        return part.body
    return part.chosen(set(item.fields), others=item.section.endswith("NOT"))
