"""SEARCH: what is looked for, and whether a message is it (RFC 3501 6.4.4)."""

import operator
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property

from mailkit.inbox.account import Entry
from mailkit.inbox.caught import Caught
from mailkit.inbox.imap.part import Part
from mailkit.inbox.imap.syntax import Arguments, Bad
from mailkit.mime import charset, encodedword, transfer
from mailkit.template.plaintext import to_text

__all__ = ["Candidate", "Test", "criteria"]

_Load = Callable[[int], Caught | None]
_MOST_KEYS = 200
_MAX_DEPTH = 30
_FLAGS = {
    "ANSWERED": r"\Answered",
    "DELETED": r"\Deleted",
    "DRAFT": r"\Draft",
    "FLAGGED": r"\Flagged",
}


class Candidate:
    """A message that may be it. Its content is read when a key asks for it, and once."""

    def __init__(self, number: int, entry: Entry, *, total: int, highest_uid: int, load: _Load) -> None:
        self.number = number
        self.entry = entry
        self.highest_uid = highest_uid
        self.total = total
        self._load = load
        self._flags: frozenset[str] | None = None

    def has(self, flag: str) -> bool:
        if self._flags is None:
            self._flags = frozenset(one.lower() for one in self.entry.flags)
        return flag.lower() in self._flags

    @cached_property
    def day(self) -> date:
        """The day on which it came, in UTC as its INTERNALDATE is told."""
        return datetime.fromtimestamp(self.entry.at, UTC).date()

    @cached_property
    def sent(self) -> date | None:
        """The day that it says, without its time and zone; None where it says none."""
        try:
            return parsedate_to_datetime(self._part.get("date") or "").date()
        except (ValueError, TypeError, IndexError, OverflowError):
            return None

    @cached_property
    def _caught(self) -> Caught | None:
        return self._load(self.entry.uid)

    @cached_property
    def _part(self) -> Part:
        return Part.of(self._caught.raw if self._caught else b"")

    def fields(self, name: str) -> list[str]:
        """What its fields of a name say, decoded and in small letters."""
        found = (line for one, line in self._part.lines if one == name)
        return [_folded(encodedword.decode(_joined(line.partition(b":")[2]))) for line in found]

    @cached_property
    def head(self) -> str:
        lines = (encodedword.decode(_joined(line)) for _, line in self._part.lines)
        return _folded("\n".join(lines))

    @cached_property
    def body(self) -> str:
        return _folded("\n".join(_texts(self._part)))


def _texts(part: Part) -> Iterator[str]:
    """What can be read in it, decoded: of forwarded messages too."""
    kind, subtype, parameters = part.content_type
    if part.is_multipart or part.is_forwarded:
        for one in part.parts:
            yield from _texts(one)
    elif kind in ("text", "multipart"):
        data = transfer.decode(part.body, (part.get("content-transfer-encoding") or "").lower())
        name = parameters.get("charset", "utf-8")
        text = charset.decode(data, name) or data.decode("utf-8", "replace")
        yield to_text(text) if subtype == "html" else text


def _joined(line: bytes) -> str:
    return " ".join(line.decode("utf-8", "replace").split())


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


Test = Callable[[Candidate], bool]


def criteria(arguments: Arguments) -> Test:
    """Read what is looked for. Raises Bad."""
    return _Keys(arguments).all(lambda: arguments.is_over)


class _Keys:
    def __init__(self, arguments: Arguments) -> None:
        self._arguments = arguments
        self._count = 0
        self._depth = 0

    def all(self, is_over: Callable[[], bool]) -> Test:
        tests = [self.one()]
        while not is_over():
            self._arguments.space()
            tests.append(self.one())
        if len(tests) == 1:
            return tests[0]
        return lambda message: all(test(message) for test in tests)

    def one(self) -> Test:
        self._count += 1
        if self._count > _MOST_KEYS:
            raise Bad("this looks for too many things")
        arguments = self._arguments
        if arguments.took(b"("):
            self._deeper()
            found = self.all(lambda: arguments.took(b")"))
            self._depth -= 1
            return found
        if arguments.sees_number:
            ranges = arguments.set()
            return lambda message: ranges.has(message.number, highest=message.total)
        return self._key(arguments.atom().upper())

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise Bad("this is nested too deep")

    def _key(self, name: str) -> Test:
        arguments = self._arguments
        if name in _FLAGS or name.removeprefix("UN") in _FLAGS:
            return self._flag(_FLAGS[name.removeprefix("UN") if name not in _FLAGS else name], is_set=name in _FLAGS)
        match name:
            case "ALL" | "OLD":
                return lambda _: True
            case "NEW" | "RECENT":
                return lambda _: False
            case "SEEN":
                return lambda message: not message.entry.is_unread
            case "UNSEEN":
                return lambda message: message.entry.is_unread
            case "KEYWORD" | "UNKEYWORD":
                return self._flag(arguments.space().atom(), is_set=name == "KEYWORD")
            case "NOT":
                arguments.space()
                self._deeper()
                inner = self.one()
                self._depth -= 1
                return lambda message: not inner(message)
            case "OR":
                arguments.space()
                self._deeper()
                first = self.one()
                arguments.space()
                second = self.one()
                self._depth -= 1
                return lambda message: first(message) or second(message)
            case "UID":
                ranges = arguments.space().set()
                return lambda message: ranges.has(message.entry.uid, highest=message.highest_uid)
            case "LARGER":
                size = arguments.space().number()
                return lambda message: message.entry.size > size
            case "SMALLER":
                size = arguments.space().number()
                return lambda message: message.entry.size < size
            case "BEFORE" | "ON" | "SINCE" | "SENTBEFORE" | "SENTON" | "SENTSINCE":
                return self._day(name)
        return self._text(name)

    def _flag(self, flag: str, *, is_set: bool) -> Test:
        return lambda message: message.has(flag) is is_set

    def _day(self, name: str) -> Test:
        wanted, is_sent = self._arguments.space().date(), name.startswith("SENT")

        compare = {"BEFORE": operator.lt, "ON": operator.eq, "SINCE": operator.ge}[name.removeprefix("SENT")]

        def test(message: Candidate) -> bool:
            day = message.sent if is_sent else message.day
            return day is not None and bool(compare(day, wanted))

        return test

    def _text(self, name: str) -> Test:
        arguments = self._arguments
        match name:
            case "FROM" | "TO" | "CC" | "BCC" | "SUBJECT":
                field = name.lower()
            case "HEADER":
                field = arguments.space().text().lower()
            case "BODY" | "TEXT":
                field = ""
            case _:
                raise Bad(f"nothing can be looked for with {name[:40]}")
        wanted = _folded(arguments.space().text())
        if name == "BODY":
            return lambda message: wanted in message.body
        if name == "TEXT":
            return lambda message: wanted in message.head or wanted in message.body
        return lambda message: any(wanted in text for text in message.fields(field))
