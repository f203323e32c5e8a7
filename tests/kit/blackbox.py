"""A recording SMTP server in a process of its own: what was delivered, by a witness that shares no code with the sender.

For every message it appends one line of JSON to its log, in one write, *before* it answers the end of data. So whatever was
answered 250 is in the log, whoever is killed afterwards, and what is in the log is what a relay would have delivered. Like a
relay it goes on with what it has read when the client is gone.

It can be slow (``--ponder`` before 354, ``--hesitate`` before the log, ``--delay`` between the log and the answer; ``--jitter``
is added to each), and it can fail::

    --fault PHASE:ACTION:OFTEN

PHASE is one of greeting, ehlo, mail, rcpt, data (the reply to DATA, or to a chunk), body (half of the content has come),
record (all of it has come, nothing is in the log), reply (it is in the log, and not answered). ACTION is close, reset, half
(of the reply line, then close), stall (answer after ``--stall`` seconds), or a code of ``SAYS``, said as providers say it.
OFTEN is a probability (0.01) or every so manieth time (/50).

``python -m tests.kit.blackbox --log FILE`` says its port in a line on standard output. It ends on SIGTERM, or when its
standard input is closed, as soon as everything that came has been logged.
"""

import argparse
import asyncio
import hashlib
import json
import os
import random  # noqa: TID251 - seeded: the same server every time
import re
import signal
import socket
import struct
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import cycle
from pathlib import Path

HOST = "127.0.0.1"

SAYS = {
    "421": (
        (
            b"421-4.7.28 Gmail has detected an unusual rate of mail originating from your IP\r\n"
            b"421-4.7.28 address. To protect our users from spam, mail sent from your IP address\r\n"
            b"421 4.7.28 has been temporarily rate limited.\r\n"
        ),
        b"421 4.7.0 [TSS04] Messages from 127.0.0.1 temporarily deferred due to unexpected volume or user complaints\r\n",
        b"421 4.7.0 Try again later, closing connection.\r\n",
        b"421 too many messages in this connection\r\n",
    ),
    "450": (
        (
            b"450-4.2.1 The user you are trying to contact is receiving mail at a rate that\r\n"
            b"450-4.2.1 prevents additional messages from being delivered. Please resend your\r\n"
            b"450 4.2.1 message at a later time.\r\n"
        ),
        b"450 4.2.0 Recipient address rejected: Greylisted\r\n",
    ),
    "451": (
        b"451 4.7.1 Greylisting in action, please come back later\r\n",
        b"451 4.7.500 Server busy. Please try again later.\r\n",
    ),
    "452": (
        b"452 4.5.3 Error: too many recipients\r\n",
        b"452 4.5.3 Domain policy size per transaction exceeded, please try this recipient in a separate transaction.\r\n",
    ),
    "454": (
        b"454 Throttling failure: Maximum sending rate exceeded.\r\n",
        b"454 4.7.0 Temporary authentication failure\r\n",
    ),
    "550": (
        (
            b"550-5.1.1 The email account that you tried to reach does not exist. Please try\r\n"
            b"550-5.1.1 double-checking the recipient's email address for typos or\r\n"
            b"550 5.1.1 unnecessary spaces.\r\n"
        ),
        b"550 5.1.1 Recipient address rejected: User unknown in local recipient table\r\n",
    ),
    "552": (
        b"552 5.2.2 The recipient's inbox is out of storage space\r\n",
        b"552 5.3.4 Message size exceeds fixed limit\r\n",
    ),
    "554": (
        b"554 5.7.9 Message not accepted for policy reasons.\r\n",
        b"554 Message rejected: Email address is not verified.\r\n",
    ),
}
"""How the big providers word each refusal."""


class Phase(StrEnum):
    """Where in a session a fault is."""

    GREETING = "greeting"
    EHLO = "ehlo"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    BODY = "body"
    RECORD = "record"
    REPLY = "reply"


BREAKS = {"close", "reset", "half", "stall", "421"}
"""After these the client may not get replies that it waits for."""
_ANYWHERE = {"close", "reset", "half"} | SAYS.keys()
_POSSIBLE = {
    Phase.DATA: _ANYWHERE,
    Phase.BODY: {"close", "reset", "421"},
    Phase.RECORD: _ANYWHERE,
    Phase.REPLY: {"close", "reset", "half", "stall"},  # to keep a message and say no would be a lie
}


@dataclass
class _Fault:
    phase: Phase
    action: str
    chance: float = 0.0
    every: int = 0
    seen: int = 0

    @classmethod
    def parse(cls, text: str) -> "_Fault":
        phase, action, often = text.split(":")
        if action not in _POSSIBLE.get(Phase(phase), _ANYWHERE | {"stall"}):
            raise ValueError(f"{action} is no fault for {phase}")
        every = int(often[1:]) if often.startswith("/") else 0
        return cls(Phase(phase), action, 0.0 if every else float(often), every)

    def is_due(self, chance: random.Random) -> bool:
        self.seen += 1
        return self.seen % self.every == 0 if self.every else chance.random() < self.chance


@dataclass
class _Settings:
    log: int  # a file, open for appending
    delay: float = 0.0
    hesitate: float = 0.0
    ponder: float = 0.0
    jitter: float = 0.0
    stall: float = 5.0
    per_connection: int = 0
    is_chunking: bool = False
    faults: list[_Fault] = field(default_factory=list)
    chance: random.Random = field(default_factory=random.Random)


class _Server:
    """What the sessions share."""

    def __init__(self, settings: _Settings) -> None:
        self.settings = settings
        self.connections = 0
        self.sessions: set[_Session] = set()
        self.is_ending = False
        self.says = {code: cycle(texts) for code, texts in SAYS.items()}
        offers = [b"blackbox", b"PIPELINING", b"8BITMIME", b"SMTPUTF8", b"ENHANCEDSTATUSCODES", b"DSN"]
        offers += [b"CHUNKING", b"BINARYMIME"] if settings.is_chunking else []
        self.capabilities = b"".join(b"250-%s\r\n" % offer for offer in offers) + b"250 SIZE 52428800\r\n"

    def note(self, **what: object) -> None:
        """Write a line; it is in the file when this returns."""
        os.write(self.settings.log, json.dumps(what).encode() + b"\n")

    def fault(self, phase: Phase) -> str:
        """Return what is to go wrong here, if anything."""
        for fault in self.settings.faults:
            if fault.phase is phase and fault.is_due(self.settings.chance):
                return fault.action
        return ""

    def pause(self, seconds: float) -> float:
        """Return how long to wait: with jitter, and not at all when everything is to end."""
        if self.is_ending:
            return 0.0
        return seconds + self.settings.jitter * self.settings.chance.random() if seconds else 0.0


_PATH = re.compile(rb"<([^>]*)>")
_MESSAGE_ID = re.compile(rb"^message-id:\s*(<[^>\r\n]*>)", re.IGNORECASE | re.MULTILINE)


class _Session(asyncio.Protocol):
    """One connection. What is heard is dealt with in order; while it waits, nothing more is."""

    def __init__(self, server: _Server) -> None:
        self._server = server
        self._heard = bytearray()
        self._said: list[bytes] = []
        self._waiting: tuple[asyncio.TimerHandle, Callable[[], None]] | None = None
        self._is_over = False  # we hang up: what comes is not read
        self._has_ended = False  # the client has said all
        self._is_in_data = False
        self._content = bytearray()  # of the chunks so far
        self._taken = 0  # messages
        self._has_sender = False
        self._recipients: list[str] = []
        self._body_fault = ""  # what will go wrong in the content of this message

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._wire = transport
        self._server.connections += 1
        self._number = self._server.connections
        self._server.sessions.add(self)
        self._answer(Phase.GREETING, b"220 blackbox ESMTP\r\n")
        self._flush()

    def data_received(self, data: bytes) -> None:
        if not self._is_over:
            self._heard += data
            self._go_on()

    def eof_received(self) -> bool:
        self._has_ended = True
        self._go_on()
        return self._waiting is not None  # the reply is still to be tried

    def connection_lost(self, error: Exception | None) -> None:
        self._has_ended = True
        if self._waiting is None:
            self._server.sessions.discard(self)

    def end(self) -> None:
        """Do at once what was to be done later."""
        if self._waiting:
            handle, then = self._waiting
            handle.cancel()
            self._resume(then)

    # -- what comes ----------------------------------------------------------------------------------------------

    def _go_on(self) -> None:
        while not self._is_over and self._waiting is None and self._step():
            pass
        self._flush()
        if self._has_ended and self._waiting is None:
            self._wire.close()
            self._server.sessions.discard(self)

    def _step(self) -> bool:
        """Deal with one command, or the content; False when more must come first."""
        if self._is_in_data:
            return self._take_data()
        end = self._heard.find(b"\r\n")
        if end < 0:
            return False
        line = bytes(self._heard[:end])
        verb = line[:4].upper()
        if verb == b"BDAT":
            return self._take_chunk(line, end + 2)
        del self._heard[: end + 2]
        self._obey(verb, line)
        return True

    def _obey(self, verb: bytes, line: bytes) -> None:
        match verb:
            case b"EHLO" | b"HELO":
                self._forget()
                self._answer(Phase.EHLO, self._server.capabilities if verb == b"EHLO" else b"250 blackbox\r\n")
            case b"MAIL":
                self._begin()
            case b"RCPT":
                if not self._has_sender:
                    self._say(b"503 5.5.1 Error: need MAIL command\r\n")
                elif self._answer(Phase.RCPT, b"250 2.1.5 Ok\r\n"):
                    self._recipients.append(
                        (found[1] if (found := _PATH.search(line)) else b"").decode("utf-8", "replace")
                    )
            case b"DATA":
                if not self._recipients:
                    self._say(b"554 5.5.1 Error: no valid recipients\r\n")
                else:
                    self._later(self._server.settings.ponder, self._allow_data)
            case b"RSET":
                self._forget()
                self._say(b"250 2.0.0 Ok\r\n")
            case b"NOOP" | b"VRFY":
                self._say(b"250 2.0.0 Ok\r\n" if verb == b"NOOP" else b"252 2.0.0 Perhaps\r\n")
            case b"QUIT":
                self._say(b"221 2.0.0 Bye\r\n")
                self._part()
            case _:
                self._breach(b"unknown command: " + line[:60])
                self._say(b"500 5.5.2 Error: command not recognized\r\n")

    def _begin(self) -> None:
        if self._has_sender:
            self._breach(b"MAIL within a transaction")
            self._say(b"503 5.5.1 Error: nested MAIL command\r\n")
        elif self._answer(Phase.MAIL, b"250 2.1.0 Ok\r\n"):
            self._has_sender = True
            self._body_fault = self._server.fault(Phase.BODY)

    def _allow_data(self) -> None:
        if self._heard:
            self._breach(b"content before 354: " + self._heard[:40])
        self._is_in_data = self._answer(Phase.DATA, b"354 End data with <CR><LF>.<CR><LF>\r\n")

    def _take_data(self) -> bool:
        if self._body_fault and self._heard:
            self._break_in_body()
            return False
        if self._heard.startswith(b".\r\n"):
            end, content = 3, b""
        elif (place := self._heard.find(b"\r\n.\r\n")) >= 0:
            end, content = place + 5, bytes(self._heard[: place + 2])
        else:
            return False
        del self._heard[:end]
        self._is_in_data = False
        self._take(content[content.startswith(b".") :].replace(b"\r\n.", b"\r\n"))
        return True

    def _take_chunk(self, line: bytes, begin: int) -> bool:
        words = line.split()
        size, is_last = int(words[1]), words[-1].upper() == b"LAST"
        came = len(self._heard) - begin
        if self._body_fault and self._recipients and came >= size // 2:
            self._break_in_body()
            return False
        if came < size:
            return False
        self._content += self._heard[begin : begin + size]
        del self._heard[: begin + size]
        if not self._recipients:
            self._content.clear()
            self._say(b"503 5.5.1 Error: no valid recipients\r\n")
        elif not self._answer(Phase.DATA, b""):
            self._recipients.clear()  # RFC 3030 2: nothing more of it is taken before RSET
        elif is_last:
            self._take(bytes(self._content))
        else:
            self._say(b"250 2.0.0 Ok\r\n")
        return True

    # -- a message that has come whole -------------------------------------------------------------------------------

    def _take(self, content: bytes) -> None:
        recipients = tuple(self._recipients)
        self._forget()
        if not self._answer(Phase.RECORD, b""):
            return
        self._later(self._server.settings.hesitate, lambda: self._record(content, recipients))

    def _record(self, content: bytes, recipients: tuple[str, ...]) -> None:
        header = content.partition(b"\r\n\r\n")[0]
        self._server.note(
            id=found[1].decode("utf-8", "replace") if (found := _MESSAGE_ID.search(header)) else "",
            to=recipients,
            sha256=hashlib.sha256(content).hexdigest(),
            size=len(content),
            at=time.monotonic(),
            connection=self._number,
        )
        self._taken += 1
        self._later(self._server.settings.delay, self._accept)

    def _accept(self) -> None:
        self._answer(Phase.REPLY, b"250 2.0.0 Ok: queued as %06X\r\n" % (self._number * 4096 + self._taken))
        if self._taken == self._server.settings.per_connection and not self._is_over:
            self._note_fault("reply:close")
            self._part()

    # -- faults --------------------------------------------------------------------------------------------------------

    def _answer(self, phase: Phase, reply: bytes) -> bool:
        """Say the reply, or do what is wrong instead. Returns whether the client is to be obeyed."""
        if self._server.settings.faults and (action := self._server.fault(phase)):
            self._note_fault(f"{phase}:{action}")
            return self._fail(action, reply)
        if reply:
            self._say(reply)
        return True

    def _fail(self, action: str, reply: bytes) -> bool:
        if action == "stall":
            self._later(self._server.settings.stall, lambda: self._say(reply))
            return True
        if action == "reset":
            self._flush()
            self._heard.clear()
            self._is_over = True
            with suppress(OSError):
                self._wire.get_extra_info("socket").setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
                )
            self._wire.abort()
            return False
        if action == "half":
            reply = reply or b"250 2.0.0 Ok\r\n"
            self._say(reply[: len(reply) // 2])
        elif action != "close":
            self._say(next(self._server.says[action]))
        if action in BREAKS:
            self._part()
        return False

    def _break_in_body(self) -> None:
        self._note_fault(f"{Phase.BODY}:{self._body_fault}")
        self._fail(self._body_fault, b"")

    def _note_fault(self, what: str) -> None:
        self._server.note(fault=what, connection=self._number, at=time.monotonic())

    def _breach(self, what: bytes) -> None:
        self._server.note(breach=what.decode("utf-8", "replace"), connection=self._number, at=time.monotonic())

    # -- bytes ---------------------------------------------------------------------------------------------------------

    def _forget(self) -> None:
        self._has_sender = False
        self._body_fault = ""
        self._recipients = []
        self._content.clear()

    def _later(self, seconds: float, then: Callable[[], None]) -> None:
        if not (pause := self._server.pause(seconds)):
            then()
            return
        handle = asyncio.get_running_loop().call_later(pause, self._resume, then)
        self._waiting = handle, then

    def _resume(self, then: Callable[[], None]) -> None:
        self._waiting = None
        then()
        self._go_on()

    def _say(self, reply: bytes) -> None:
        self._said.append(reply)

    def _flush(self) -> None:
        if self._said and not self._wire.is_closing():
            self._wire.write(b"".join(self._said))
        self._said.clear()

    def _part(self) -> None:
        """Hang up, but let what was said arrive: closing a socket that holds unread bytes would reset it."""
        self._flush()
        self._heard.clear()
        self._is_over = True
        if not self._wire.is_closing():
            self._wire.write_eof()
            asyncio.get_running_loop().call_later(1.0, self._wire.close)


async def _serve(settings: _Settings) -> None:
    loop = asyncio.get_running_loop()
    over = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, over.set)
    with suppress(PermissionError):  # a file has no end to wait for
        loop.add_reader(0, lambda: None if os.read(0, 4096) else over.set())
    server = _Server(settings)
    listening = await loop.create_server(lambda: _Session(server), HOST, 0, backlog=512)
    sys.stdout.write(f"{listening.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await over.wait()
    loop.remove_reader(0)
    server.is_ending = True
    listening.close()
    deadline = loop.time() + 2.0
    while server.sessions and loop.time() < deadline:  # what was written by those who are gone is read, and logged
        for session in tuple(server.sessions):
            session.end()
        await asyncio.sleep(0.01)


def main(arguments: list[str] | None = None) -> None:
    """Listen until told to end."""
    parser = argparse.ArgumentParser(prog="python -m tests.kit.blackbox", description="A recording SMTP server.")
    parser.add_argument("--log", required=True, type=Path)
    for name in ("ponder", "hesitate", "delay", "jitter", "stall"):
        parser.add_argument(f"--{name}", type=float, default=5.0 if name == "stall" else 0.0, metavar="SECONDS")
    parser.add_argument("--per-connection", type=int, default=0, metavar="N", help="hang up after N messages")
    parser.add_argument("--chunking", action="store_true", help="offer BDAT")
    parser.add_argument("--fault", action="append", default=[], type=_Fault.parse, metavar="PHASE:ACTION:OFTEN")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args(arguments)
    settings = _Settings(
        log=os.open(given.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600),
        delay=given.delay,
        hesitate=given.hesitate,
        ponder=given.ponder,
        jitter=given.jitter,
        stall=given.stall,
        per_connection=given.per_connection,
        is_chunking=given.chunking,
        faults=given.fault,
        chance=random.Random(given.seed),
    )
    asyncio.run(_serve(settings))


if __name__ == "__main__":
    main()
