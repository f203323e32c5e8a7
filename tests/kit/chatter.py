"""A server on the loopback that answers line by line, as a test wants it to: honest, broken or hostile."""

import re
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import ExitStack, suppress
from types import TracebackType
from typing import Self

PATIENCE = 10.0
HANGS_UP = object()
"""What an answer is to close the connection."""
HANDSHAKES = object()
"""What an answer is, behind what is said in the clear, to begin TLS: ``(b"OK…", HANDSHAKES)``."""

Answer = Callable[[bytes], object]


class Chatter:
    """Says `greeting` to each connection, then what `answer` returns for each line: bytes, or a tuple of things to do.

    What it heard is in `heard`. With `drips`, everything that it says goes byte by byte.
    """

    def __init__(
        self, greeting: bytes, answer: Answer, *, drips: bool = False, context: ssl.SSLContext | None = None
    ) -> None:
        self._greeting = greeting
        self._answer = answer
        self._drips = drips
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._wires: list[socket.socket] = []
        self.port = self._listener.getsockname()[1]
        self.heard: list[bytes] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for wire in (self._listener, *self._wires):
            with suppress(OSError):
                wire.shutdown(socket.SHUT_RDWR)
            wire.close()
        self._thread.join(PATIENCE)

    @property
    def said(self) -> bytes:
        """All that it heard."""
        return b"".join(self.heard)

    def _serve(self) -> None:
        while True:
            try:
                wire, _ = self._listener.accept()
            except OSError:
                return
            wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._wires.append(wire)
            with ExitStack() as opened, suppress(OSError, ValueError):
                self._converse(opened.enter_context(wire), opened)

    def _converse(self, wire: socket.socket, opened: ExitStack) -> None:
        """Answer on `wire`; what is opened on the way, `opened` closes."""
        wire.settimeout(PATIENCE)
        self._say(wire, self._greeting)
        lines = opened.enter_context(wire.makefile("rb"))
        while line := lines.readline():
            self.heard.append(line)
            answer = self._answer(line)
            for step in answer if isinstance(answer, tuple) else (answer,):
                if step is HANGS_UP:
                    return
                if step is HANDSHAKES:
                    assert self._context is not None
                    wire = opened.enter_context(self._context.wrap_socket(wire, server_side=True))
                    lines = opened.enter_context(wire.makefile("rb"))
                elif step:
                    assert isinstance(step, bytes)
                    self._say(wire, step)

    def _say(self, wire: socket.socket, data: bytes) -> None:
        if not self._drips:
            wire.sendall(data)
            return
        for place in range(len(data)):
            wire.sendall(data[place : place + 1])


CAPABILITY = b"IMAP4rev1 SASL-IR UIDPLUS MOVE IDLE ESEARCH LITERAL+"
SELECTED = (
    b"* 1 EXISTS\r\n* 0 RECENT\r\n* FLAGS (\\Seen)\r\n* OK [UIDVALIDITY 7] x\r\n* OK [UIDNEXT 2] x\r\n"
    b"%t OK [READ-WRITE] done\r\n"
)
IMAP = {
    "CAPABILITY": b"* CAPABILITY " + CAPABILITY + b"\r\n%t OK done\r\n",
    "LOGIN": b"%t OK welcome\r\n",
    "SELECT": SELECTED,
    "EXAMINE": SELECTED,
    "SEARCH": b"* SEARCH 1\r\n%t OK done\r\n",
    "LOGOUT": b"* BYE then\r\n%t OK done\r\n",
    "NOOP": b"%t OK done\r\n",
}
IMAP_GREETING = b"* OK ready\r\n"
IMAP_URL = "imap://ada:secret@127.0.0.1:{port}/INBOX?unsafe_plaintext_auth=yes&timeout=5"


def imap(**answers: object) -> Answer:
    """Return the answers of a server that can do little, with some of them replaced; %t is the command's tag."""
    known = {**IMAP, **answers}

    def answer(line: bytes) -> object:
        words = line.split()
        tag, verb = (words[0], words[1].decode().upper()) if len(words) > 1 else (b"", line.strip().decode("latin-1"))
        if verb == "UID":
            verb = words[2].decode().upper()
        found = known.get(verb, b"%t BAD unknown\r\n")
        return _tagged(found, tag)

    return answer


def _tagged(found: object, tag: bytes) -> object:
    if isinstance(found, tuple):
        return tuple(_tagged(one, tag) for one in found)
    return found.replace(b"%t", tag) if isinstance(found, bytes) else found


POP3 = {
    "CAPA": b"+OK\r\nUSER\r\nUIDL\r\nTOP\r\n.\r\n",
    "USER": b"+OK\r\n",
    "PASS": b"+OK\r\n",
    "STAT": b"+OK 1 20\r\n",
    "LIST": b"+OK\r\n1 20\r\n.\r\n",
    "UIDL": b"+OK\r\n1 one\r\n.\r\n",
    "TOP": b"+OK\r\nSubject: x\r\n\r\n.\r\n",
    "RETR": b"+OK\r\nSubject: x\r\n\r\nhi\r\n.\r\n",
    "DELE": b"+OK\r\n",
    "RSET": b"+OK\r\n",
    "NOOP": b"+OK\r\n",
    "QUIT": (b"+OK\r\n", HANGS_UP),
}
POP3_GREETING = b"+OK ready <1896.697170952@dbc.mtview.ca.us>\r\n"
POP3_URL = "pop3://ada:secret@127.0.0.1:{port}?unsafe_plaintext_auth=yes&timeout=5"


def pop3(**answers: object) -> Answer:
    """Return the answers of a POP3 server with one message, with some of them replaced."""
    known = {**POP3, **answers}
    return lambda line: known.get(re.split(rb"\s", line)[0].decode("latin-1").upper(), b"-ERR unknown\r\n")
