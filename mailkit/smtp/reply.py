"""A server's reply: code, enhanced status code and text (RFC 5321 4.2, RFC 2034, RFC 3463)."""

import re
from collections import deque
from dataclasses import dataclass
from functools import lru_cache

from mailkit.errors import RemoteProtocolError

__all__ = ["Reply", "ReplyReader"]

# RFC 5321 4.5.3.1.5 allows 512 bytes a line; servers send longer ones (long URLs in refusals), and 2048 has been enough.
_LINE_LIMIT = 2_048
# The longest honest reply is EHLO's, of some twenty lines.
_LINES_LIMIT = 128

_LINE = re.compile(rb"([2-5][0-9][0-9])(?:([ -])(.*))?", re.DOTALL)
_ENHANCED = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?: |$)")


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply, of one or more lines, without its codes.

    >>> reply = Reply.of(550, "5.1.1 No such user")
    >>> reply.code, reply.enhanced, reply.text
    (550, '5.1.1', 'No such user')
    """

    code: int
    lines: tuple[str, ...]
    enhanced: str = ""

    @classmethod
    def of(cls, code: int, *lines: str) -> "Reply":
        """Make a reply from its lines. An enhanced code is taken off them when the first line begins with a fitting one."""
        found = _ENHANCED.match(lines[0]) if lines and code // 100 in (2, 4, 5) else None
        if found is None or found[1][0] != str(code)[0]:
            return cls(code, lines)
        bare = tuple(line.removeprefix(found[1]).lstrip(" ") for line in lines)
        return cls(code, bare, found[1])

    @property
    def text(self) -> str:
        return self.lines[0] if len(self.lines) == 1 else " ".join(line for line in self.lines if line)

    @property
    def is_success(self) -> bool:
        return 200 <= self.code < 300

    @property
    def is_intermediate(self) -> bool:
        return 300 <= self.code < 400

    @property
    def is_temporary(self) -> bool:
        return 400 <= self.code < 500

    @property
    def is_permanent(self) -> bool:
        return self.code >= 500

    def __str__(self) -> str:
        return " ".join(part for part in (str(self.code), self.enhanced, self.text) if part)

    def __bytes__(self) -> bytes:
        """Return the reply for the wire."""
        lines = [f"{self.enhanced} {line}" if self.enhanced else line for line in self.lines or ("",)]
        last = len(lines) - 1
        return b"".join(
            f"{self.code}{' ' if number == last else '-'}{line}\r\n".encode() for number, line in enumerate(lines)
        )


class ReplyReader:
    """Makes replies of bytes, as they come. Raises RemoteProtocolError for what is no reply, or is too long."""

    def __init__(self) -> None:
        self._ready: deque[bytes] = deque()  # whole lines, without their LF
        self._rest = b""
        self._code = 0
        self._lines: list[str] = []

    def feed(self, data: bytes) -> None:
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop()
        self._ready += lines

    @property
    def has_leftovers(self) -> bool:
        """Whether bytes have come that no reply has used: before a TLS handshake that is an attack."""
        return bool(self._ready or self._rest or self._lines)

    def next_reply(self) -> Reply | None:
        """Return the next whole reply, or None while it has not come."""
        ready = self._ready
        while ready:
            line = ready.popleft()
            if len(line) >= _LINE_LIMIT:
                raise RemoteProtocolError(f"the server sent a line of more than {_LINE_LIMIT} bytes")
            if not self._lines and (reply := _whole(line)) is not None:
                return reply
            found = _LINE.fullmatch(line.rstrip(b"\r"))
            if found is None or (self._lines and int(found[1]) != self._code):
                raise RemoteProtocolError(
                    f"the server sent {_shown(line)}, which is no SMTP reply here",
                    hint="Is this the port of an SMTP server, and of the right kind (implicit TLS or not)?",
                )
            self._code = int(found[1])
            self._lines.append((found[3] or b"").decode("utf-8", "backslashreplace"))
            if len(self._lines) > _LINES_LIMIT:
                raise RemoteProtocolError(f"the server sent a reply of more than {_LINES_LIMIT} lines")
            if found[2] != b"-":
                lines, self._lines = tuple(self._lines), []
                return Reply.of(self._code, *lines)
        if len(self._rest) > _LINE_LIMIT:
            raise RemoteProtocolError(f"the server sent more than {_LINE_LIMIT} bytes without ending the line")
        return None


@lru_cache(maxsize=256)
def _whole(line: bytes) -> Reply | None:
    """Return the reply that is one line; None for what is a part of one, or none. Most are said again and again."""
    found = _LINE.fullmatch(line.rstrip(b"\r"))
    if found is None or found[2] == b"-":
        return None
    return Reply.of(int(found[1]), (found[3] or b"").decode("utf-8", "backslashreplace"))


def _shown(line: bytes) -> str:
    return repr(line[:60].decode("ascii", "backslashreplace").rstrip("\r\n"))
