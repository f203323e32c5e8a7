"""The server's end of the wire: lines in, replies out."""

from mailkit.sansio import Buffer, Conversation, Read, Write
from mailkit.smtp.reply import Reply

__all__ = ["ServerWire"]

_LINE_LIMIT = 12_288  # RFC 4954 4.3: an AUTH line; all other commands are shorter


class ServerWire:
    """Hears lines and octets, and says replies, which leave when the next thing must be waited for."""

    def __init__(self, patience: float) -> None:
        self.is_over = False
        self.errors = 0
        self.has_codes = False
        """Whether the client has been told of enhanced status codes (RFC 2034)."""
        self._patience = patience
        self._pending: list[bytes] = []
        self.buffer = Buffer()

    def say(self, reply: Reply) -> None:
        # Replies to pipelined commands leave together (RFC 2920 3.2).
        if not self.has_codes:
            reply = Reply(reply.code, reply.lines)
        self._pending.append(bytes(reply))

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
            replies, self._pending = b"".join(self._pending), []
            yield Write(replies)

    def fill(self) -> Conversation[bool]:
        """Wait for more. False when the client has gone away."""
        yield from self.flush()
        data = yield Read(within=self._patience)
        self.buffer.feed(data)
        return bool(data)

    def line(self) -> Conversation[bytes | None]:
        """Return the next line without its end, or None when there is none to obey."""
        while (line := self.buffer.take_until(b"\n", limit=_LINE_LIMIT)) is None:
            if not (yield from self.fill()):
                return None
        if line.endswith(b"\r\n"):
            return line[:-2]
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
