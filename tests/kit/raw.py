"""A raw connection to our inbox: says bytes as they are, and hears what comes back; and what the inbox noted of it."""

import socket
import ssl
from contextlib import suppress
from threading import Event
from types import TracebackType
from typing import Self

from mailkit.inbox import Inbox, Session
from tests.kit.peers import PATIENCE


class Raw:
    """A client that knows no protocol."""

    def __init__(self, port: int | None, *, greeted: bool = True) -> None:
        assert port
        self._wire: socket.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self._wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._lines = self._wire.makefile("rb")
        if greeted:
            self.hear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lines.close()
        self._wire.close()

    def say(self, *lines: bytes) -> None:
        """Send lines, all at once."""
        self._wire.sendall(b"".join(lines))

    def hear(self) -> bytes:
        """Return the last line of the next reply, or ``b""`` when there is none and never will be."""
        try:
            while (line := self._lines.readline())[3:4] == b"-":
                pass
        except ConnectionError:  # the server has closed what it had not read to its end
            return b""
        return line.rstrip(b"\r\n")

    def ask(self, *lines: bytes) -> list[bytes]:
        """Say lines one after another, and return what each got."""
        answers = []
        for line in lines:
            with suppress(ConnectionError):  # it has hung up; what it said before is still to be heard
                self.say(line)
            answers.append(self.hear())
        return answers

    def begin(self, *recipients: bytes) -> None:
        """Say who writes to whom, up to DATA's go-ahead."""
        wanted = recipients or (b"b@example.com",)
        lines = [b"EHLO me\r\n", b"MAIL FROM:<a@example.com>\r\n", *(b"RCPT TO:<%s>\r\n" % one for one in wanted)]
        assert [answer[:3] for answer in self.ask(*lines)] == [b"250"] * len(lines)
        assert self.ask(b"DATA\r\n") == [b"354 End data with <CR><LF>.<CR><LF>"]

    def secure(self, context: ssl.SSLContext) -> None:
        """Shake hands."""
        self._lines.close()
        self._wire = context.wrap_socket(self._wire, server_hostname="localhost")
        self._lines = self._wire.makefile("rb")

    def end(self) -> None:
        """Say that no more will come."""
        self._wire.shutdown(socket.SHUT_WR)


def noted(inbox: Inbox, count: int = 1) -> Session:
    """Return the last session without a message, once there are ``count``: one is noted after its client has gone."""
    news = Event()
    stop = inbox.archive.subscribe(news.set)
    try:
        while len(inbox.sessions) < count:
            assert news.wait(PATIENCE), f"{len(inbox.sessions)} of {count} sessions were noted"
            news.clear()
    finally:
        stop()
    return inbox.sessions[-1]
