"""The connection under IMAP and POP3: lines and blocks, each within a time and a size.

A server is not trusted to end what it says. A line has a longest length and has to be complete in time; an answer has a
most of lines and of bytes. What breaks a limit closes the connection, and every error here is one of mailkit's.
"""

from typing import Any, NoReturn

from mailkit import clock
from mailkit.errors import ConnectError, MailboxError, MailkitError, TlsError, TransportTimeout
from mailkit.mailbox.settings import Server
from mailkit.net.blocking import BlockingPump, connect
from mailkit.sansio import ChannelBinding, Conversation, Effect, Read, Write

__all__ = ["Wire"]

_BLOCK = 65_536
# A search that finds a million messages answers with one line of 8 MB; imaplib would give up after one.
_LONGEST_LINE = 32 * 1024 * 1024
_MOST_LINES = 2_000_000
_MOST_TEXT = 64 * 1024 * 1024
_MOST_WAITS = 20  # a server that searches for minutes says "still searching" in between, but not for ever


class Wire:
    """One connection. ``failure`` is why it broke, once it has."""

    def __init__(self, server: Server) -> None:
        self.host = server.host
        self.failure: MailkitError | None = None
        self.is_secure = server.is_implicit
        self._patience = server.timeout
        self._max_size = server.max_size
        self._buffer = bytearray()
        self._seen = 0  # where looking for a line's end goes on
        try:
            self._pump: BlockingPump = connect(
                server.host,
                server.port,
                within=server.timeout,
                context=server.trust.context,
                implicit=server.is_implicit,
            )
        except TlsError as error:
            raise _reworded(error, server) from None
        self.begin()

    @property
    def is_open(self) -> bool:
        return self._pump.is_open

    def begin(self) -> None:
        """Allow a whole answer again: a command is about to be sent."""
        self._lines, self._text, self._data = _MOST_LINES, _MOST_TEXT, self._max_size + _MOST_TEXT
        self._until = clock.monotonic() + self._patience * _MOST_WAITS

    def bindings(self) -> tuple[tuple[str, bytes], ...]:
        """Return what identifies the secure channel."""
        found: Any = self._run(_one(ChannelBinding()))
        return tuple(found)

    def write(self, data: bytes) -> None:
        """Send bytes."""
        self._do(Write(data, self._patience))

    def start_tls(self) -> None:
        """Shake hands. What came before it, in the clear, was put there by somebody else."""
        if self._buffer:
            self._fail(
                TlsError(
                    f"{self.host} sent something ahead of TLS, where anybody could have put it",
                    hint="Somebody between here and the server may be meddling; nothing was said to it.",
                )
            )
        try:
            self._pump.start_tls(self._patience)
        except MailkitError as error:
            self._fail(error)
        except BaseException:
            self.close()
            raise
        self.is_secure = True

    def line(self, end: bytes = b"\r\n") -> bytes:
        """Return the next line, with its end."""
        deadline = min(clock.monotonic() + self._patience, self._until)
        while (place := self._buffer.find(end, self._seen)) < 0:
            self._seen = max(0, len(self._buffer) - len(end) + 1)
            self._look_at_length()
            self._more(deadline)
        line = self._taken(place + len(end))
        self._lines -= 1
        self._text -= len(line)
        if self._lines < 0 or self._text < 0:
            self._fail(MailboxError(f"{self.host} does not come to the end of its answer", hint=_ENDLESS))
        return line

    def block(self, size: int) -> bytes:
        """Return exactly so many bytes; each 64 KiB of them have to come in time."""
        if size > self._max_size:
            self._too_large(size)
        self._data -= size
        if self._data < 0:
            self._fail(MailboxError(f"{self.host} sent more than was asked for", hint=_ENDLESS))
        began = clock.monotonic()
        while len(self._buffer) < size:
            wanted = min(size, len(self._buffer) + _BLOCK)
            deadline = clock.monotonic() + self._patience
            while len(self._buffer) < wanted:
                self._more(deadline)
        self._until += clock.monotonic() - began
        return self._taken(size)

    def counted(self, size: int) -> None:
        """Note that a message which comes in lines has so many bytes by now."""
        if size > self._max_size:
            self._too_large(size)
        self._lines, self._text = _MOST_LINES, _MOST_TEXT
        self._until = clock.monotonic() + self._patience * _MOST_WAITS

    def wait_line(self, seconds: float, end: bytes = b"\r\n") -> bool:
        """Wait for a line, and say whether one is there."""
        deadline = clock.monotonic() + seconds
        while self._buffer.find(end, self._seen) < 0:
            left = deadline - clock.monotonic()
            if left <= 0:
                return False
            self._look_at_length()
            data = self._run(_if_it_comes(left))
            if data is None:
                return False
            self._take(data)
        return True

    def _look_at_length(self) -> None:
        if len(self._buffer) > _LONGEST_LINE:
            self._fail(MailboxError(f"{self.host} sent a line of more than {_LONGEST_LINE:,} bytes"))

    def _more(self, deadline: float) -> None:
        left = deadline - clock.monotonic()
        if left <= 0:
            self._fail(TransportTimeout(f"{self.host} did not answer within {self._patience:g} seconds"))
        self._take(self._do(Read(left)))

    def _take(self, data: object) -> None:
        assert isinstance(data, bytes)
        if not data:
            self._fail(
                ConnectError(f"{self.host} closed the connection", hint="Try again; the server may have limits.")
            )
        self._buffer += data

    def _taken(self, count: int) -> bytes:
        taken = bytes(memoryview(self._buffer)[:count])
        del self._buffer[:count]
        self._seen = 0
        return taken

    def _do(self, effect: Effect) -> object:
        return self._run(_one(effect))

    def _run(self, conversation: Conversation[object]) -> object:
        if self.failure is not None:
            raise self.failure
        try:
            return self._pump.run(conversation)
        except MailkitError as error:
            # The time that was left is not what was allowed.
            slow = TransportTimeout(f"{self.host} did not answer within {self._patience:g} seconds")
            self._fail(slow if isinstance(error, TransportTimeout) else error)

    def _too_large(self, size: int) -> NoReturn:
        self._fail(
            MailboxError(
                f"{self.host} has a message of {size:,} bytes or more, and {self._max_size:,} are allowed",
                hint="?max_size=BYTES in the URL allows more.",
            )
        )

    def _fail(self, error: MailkitError) -> NoReturn:
        self.failure = error
        self.close()
        raise error

    def close(self) -> None:
        """Close the connection. Closing twice is fine."""
        self._pump.close()
        self._buffer.clear()


_ENDLESS = "The connection is closed: the server does not keep to the protocol."


def _one(effect: Effect) -> Conversation[object]:
    return (yield effect)


def _if_it_comes(within: float) -> Conversation[object]:
    try:
        return (yield Read(within))
    except TransportTimeout:
        return None


def _reworded(error: TlsError, server: Server) -> TlsError:
    """Put the mailbox's schemes in the place of a relay's."""
    if "smtp://" not in error.hint:
        return error
    plain = server.scheme.removesuffix("s")
    return TlsError(
        error.problem, hint=f"Use {plain}:// (TLS after the greeting) instead of {plain}s:// (TLS from the start)."
    )
