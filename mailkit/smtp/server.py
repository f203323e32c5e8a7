"""The server's side of SMTP, as one conversation: what catches mail in tests, in the demo and in the inbox.

RFC 5321 with SIZE (1870), PIPELINING (2920), ENHANCEDSTATUSCODES (2034), STARTTLS (3207), AUTH PLAIN and LOGIN (4954),
8BITMIME (6152) and SMTPUTF8 (6531). It is strict where leniency is a hole: a command ends with CRLF and nothing else,
data ends with CRLF "." CRLF and nothing else, and what came before a TLS handshake is forgotten.
"""

import re
from binascii import Error as Base64Error
from binascii import a2b_base64
from collections.abc import Callable
from dataclasses import dataclass, field

from mailkit.errors import RemoteProtocolError
from mailkit.sansio import Buffer, Call, Conversation, Read, StartTls, Write
from mailkit.smtp.dot import DataReader
from mailkit.smtp.policy import Policy, Received, ServerProfile, guarded
from mailkit.smtp.reply import Reply

__all__ = ["serve"]

_LINE_LIMIT = 12_288  # RFC 4954 4.3: an AUTH line; all other commands are shorter
_MAX_ERRORS = 20  # a peer that only makes mistakes is a scanner, or lost
_PATH = re.compile(r'(?:FROM|TO):[ ]?<((?:[^<>"\s]|"(?:[^"\\]|\\.)*")*)>(.*)', re.IGNORECASE | re.DOTALL)


def serve(policy: Policy, profile: ServerProfile, *, peer: str = "", is_secure: bool = False) -> Conversation[None]:
    """Talk to one client until it says QUIT, goes away or makes too many mistakes."""
    yield from _Session(policy, profile, peer, is_secure).run()


@dataclass(slots=True)
class _Session:
    policy: Policy
    profile: ServerProfile
    peer: str
    is_secure: bool
    hello: str = ""
    is_extended: bool = False
    user: str = ""
    sender: str | None = None
    recipients: list[str] = field(default_factory=list)
    errors: int = 0
    buffer: Buffer = field(default_factory=Buffer)
    pending: list[bytes] = field(default_factory=list)
    is_over: bool = False

    def run(self) -> Conversation[None]:
        self._say(Reply.of(220, f"{self.profile.host} ESMTP mailkit"))
        try:
            while not self.is_over:
                line = yield from self._line()
                if line is None:
                    break
                yield from self._obey(line)
                if self.errors > _MAX_ERRORS:
                    self._close(Reply.of(421, "4.7.0 Too many errors"))
        except RemoteProtocolError:
            self._close(Reply.of(500, "5.5.2 Line too long"))
        except TimeoutError:
            self._close(Reply.of(421, f"4.4.2 {self.profile.host} Idle for too long"))
        yield from self._flush()

    def _obey(self, line: bytes) -> Conversation[None]:
        conversation = self._answer(line)
        if conversation is not None:
            yield from conversation

    def _answer(self, line: bytes) -> Conversation[None] | None:
        """Answer a command. What takes more than one reply comes back as a conversation."""
        try:
            text = line.decode()
        except UnicodeDecodeError:
            return self._fault(Reply.of(500, "5.5.2 Commands are ASCII or UTF-8"))
        if "\r" in text or "\0" in text:
            return self._fault(Reply.of(500, "5.5.2 A line has neither CR nor NUL within"))
        verb, _, argument = text.partition(" ")
        verb, argument = verb.upper(), argument.strip()
        if fault := self._out_of_order(verb):
            return self._fault(fault)
        command: Callable[[str], Conversation[None] | None] = getattr(self, f"_on_{verb.lower()}")
        return command(argument)

    def _out_of_order(self, verb: str) -> Reply | None:
        """RFC 5321 4.1.4 as a table: what each command needs to have been said before."""
        needs = _NEEDS.get(verb)
        if needs is None:
            return Reply.of(500, "5.5.1 Unknown command")
        if "hello" in needs and not self.hello:
            return Reply.of(503, "5.5.1 Say HELO or EHLO first")
        if "auth" in needs and self.profile.auth_required and not self.user:
            return Reply.of(530, "5.7.0 Authentication required")
        if "no sender" in needs and self.sender is not None:
            return Reply.of(503, "5.5.1 Sender already given")
        if "sender" in needs and self.sender is None:
            return Reply.of(503, "5.5.1 Say MAIL first")
        if "recipient" in needs and not self.recipients:
            return Reply.of(503, "5.5.1 No valid recipients")
        return None

    # -- commands ------------------------------------------------------------------------------------------------

    def _on_helo(self, argument: str) -> Conversation[None] | None:
        return self._greet(argument, extended=False)

    def _on_ehlo(self, argument: str) -> Conversation[None] | None:
        return self._greet(argument, extended=True)

    def _greet(self, name: str, *, extended: bool) -> Conversation[None] | None:
        if not name:
            return self._fault(Reply.of(501, "5.5.4 Say who you are"))
        self._forget()
        self.hello, self.is_extended = name, extended
        lines = [f"{self.profile.host} Hello {name}"]
        if extended:
            lines += self.profile.extensions
            lines.append(f"SIZE {self.profile.max_size}")
            if self.profile.starttls and not self.is_secure:
                lines.append("STARTTLS")
            if self._offers_auth():
                lines.append("AUTH PLAIN LOGIN")
        self._say(Reply(250, tuple(lines)))
        return None

    def _on_starttls(self, argument: str) -> Conversation[None] | None:
        if not self.profile.starttls or self.is_secure or argument:
            return self._fault(Reply.of(503, "5.5.1 STARTTLS is not available now"))
        return self._start_tls()

    def _start_tls(self) -> Conversation[None]:
        self._say(Reply.of(220, "2.0.0 Go ahead"))
        # Commands sent along with STARTTLS, in the clear, are dropped and not obeyed later (RFC 3207 4.2).
        self.buffer.take(len(self.buffer))
        yield from self._flush()
        yield StartTls(within=self.profile.idle)
        self.is_secure = True
        self.hello, self.user = "", ""
        self._forget()

    def _on_auth(self, argument: str) -> Conversation[None] | None:
        if not self._offers_auth() or self.user or self.sender is not None:
            return self._fault(Reply.of(503, "5.5.1 AUTH is not available now"))
        mechanism, _, initial = argument.partition(" ")
        match mechanism.upper():
            case "PLAIN":
                return self._auth_plain(initial)
            case "LOGIN":
                return self._auth_login(initial)
        return self._fault(Reply.of(504, "5.5.4 Unknown mechanism"))

    def _auth_plain(self, initial: str) -> Conversation[None]:
        words = yield from self._challenge("", initial)
        parts = words.split("\0") if words is not None else []
        yield from self._judge(*parts[1:]) if len(parts) == 3 else self._no_auth()

    def _auth_login(self, initial: str) -> Conversation[None]:
        user = yield from self._challenge("VXNlcm5hbWU6", initial)
        password = (yield from self._challenge("UGFzc3dvcmQ6", "")) if user is not None else None
        yield from self._judge(user, password) if user and password is not None else self._no_auth()

    def _challenge(self, challenge: str, initial: str) -> Conversation[str | None]:
        answer: bytes | None = b"" if initial == "=" else initial.encode()  # RFC 4954 4: "=" stands for nothing
        if not initial:
            self._say(Reply(334, (challenge,)))
            answer = yield from self._line()
        try:
            return None if answer is None else a2b_base64(answer, strict_mode=True).decode()
        except (Base64Error, UnicodeDecodeError):
            return None

    def _judge(self, user: str, password: str) -> Conversation[None]:
        answer = yield Call(lambda: guarded(lambda: self.policy.authenticate(user, password)))
        if isinstance(answer, Reply):
            self._fault(Reply.of(454, "4.7.0 The password cannot be checked now"))
        elif answer:
            self.user = user
            self._say(Reply.of(235, "2.7.0 Welcome"))
        else:
            self._fault(Reply.of(535, "5.7.8 User or password not accepted"))

    def _no_auth(self) -> Conversation[None]:
        self._fault(Reply.of(501, "5.5.2 Authentication was cancelled or garbled"))
        yield from ()

    def _on_mail(self, argument: str) -> Conversation[None] | None:
        found = _PATH.fullmatch(argument)
        if found is None or not argument.upper().startswith("FROM:"):
            return self._fault(Reply.of(501, "5.5.4 Write MAIL FROM:<address>"))
        for word in found[2].split():
            if fault := self._unfit(word.upper()):
                return self._fault(fault)
        return self._take_sender(found[1])

    def _unfit(self, word: str) -> Reply | None:
        keyword, _, value = word.partition("=")
        match keyword:
            case "SIZE" if value.isascii() and value.isdigit():
                too_large = int(value) > self.profile.max_size
                return Reply.of(552, "5.3.4 Message too large") if too_large else None
            case "BODY" if value in ("7BIT", "8BITMIME") and "8BITMIME" in self.profile.extensions:
                return None
            case "SMTPUTF8" if not value and "SMTPUTF8" in self.profile.extensions:
                return None
            case "AUTH" if self._offers_auth():
                return None
        return Reply.of(555, f"5.5.4 Unknown parameter {keyword}")

    def _take_sender(self, address: str) -> Conversation[None]:
        fault = yield Call(lambda: guarded(lambda: self.policy.sender(address)))
        if fault:
            return self._say(fault)
        self.sender = address
        return self._say(Reply.of(250, "2.1.0 Sender ok"))

    def _on_rcpt(self, argument: str) -> Conversation[None] | None:
        found = _PATH.fullmatch(argument)
        if found is None or not found[1] or not argument.upper().startswith("TO:") or found[2].strip():
            return self._fault(Reply.of(501, "5.5.4 Write RCPT TO:<address>"))
        if len(self.recipients) >= self.profile.max_recipients:
            return self._fault(Reply.of(452, "4.5.3 Too many recipients"))
        return self._take_recipient(found[1])

    def _take_recipient(self, address: str) -> Conversation[None]:
        fault = yield Call(lambda: guarded(lambda: self.policy.recipient(address)))
        if fault:
            return self._say(fault)
        self.recipients.append(address)
        return self._say(Reply.of(250, "2.1.5 Recipient ok"))

    def _on_data(self, argument: str) -> Conversation[None] | None:
        if argument:
            return self._fault(Reply.of(501, "5.5.4 DATA takes no argument"))
        return self._take_data()

    def _take_data(self) -> Conversation[None]:
        self._say(Reply.of(354, "End data with <CR><LF>.<CR><LF>"))
        reader = DataReader(self.buffer, limit=self.profile.max_size)
        while (data := reader.message()) is None:
            if not (yield from self._fill()):
                self.is_over = True  # no reply: the client never finished, and will send the message again
                return
        received = Received(
            sender=self.sender or "",
            recipients=tuple(self.recipients),
            data=data,
            hello=self.hello,
            user=self.user,
            is_secure=self.is_secure,
            peer=self.peer,
        )
        self._forget()
        if reader.is_too_large:
            return self._say(Reply.of(552, "5.3.4 Message too large"))
        fault = yield Call(lambda: guarded(lambda: self.policy.message(received)))
        return self._say(fault or Reply.of(250, "2.0.0 Message accepted"))

    def _on_rset(self, argument: str) -> None:
        self._forget()
        self._say(Reply.of(250, "2.0.0 Forgotten"))

    def _on_noop(self, argument: str) -> None:
        self._say(Reply.of(250, "2.0.0 Still here"))

    def _on_vrfy(self, argument: str) -> None:
        self._say(Reply.of(252, "2.5.2 Send some mail, and see"))

    def _on_help(self, argument: str) -> None:
        self._say(Reply.of(214, f"2.0.0 {' '.join(sorted(_NEEDS))}"))

    def _on_quit(self, argument: str) -> None:
        self._close(Reply.of(221, "2.0.0 Bye"))

    # -- the rest ------------------------------------------------------------------------------------------------

    def _offers_auth(self) -> bool:
        return self.profile.auth and (self.is_secure or self.profile.unsafe_plaintext_auth) and self.is_extended

    def _forget(self) -> None:
        self.sender = None
        self.recipients = []

    def _close(self, reply: Reply) -> None:
        self._say(reply)
        self.is_over = True

    def _fault(self, reply: Reply) -> Conversation[None] | None:
        """Answer a mistake. The result is what a command without a conversation returns: nothing to run."""
        self.errors += 1
        self._say(reply)
        return None

    def _say(self, reply: Reply) -> None:
        # Replies to pipelined commands leave together (RFC 2920 3.2).
        if "ENHANCEDSTATUSCODES" not in self.profile.extensions or not self.is_extended:
            reply = Reply(reply.code, reply.lines)
        self.pending.append(bytes(reply))

    def _flush(self) -> Conversation[None]:
        if self.pending:
            replies, self.pending = b"".join(self.pending), []
            yield Write(replies)

    def _fill(self) -> Conversation[bool]:
        yield from self._flush()
        data = yield Read(within=self.profile.idle)
        self.buffer.feed(data)
        return bool(data)

    def _line(self) -> Conversation[bytes | None]:
        while (line := self.buffer.take_until(b"\n", limit=_LINE_LIMIT)) is None:
            if not (yield from self._fill()):
                return None
        if line.endswith(b"\r\n"):
            return line[:-2]
        # What follows a bare LF is a command to one server and an argument to another: it must not be obeyed.
        self._close(Reply.of(521, "5.5.2 A line ends with CR LF"))
        return None


_NEEDS: dict[str, tuple[str, ...]] = {
    "HELO": (),
    "EHLO": (),
    "STARTTLS": ("hello", "no sender"),
    "AUTH": ("hello", "no sender"),
    "MAIL": ("hello", "auth", "no sender"),
    "RCPT": ("hello", "auth", "sender"),
    "DATA": ("hello", "auth", "sender", "recipient"),
    "RSET": (),
    "NOOP": (),
    "VRFY": ("hello",),
    "HELP": (),
    "QUIT": (),
}
