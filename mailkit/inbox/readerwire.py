"""The server's end of the wire to somebody who reads mail: lines and octets in, replies out."""

from mailkit.errors import RemoteProtocolError
from mailkit.sansio import Buffer, Conversation, Read, Sleep, Write
from mailkit.smtp.stranger import TLS_HELLO, stranger

__all__ = ["LINE_LIMIT", "ReaderWire"]

LINE_LIMIT = 65_536  # RFC 7162 4 asks for 8,192 of an IMAP server, and lists of numbers grow long
_MOST_PENDING = 262_144  # octets of replies before the client must take some


class ReaderWire:
    """Hears lines and octets, and says replies, which leave when the next thing must be waited for or many have come together."""

    def __init__(self, *, idle: float) -> None:
        self.is_over = False
        self.idle = idle
        """Seconds of silence after which the client is thought to be gone."""
        self.buffer = Buffer()
        self._pending: list[bytes] = []
        self._size = 0

    def say(self, reply: bytes) -> None:
        self._pending.append(reply)
        self._size += len(reply)

    def ease(self) -> Conversation[None]:
        """When much is to be said let it leave, and the other clients have their turn."""
        if self._size > _MOST_PENDING:
            yield from self.flush()
            yield Sleep(0)

    def flush(self) -> Conversation[None]:
        if self._pending:
            replies, self._pending, self._size = b"".join(self._pending), [], 0
            yield Write(replies)

    def fill(self) -> Conversation[bool]:
        """Wait for more. False when the client has gone away."""
        yield from self.flush()
        data = yield Read(within=self.idle)
        self.buffer.feed(data)
        return bool(data)

    def line(self, *, limit: int = LINE_LIMIT) -> Conversation[bytes | None]:
        """Return the next line without its end, which may be a bare LF; None when the client has gone away.

        Raises RemoteProtocolError for a line that is longer than ``limit``, and for a client that speaks TLS or HTTP.
        """
        yield from self.ease()
        while (line := self._taken(limit)) is None:
            if self.buffer.starts_with(TLS_HELLO):  # its lines, if it has any, do not end soon
                raise RemoteProtocolError("this port speaks TLS only when asked for it")
            if not (yield from self.fill()):
                return None
        if stranger(line):
            raise RemoteProtocolError("this port does not speak HTTP or TLS")
        return line[:-1].removesuffix(b"\r")

    def _taken(self, limit: int) -> bytes | None:
        try:
            return self.buffer.take_until(b"\n", limit=limit)
        except RemoteProtocolError:
            raise RemoteProtocolError("the line is too long") from None

    def octets(self, count: int) -> Conversation[bytes | None]:
        """Return so many octets; None when the client has gone away before the last one."""
        while len(self.buffer) < count:
            if not (yield from self.fill()):
                return None
        return self.buffer.take(count)

    def forget_waiting(self) -> None:
        """Drop what has come and was not used: before a handshake anybody may have said it."""
        self.buffer.take(len(self.buffer))
