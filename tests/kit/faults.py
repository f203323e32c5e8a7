"""A raw SMTP server that works, until it comes to one phase of a session: there it does one thing wrong."""

import socket
import ssl
import struct
import threading
import time
from collections import Counter
from contextlib import suppress
from enum import StrEnum
from types import TracebackType
from typing import Self

from tests.kit.peers import PATIENCE


class Phase(StrEnum):
    """Where the fault is: in the place of the reply that would come here, unless it says something else."""

    GREETING = "greeting"
    EHLO = "EHLO"
    STARTTLS = "STARTTLS"
    HANDSHAKE = "handshake"
    """After 220: in the place of the handshake."""
    AUTH = "AUTH"
    MAIL = "MAIL"
    RCPT = "RCPT"
    """To the second recipient."""
    DATA = "DATA"
    CONTENT = "content"
    """The server has read some of the content, and not its end."""
    END = "end of data"
    """Or the octets of the last chunk."""
    HALF_LINE = "half a line"
    """The final reply has begun."""
    HALF_REPLY = "half a reply"
    """One of two lines of the final reply has come."""
    NEXT = "next message"
    """The final reply has come whole; this comes unasked, right behind it."""
    QUIT = "QUIT"


class Fault(StrEnum):
    """What goes wrong."""

    CLOSE = "close"
    RESET = "reset"
    STALL = "stall"
    CLOSING = "421"
    """And the server hangs up."""
    LATER = "4xx"
    NEVER = "5xx"
    GARBAGE = "garbage"
    OVERSIZED = "oversized"
    """A line of 5,000 bytes."""
    EXTRA = "extra"
    """The right reply, and one more that nobody asked for."""


SAID = {
    Fault.CLOSING: b"421 4.3.2 closing\r\n",
    Fault.LATER: b"451 4.3.0 later\r\n",
    Fault.NEVER: b"554 5.7.0 never\r\n",
    Fault.GARBAGE: b"\0\xff what?\r\n",
    Fault.OVERSIZED: b"250 " + b"x" * 5_000 + b"\r\n",
    Fault.EXTRA: b"250 2.0.0 extra\r\n",
}
_SAYS_NO = {Fault.CLOSING, Fault.LATER, Fault.NEVER}
_SOME = 40_000  # bytes of a large content that are read before the fault


class _Over(Exception):
    """The connection is over."""


class _Held(Exception):
    """Nobody reads it any more, and it stays open."""


class FaultyServer:
    """Listens on a free port. The fault comes in the first ``times`` connections, in transaction number ``nth`` of each.

    ``kept`` counts what it may have taken, by subject and recipient: every message that came whole and was not clearly
    refused.
    """

    host = "127.0.0.1"

    def __init__(
        self,
        phase: Phase,
        fault: Fault,
        *,
        nth: int = 1,
        times: int = 1,
        offers: tuple[str, ...] = ("PIPELINING",),
        is_bytewise: bool = False,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.phase, self.fault, self.nth, self.times = phase, fault, nth, times
        self.offers, self.is_bytewise, self.tls = offers, is_bytewise, tls
        self.connections = 0
        self.kept: Counter[tuple[str, str]] = Counter()
        self.came_by: dict[str, int] = {}
        """The number of the connection by which a subject has come."""
        self.held: list[socket.socket] = []
        self.is_over = threading.Event()
        self._fault: BaseException | None = None
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._listening = socket.create_server((self.host, 0))
        # A content of some megabytes must not find room in the buffers on the way.
        self._listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16_384)
        self._listening.settimeout(PATIENCE)
        self.port = self._listening.getsockname()[1]
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.is_over.set()
        with suppress(OSError):  # wakes accept()
            socket.create_connection((self.host, self.port), timeout=1).close()
        self._thread.join(PATIENCE)
        for wire in (self._listening, *self.held):
            wire.close()
        if error is None and self._fault is not None:
            raise self._fault

    def _serve(self) -> None:
        try:
            while True:
                wire, _ = self._listening.accept()
                if self.is_over.is_set():
                    wire.close()
                    return
                self.connections += 1
                _Session(self, wire, is_faulty=self.connections <= self.times).run()
        except (AssertionError, OSError) as fault:
            self._fault = fault


class _Session:
    def __init__(self, server: FaultyServer, wire: socket.socket, *, is_faulty: bool) -> None:
        self._server = server
        self._wire = wire
        self._wire.settimeout(PATIENCE)
        self._wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._is_due = is_faulty
        self._heard = b""
        self._transactions = 0
        self._recipients: list[str] = []
        self._seen = 0  # RCPTs of this transaction
        self._has_sender = False
        self._is_secure = False

    def run(self) -> None:
        try:
            with suppress(_Over, ConnectionError, ssl.SSLError):
                self._answer(Phase.GREETING, b"220 mx.example.com\r\n")
                while True:
                    self._obey(self._line())
        except _Held:
            return
        self._wire.close()

    # -- commands ------------------------------------------------------------------------------------------------

    def _obey(self, line: bytes) -> None:
        verb = line.split()[0].upper()
        match verb:
            case b"EHLO":
                self._answer(Phase.EHLO, self._capabilities())
            case b"HELO" | b"RSET" | b"NOOP":
                self._recipients, self._has_sender = [], False
                self._say(b"250 ok\r\n")
            case b"STARTTLS":
                self._start_tls()
            case b"AUTH":
                self._answer(Phase.AUTH, b"235 2.7.0 welcome\r\n")
            case b"MAIL":
                self._transactions += 1
                self._recipients, self._seen = [], 0
                self._has_sender = self._answer(Phase.MAIL, b"250 2.1.0 ok\r\n")
            case b"RCPT":
                self._seen += 1
                recipient = line.partition(b"<")[2].partition(b">")[0].decode()
                if not self._has_sender:
                    self._say(b"503 5.5.1 say MAIL first\r\n")
                elif self._answer(Phase.RCPT if self._seen == 2 else None, b"250 2.1.5 ok\r\n"):
                    self._recipients.append(recipient)
            case b"DATA":
                if not self._recipients:
                    self._say(b"554 5.5.1 nobody wants it\r\n")
                elif self._answer(Phase.DATA, b"354 go\r\n"):
                    self._take_data()
            case b"BDAT":
                self._take_chunk(int(line.split()[1]))
            case b"QUIT":
                self._answer(Phase.QUIT, b"221 bye\r\n")
                raise _Over
            case _:
                raise AssertionError(f"the client said {line!r}")

    def _capabilities(self) -> bytes:
        offers = [*self._server.offers, "AUTH PLAIN"]
        if self._server.tls and not self._is_secure:
            offers.append("STARTTLS")
        *others, last = ["mx.example.com", *offers]
        return b"".join(b"250-%s\r\n" % one.encode() for one in others) + b"250 %s\r\n" % last.encode()

    def _start_tls(self) -> None:
        if not self._answer(Phase.STARTTLS, b"220 go\r\n"):
            return
        if self._is_due and self._server.phase is Phase.HANDSHAKE and self._server.fault is not Fault.EXTRA:
            self._wire.recv(65_536)  # the client has seen 220, and has begun
            self._fail(b"")
            return
        assert self._server.tls is not None
        self._wire = self._server.tls.wrap_socket(self._wire, server_side=True)
        self._is_secure = True
        self._answer(Phase.HANDSHAKE, b"")

    def _take_data(self) -> None:
        if self._is_now(Phase.CONTENT):
            self._interrupt()
        else:
            self._finish(self._up_to_end(b""))

    def _interrupt(self) -> None:
        """Do what is wrong after some of the content. What is said then is said while the client writes."""
        fault, content = self._server.fault, b""
        while len(content) < _SOME:
            content += self._some()
        if fault is Fault.STALL:  # who does not read cannot see that the client leaves
            self._server.held.append(self._wire)
            raise _Held
        if fault not in SAID or fault is Fault.CLOSING:
            self._fail(b"", is_reading=False)
        self._is_due = False
        self._say(SAID[fault])
        content = self._up_to_end(content)
        if fault not in _SAYS_NO:
            self._keep(content)
        if fault is Fault.EXTRA:
            self._say(b"250 2.0.0 queued\r\n")
        self._recipients, self._has_sender = [], False

    def _take_chunk(self, size: int) -> None:
        while len(self._heard) < size:
            self._heard += self._received()
        content, self._heard = self._heard[:size], self._heard[size:]
        if not self._recipients:
            self._say(b"503 5.5.1 nobody wants it\r\n")
            return
        self._finish(content)

    def _finish(self, content: bytes) -> None:
        """Answer the end of data. Whatever is not clearly a refusal may be an acceptance."""
        server = self._server
        if not (self._is_now(Phase.END) and server.fault in _SAYS_NO):
            self._keep(content)
        self._recipients, self._has_sender = [], False
        reply = b"250 2.0.0 queued\r\n"
        if self._is_now(Phase.HALF_LINE):
            self._say(reply[:7])
            self._fail(reply[7:])
        elif self._is_now(Phase.HALF_REPLY):
            self._say(b"250-2.0.0 queued\r\n")
            self._fail(b"250 2.0.0 and more\r\n")
        elif self._is_now(Phase.NEXT):
            self._is_due = False
            if server.fault in SAID:
                self._say(reply + SAID[server.fault])
                if server.fault is Fault.CLOSING:
                    self._part()
                return
            self._say(reply)
            if server.fault is not Fault.CLOSE:
                self._line()  # an idle connection is lost without a sign
            self._is_due = True
            self._fail(b"")
        else:
            self._answer(Phase.END, reply)

    def _keep(self, content: bytes) -> None:
        subject = content.partition(b"Subject: ")[2].partition(b"\r\n")[0].decode()
        self._server.came_by[subject] = self._server.connections
        for recipient in self._recipients:
            self._server.kept[subject, recipient] += 1

    # -- the fault -----------------------------------------------------------------------------------------------

    def _is_now(self, phase: Phase | None) -> bool:
        server = self._server
        return self._is_due and server.phase is phase and (self._transactions or server.nth) == server.nth

    def _answer(self, phase: Phase | None, reply: bytes) -> bool:
        """Say the reply, or do what is wrong instead. Whether the command was taken, as far as the server knows."""
        if self._is_now(phase):
            return self._fail(reply)
        self._say(reply)
        return True

    def _fail(self, reply: bytes, *, is_reading: bool = True) -> bool:
        self._is_due = False
        fault = self._server.fault
        match fault:
            case Fault.CLOSE:
                self._part(is_reading=is_reading)
            case Fault.RESET:
                self._wait_until_gone()
                self._wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self._wire.close()
                raise _Over
            case Fault.STALL:
                self._hang()
            case Fault.CLOSING:
                self._say(SAID[fault])
                self._part(is_reading=is_reading)
            case Fault.EXTRA:
                self._say(reply + SAID[fault])
            case _:
                self._say(SAID[fault])
        return fault not in _SAYS_NO

    def _part(self, *, is_reading: bool = True) -> None:
        """Hang up, but let what was said arrive: closing a socket that holds unread bytes would reset it."""
        if not is_reading:
            raise _Over
        with suppress(OSError):
            self._wire.shutdown(socket.SHUT_WR)
        self._hang()

    def _hang(self) -> None:
        """Wait until the client leaves, or the test is over."""
        self._wire.settimeout(0.05)
        while not self._server.is_over.is_set():
            with suppress(TimeoutError):
                if not self._wire.recv(65_536):
                    break
        raise _Over

    def _wait_until_gone(self) -> None:
        """A reset throws away what has not reached the other side yet, and what was said before is no part of the fault."""
        try:
            from fcntl import ioctl
            from termios import TIOCOUTQ
        except ImportError:  # on Windows
            return
        deadline = time.monotonic() + PATIENCE
        while any(ioctl(self._wire, TIOCOUTQ, bytes(4))) and time.monotonic() < deadline:
            pass

    # -- bytes ---------------------------------------------------------------------------------------------------

    def _say(self, data: bytes) -> None:
        if not self._server.is_bytewise:
            self._wire.sendall(data)
            return
        for place in range(len(data)):
            self._wire.sendall(data[place : place + 1])

    def _line(self) -> bytes:
        while b"\r\n" not in self._heard:
            self._heard += self._received()
        line, _, self._heard = self._heard.partition(b"\r\n")
        return line

    def _some(self) -> bytes:
        if self._heard:
            some, self._heard = self._heard, b""
            return some
        return self._received()

    def _up_to_end(self, content: bytes) -> bytes:
        """Read up to the end of data; return the beginning of what came."""
        beginning, tail = content[:2_000], content
        while b"\r\n.\r\n" not in tail:
            some = self._some()
            if len(beginning) < 2_000:
                beginning += some
            tail = tail[-4:] + some
        self._heard = tail.partition(b"\r\n.\r\n")[2]
        return beginning

    def _received(self) -> bytes:
        data = self._wire.recv(262_144)
        if not data:
            raise _Over
        return data
