"""How spamd and HTTP answer: a status line, header fields, an empty line, and a body (spamd's PROTOCOL has taken that from HTTP).

It is read as it comes, with a limit for every part: what is at the other end may not be a spam filter at all.
"""

import re
from dataclasses import dataclass, field

from mailkit.errors import RemoteProtocolError
from mailkit.sansio import Buffer
from mailkit.smtp.refusal import printable

__all__ = ["LARGEST", "Answer", "AnswerReader"]

LARGEST = 1024 * 1024
"""The most that the body of an answer may have: the longest reports of rules are a few dozen KiB."""
_LONGEST_LINE = 8 * 1024
_MOST_FIELDS = 100  # real answers have three to ten
_LENGTH = re.compile(r"[0-9]{1,12}")


@dataclass(frozen=True, slots=True)
class Answer:
    """``status`` is the first line. It is whole when all of the body came that was announced."""

    status: str
    fields: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    is_whole: bool = False


class AnswerReader:
    """Reads one answer whose first line begins with ``mark``; anything else is not the protocol that is spoken here."""

    def __init__(self, mark: bytes) -> None:
        self._mark = mark
        self._buffer = Buffer()
        self._status: str | None = None
        self._fields: dict[str, str] = {}
        self._lines = 0
        self._is_in_body = False
        self._length: int | None = None

    def feed(self, data: bytes) -> None:
        self._buffer.feed(data)

    def take(self) -> Answer | None:
        """Return the answer, or None while it is not complete. Raises RemoteProtocolError for what cannot be one."""
        while not self._is_in_body:
            line = self._buffer.take_until(b"\n", limit=_LONGEST_LINE)
            if line is None:
                return None
            self._take_line(line)
        if len(self._buffer) > LARGEST and self._length is None:
            raise _too_much()
        if self._length is None or len(self._buffer) < self._length:
            return None
        return self._finished(self._buffer.take(self._length), is_whole=True)

    def end(self) -> Answer | None:
        """Return what there is of an answer when no more will come: None when not even its first line is there."""
        if self._status is None:
            begun = self._buffer.take(_LONGEST_LINE)
            if not self._mark.startswith(begun):
                self._take_line(begun)  # to say that it is another protocol
            return None
        # Without a length, the end of the stream is the end of the body.
        is_whole = self._is_in_body and self._length is None
        return self._finished(self._buffer.take(LARGEST), is_whole=is_whole)

    def _finished(self, body: bytes, *, is_whole: bool) -> Answer:
        return Answer(self._status or "", self._fields, body, is_whole)

    def _take_line(self, line: bytes) -> None:
        text = line.rstrip(b"\r\n").decode("utf-8", "replace")
        if self._status is None:
            if not line.startswith(self._mark):
                raise RemoteProtocolError(f"it answers {printable(text)!r}")
            self._status = printable(text)
        elif not text:
            self._is_in_body = True
            self._length = self._announced()
        else:
            name, colon, value = text.partition(":")
            self._lines += 1
            if not colon or self._lines > _MOST_FIELDS:
                raise RemoteProtocolError(f"its answer has the header field {printable(text)!r}")
            self._fields[name.strip().lower()] = value.strip()

    def _announced(self) -> int | None:
        if "transfer-encoding" in self._fields:  # HTTP has none in an answer to HTTP/1.0, which is what we ask by
            raise RemoteProtocolError("it answers in chunks, which nobody has asked for")
        announced = self._fields.get("content-length")
        if announced is None:
            return None
        if not _LENGTH.fullmatch(announced):
            raise RemoteProtocolError(f"it announces an answer of {printable(announced)!r} bytes")
        if int(announced) > LARGEST:
            raise _too_much()
        return int(announced)


def _too_much() -> RemoteProtocolError:
    return RemoteProtocolError(f"its answer has more than {LARGEST} bytes")
