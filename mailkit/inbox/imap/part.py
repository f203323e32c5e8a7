"""The parts of a message as they stand in its bytes: where each begins and ends, and what its header says (RFC 2045, 2046).

Made for a reader that asks for octets by the number of a part (RFC 3501 6.4.5). It takes what it finds: a multipart without
its boundary is a text, and no input takes more than linear time for each level, of which there is a limit.
"""

import re
from dataclasses import dataclass
from functools import cached_property

from mailkit.mime import parameter

__all__ = ["Part"]

_MAX_DEPTH = 30
_MAX_PARTS = 2_000
_GAP = re.compile(rb"\A\r?\n|\r?\n\r?\n")
_FOLD = re.compile(rb"\r?\n(?=[ \t])")
_NAME = re.compile(rb"([!-9;-~]{1,200})[ \t]*:[ \t]*")


@dataclass(frozen=True)
class Part:
    """A message or a part of one. ``header`` ends with the empty line; ``depth`` is how deep it lies."""

    header: bytes
    body: bytes
    depth: int = 0
    is_message: bool = True
    default: str = "text/plain"

    @classmethod
    def of(cls, raw: bytes, *, depth: int = 0, is_message: bool = True, default: str = "text/plain") -> "Part":
        gap = _GAP.search(raw)
        end = gap.end() if gap else len(raw)
        return cls(raw[:end], raw[end:], depth, is_message, default)

    @cached_property
    def lines(self) -> tuple[tuple[str, bytes], ...]:
        """The fields: each name in lower case, with the field's lines as they stand."""
        found: list[tuple[str, bytes]] = []
        for line in self.header.splitlines(keepends=True):
            if line[:1] in (b" ", b"\t") and found:
                found[-1] = (found[-1][0], found[-1][1] + line)
            elif name := _NAME.match(line):
                found.append((name[1].decode().lower(), line))
        return tuple(found)

    def get(self, name: str) -> str | None:
        """Return what the first field of a name says, unfolded and as it is written otherwise."""
        for one, line in self.lines:
            if one == name:
                return _FOLD.sub(b"", line.partition(b":")[2]).strip().decode("utf-8", "surrogateescape")
        return None

    def chosen(self, names: set[str], *, others: bool = False) -> bytes:
        """Return the fields of these names, or all but those, with an empty line."""
        return b"".join(line for name, line in self.lines if (name in names) is not others) + b"\r\n"

    @cached_property
    def content_type(self) -> tuple[str, str, dict[str, str]]:
        value, parameters = parameter.parse(self.get("content-type") or self.default)
        kind, slash, subtype = value.lower().partition("/")
        if not (slash and kind.strip() and subtype.strip()):
            return (*_split(self.default), {})
        return kind.strip(), subtype.strip(), parameters

    @property
    def is_multipart(self) -> bool:
        return self.content_type[0] == "multipart" and bool(self.parts)

    @property
    def is_forwarded(self) -> bool:
        """Whether it is a message within the message."""
        return self.content_type[:2] == ("message", "rfc822") and bool(self.parts)

    @cached_property
    def parts(self) -> tuple["Part", ...]:
        """The parts in it; of a forwarded message that message."""
        kind, subtype, parameters = self.content_type
        if self.depth >= _MAX_DEPTH:
            return ()
        if (kind, subtype) == ("message", "rfc822"):
            return (Part.of(self.body, depth=self.depth + 1),)
        boundary = parameters.get("boundary", "")
        if kind != "multipart" or not boundary:
            return ()
        default = "message/rfc822" if subtype == "digest" else "text/plain"
        return tuple(
            Part.of(piece, depth=self.depth + 1, is_message=False, default=default)
            for piece in _pieces(self.body, boundary.encode("utf-8", "surrogateescape"))
        )

    def at(self, numbers: tuple[int, ...]) -> "Part | None":
        """Return the part with a number like (1, 2); the first part of a text is the text itself."""
        if not numbers:
            return self
        here = self.parts[0] if self.is_forwarded and not self.is_message else self
        first, rest = numbers[0], numbers[1:]
        if here.is_multipart:
            return here.parts[first - 1].at(rest) if 0 < first <= len(here.parts) else None
        if first != 1:
            return None
        if here.is_message:
            # The body of a message that has no parts is its part 1.
            return Part(here.header, here.body, here.depth, is_message=False).at(rest)
        return None


def _split(kind: str) -> tuple[str, str]:
    first, _, second = kind.partition("/")
    return first, second


def _pieces(body: bytes, boundary: bytes) -> list[bytes]:
    """Cut at the boundaries; the line end before one belongs to it (RFC 2046 5.1.1)."""
    mark = re.compile(rb"(?:\A|\r?\n)--" + re.escape(boundary) + rb"(--)?[ \t]*(?=\r?\n|\Z)")
    found: list[bytes] = []
    begin: int | None = None
    for one in mark.finditer(body):
        if begin is not None:
            found.append(body[begin : one.start()])
        if one[1] or len(found) >= _MAX_PARTS:
            return found
        begin = one.end() + (2 if body.startswith(b"\r\n", one.end()) else 1)
    if begin is not None:
        found.append(body[begin:])
    return found
