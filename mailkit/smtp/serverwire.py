"""The server's end of the wire: lines in, replies out."""

import re
from functools import lru_cache

from mailkit.sansio import Buffer, Conversation, Read, Sleep, Write
from mailkit.smtp.policy import ServerProfile
from mailkit.smtp.reply import Reply
from mailkit.smtp.stranger import TLS_HELLO, stranger

__all__ = ["ServerWire"]

_LINE_LIMIT = 12_288  # RFC 4954 4.3: an AUTH line; all other commands are shorter
_MOST_NOTES = 2_000  # lines of a transcript between two messages
_LONGEST_NOTE = 500
_MOST_WARNINGS = 20
_MOST_PENDING = 65_536  # bytes of replies: short commands have long ones, and a client may never read them
_AUTH = re.compile(r"\W*(?i:AUTH)\b(?:\W+[A-Z0-9_-]{1,20}(?=\s|$))?")  # RFC 4954 4: what a mechanism is called
_UNSEEN = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")


class ServerWire:
    """Hears lines and octets, and says replies, which leave when the next thing must be waited for."""

    def __init__(self, profile: ServerProfile) -> None:
        self.is_over = False
        self.errors = 0
        self.has_codes = False
        """Whether the client has been told of enhanced status codes (RFC 2034)."""
        self._reading = Read(within=profile.idle)
        self._is_lenient = profile.is_lenient
        self._warnings: list[str] = []
        self._pending: list[bytes] = []
        self._pending_size = 0
        self.buffer = Buffer()
        self.is_secret = False
        """Whether what the client says now is a secret, which is not kept."""
        self._keeps_transcript = profile.keeps_transcript
        self._transcript: list[str] = []

    def warn(self, mistake: str) -> None:
        """Keep what the client was forgiven, each mistake once."""
        if mistake not in self._warnings and len(self._warnings) < _MOST_WARNINGS:
            self._warnings.append(mistake)

    def taken_warnings(self) -> tuple[str, ...]:
        """Return the mistakes since this was asked last."""
        return _taken(self._warnings)

    @property
    def transcript(self) -> tuple[str, ...]:
        """What was said since it was taken last; nothing when none is kept."""
        return tuple(self._transcript)

    def taken_transcript(self) -> tuple[str, ...]:
        """Return the transcript, and begin a new one."""
        return _taken(self._transcript)

    def note(self, text: str) -> None:
        """Have a line in the transcript, where one is kept."""
        if self._keeps_transcript and len(self._transcript) < _MOST_NOTES:
            self._transcript.append(text[:_LONGEST_NOTE])

    def say(self, reply: Reply) -> None:
        # Replies to pipelined commands leave together (RFC 2920 3.2).
        written, notes = _written(reply, self.has_codes)
        if self._keeps_transcript:
            for note in notes:
                self.note(note)
        self._pending.append(written)
        self._pending_size += len(written)
        if reply.code == 421:  # RFC 5321 4.2.3: whoever says it closes the channel
            self.is_over = True

    def fault(self, reply: Reply) -> None:
        """Answer a mistake, and count it."""
        self.errors += 1
        self.say(reply)

    def close(self, reply: Reply) -> None:
        """Say the last word."""
        self.say(reply)
        self.is_over = True

    def flush(self) -> Conversation[None]:
        if self._pending:
            replies, self._pending, self._pending_size = b"".join(self._pending), [], 0
            yield Write(replies)

    def fill(self) -> Conversation[bool]:
        """Wait for more. False when the client has gone away."""
        if self._pending:
            yield from self.flush()
        data = yield self._reading
        self.buffer.feed(data)
        return bool(data)

    def line(self) -> Conversation[bytes | None]:
        """Return the next line without its end, or None when there is none to obey."""
        if self._pending_size > _MOST_PENDING:
            yield from self.flush()
            yield Sleep(0)  # a client that asks for much at once leaves the others their turn
        while (line := self.buffer.take_until(b"\n", limit=_LINE_LIMIT)) is None:
            if self.buffer.starts_with(TLS_HELLO):  # its lines, if it has any, do not end soon
                line = self.buffer.take(len(self.buffer))
                break
            if not (yield from self.fill()):
                return None
        if self._keeps_transcript:
            self.note(f"C: {'***' if self.is_secret else _shown(line)}")
        if kind := stranger(line):
            self.close(_STRANGE[kind])
            return None
        if line.endswith(b"\r\n"):
            return line[:-2]
        if self._is_lenient:
            self.warn("a command ends with a bare LF (RFC 5321 2.3.8)")
            return line[:-1]
        # What follows a bare LF is a command to one server and an argument to another: it must not be obeyed.
        self.close(Reply.of(521, "5.5.2 A line ends with CR LF"))
        return None

    def octets(self, count: int, *, into: bytearray | None) -> Conversation[bool]:
        """Read ``count`` octets, and keep or drop them. False when the client has gone away before the last one."""
        while count:
            if not len(self.buffer) and not (yield from self.fill()):
                return False
            octets = self.buffer.take(count)
            count -= len(octets)
            if into is not None:
                into += octets
        return True

    def forget_waiting(self) -> None:
        """Drop what has come and was not used."""
        self.buffer.take(len(self.buffer))


@lru_cache(maxsize=64)
def _written(reply: Reply, has_codes: bool) -> tuple[bytes, tuple[str, ...]]:
    """Return a reply for the wire and for the transcript. Most are said again and again."""
    written = bytes(reply if has_codes else Reply(reply.code, reply.lines))
    return written, tuple(f"S: {line}" for line in written.decode("utf-8", "replace").splitlines())


_STRANGE = {
    "TLS": Reply.of(554, "5.7.0 This port speaks SMTP in the clear, and TLS only after STARTTLS"),
    "HTTP": Reply.of(554, "5.7.0 This port speaks SMTP, not HTTP"),
}


def _taken(kept: list[str]) -> tuple[str, ...]:
    found = tuple(kept)
    kept.clear()
    return found


def _shown(line: bytes) -> str:
    """What stands behind the mechanism of an AUTH is a secret, or may be, however wrongly the line is written."""
    if line.startswith(TLS_HELLO):
        return "(a TLS handshake)"
    text = line.rstrip(b"\r\n").decode("utf-8", "replace")
    if not text.isprintable():
        text = _UNSEEN.sub("\N{REPLACEMENT CHARACTER}", text)  # where it is read it must move no cursor
    found = _AUTH.match(text)
    return f"{found[0]} ***" if found and text[found.end() :].strip() else text
