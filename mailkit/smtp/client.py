"""The client's side of SMTP, as conversations (RFC 5321, 1870, 2034, 2920, 3207, 4954, 6152, 6531).

Theory of operation. A :class:`Client` is one connection. :meth:`Client.open` runs from the greeting to a session that is
ready; :meth:`Client.deliver` runs one transaction and leaves the session ready for the next one, whatever happened to
the recipients; :meth:`Client.quit` says good-bye. Each is a generator of effects (see :mod:`mailkit.sansio.effect`), so
there is no socket here and every path can be tested without one.

What a lost connection means depends on where it happened. Before the end of data nothing was accepted, and the message
may be sent again. After it the server may have taken the message, and nobody can tell (RFC 1047): the answer for each
recipient then has no reply and is *in doubt*.
"""

from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from mailkit.errors import (
    AuthError,
    CapabilityMissing,
    ConnectError,
    LocalProtocolError,
    MailkitError,
    RemoteProtocolError,
    ReplyError,
    TlsError,
    TransportTimeout,
)
from mailkit.sansio import Conversation, Read, StartTls, Write
from mailkit.smtp import command, dot, sasl
from mailkit.smtp.capability import Capabilities
from mailkit.smtp.reply import Reply, ReplyReader

__all__ = ["Answer", "Client", "Content", "Profile", "StartTlsPolicy", "Timeouts"]


class StartTlsPolicy(Enum):
    """When a plain connection turns into a secure one."""

    REQUIRED = "required"
    OPPORTUNISTIC = "opportunistic"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds to wait, by phase. The defaults are those of RFC 5321 4.5.3.2, but for the first two: a person waits."""

    connect: float = 30.0
    greeting: float = 60.0
    command: float = 300.0
    data_block: float = 180.0
    # RFC 5321 4.5.3.2.6: a shorter wait for the final reply makes duplicates, because most of those mails were taken.
    end_of_data: float = 600.0

    @classmethod
    def scaled_to(cls, seconds: float) -> "Timeouts":
        """Wait ``seconds`` at most, but for the final reply as long as the standard says."""
        return cls(connect=seconds, greeting=seconds, command=seconds, data_block=seconds)


@dataclass(frozen=True, slots=True)
class Profile:
    """How a session is opened: who we are, how it becomes secure, who logs in."""

    hello: str
    starttls: StartTlsPolicy = StartTlsPolicy.REQUIRED
    credentials: sasl.Credentials | None = None
    unsafe_plaintext_auth: bool = False
    timeouts: Timeouts = Timeouts()


@dataclass(frozen=True, slots=True)
class Content:
    """A message as the transaction sees it: its bytes and what they need of the server."""

    data: bytes
    is_eight_bit: bool = False
    needs_smtputf8: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one recipient: the command that decided it, and the server's reply.

    Without a reply there is an ``error``; when the command is the end of data the recipient is in doubt.
    """

    command: str
    reply: Reply | None = None
    error: MailkitError | None = None

    END_OF_DATA = "end of data"

    @property
    def in_doubt(self) -> bool:
        return self.reply is None and self.command == self.END_OF_DATA


class Client:
    """One SMTP session. Its conversations run one after another; a second one is refused while the first is running."""

    def __init__(self, profile: Profile, *, is_secure: bool = False) -> None:
        self.capabilities = Capabilities()
        self.is_secure = is_secure
        self.is_usable = False
        self.delivered = 0
        self._profile = profile
        self._replies = ReplyReader()
        self._is_busy = False

    # -- opening -------------------------------------------------------------------------------------------------

    def open(self) -> Conversation[Capabilities]:
        """Greet, secure and authenticate.

        Raises TlsError, AuthError, ReplyError, and RemoteProtocolError for a server that does not speak SMTP.
        """
        times = self._profile.timeouts
        greeting = yield from self._reply(times.greeting)
        if not greeting.is_success:
            raise ReplyError(f"the server refused the connection: {greeting}", command="connect", reply=greeting)
        yield from self._hello()
        yield from self._secure()
        yield from self._authenticate()
        self.is_usable = True
        return self.capabilities

    def _hello(self) -> Conversation[None]:
        reply = yield from self._ask(command.ehlo(self._profile.hello))
        if reply.is_success:
            self.capabilities = Capabilities.of(reply)
            return
        if reply.code == 421:
            raise ReplyError(f"the server refused EHLO: {reply}", command="EHLO", reply=reply)
        # RFC 5321 3.2: a server that does not know EHLO gets HELO, and offers nothing.
        reply = yield from self._ask(command.helo(self._profile.hello))
        if not reply.is_success:
            raise ReplyError(
                f"the server refused HELO: {reply}",
                command="HELO",
                reply=reply,
                hint="It may want a full host name: add ?hello=host.example.com to the URL.",
            )
        self.capabilities = Capabilities(host=reply.text.split(" ")[0])

    def _secure(self) -> Conversation[None]:
        policy = self._profile.starttls
        if self.is_secure or policy is StartTlsPolicy.OFF:
            return
        if "STARTTLS" not in self.capabilities:
            if policy is StartTlsPolicy.OPPORTUNISTIC:
                return
            raise TlsError(
                "the server does not offer STARTTLS, so nothing was sent",
                hint="Use smtps:// if the port speaks TLS from the start; ?tls=off sends without any protection.",
            )
        reply = yield from self._ask(command.starttls())
        if not reply.is_success:
            # Going on in plain text would let anyone on the path switch the protection off (RFC 3207 6).
            raise TlsError(f"the server refused STARTTLS: {reply}")
        if self._replies.has_leftovers:
            raise TlsError(
                "the server, or someone between, sent more before the handshake; the connection was dropped",
                hint="This is what an injection attack looks like (CVE-2011-0411). Check the network path.",
            )
        yield StartTls(within=self._profile.timeouts.connect)
        self.is_secure = True
        # RFC 3207 4.2: forget what was said in the clear.
        self.capabilities = Capabilities()
        yield from self._hello()

    def _authenticate(self) -> Conversation[None]:
        credentials = self._profile.credentials
        if credentials is None:
            return
        if not self.is_secure and not self._profile.unsafe_plaintext_auth:
            raise AuthError(
                "the connection is not encrypted, so the password was not sent",
                hint="Use smtps:// or a server with STARTTLS; ?unsafe_plaintext_auth=yes sends it all the same.",
            )
        name, mechanism = sasl.choose(self.capabilities.auth, credentials)
        initial = next(mechanism)
        # RFC 4954 4: an empty initial response is written "=".
        first = "" if initial is None else _base64(initial) or "="
        reply = yield from self._ask(command.auth(name, first))
        while reply.code == 334:
            try:
                response = mechanism.send(_unbase64(reply.text))
            except StopIteration:
                reply = yield from self._ask(command.auth_response("*"))
                raise AuthError(f"the server asked for more than {name} has to say") from None
            reply = yield from self._ask(command.auth_response(_base64(response or b"")))
        if not reply.is_success:
            error = AuthError(f"the server did not accept user {credentials.user!r}: {reply}", hint=_auth_hint(reply))
            error.is_temporary = reply.is_temporary
            raise error

    # -- delivering ----------------------------------------------------------------------------------------------

    def deliver(self, sender: str, recipients: Sequence[str], content: Content) -> Conversation[tuple[Answer, ...]]:
        """Send one message. Returns one answer for each recipient, in order.

        Raises CapabilityMissing before anything is sent when the server cannot take the message, and ConnectError or
        TransportTimeout when the connection is lost before any recipient was answered.
        """
        if self._is_busy or not self.is_usable:
            raise LocalProtocolError("this SMTP session cannot be used now", hint="Open a new connection.")
        parameters = self._mail_parameters(content)
        flight = [command.mail(sender, *parameters), *(command.rcpt(recipient) for recipient in recipients)]
        self._is_busy = True
        try:
            return (yield from self._transaction(flight, len(recipients), content))
        except BaseException:
            self.is_usable = False
            raise
        finally:
            self._is_busy = False

    def _mail_parameters(self, content: Content) -> list[str]:
        offered = self.capabilities
        parameters: list[str] = []
        if "SIZE" in offered:
            if 0 < offered.size < len(content.data):
                raise CapabilityMissing(
                    f"the message has {len(content.data):,} bytes; {offered.host or 'the server'} takes at most {offered.size:,}",
                    capability="SIZE",
                    hint="Link to large files instead of attaching them.",
                )
            parameters.append(f"SIZE={len(content.data)}")
        if content.needs_smtputf8:
            if "SMTPUTF8" not in offered:
                raise CapabilityMissing(
                    "an address has letters outside ASCII before the @, and the server does not offer SMTPUTF8",
                    capability="SMTPUTF8",
                )
            parameters.append("SMTPUTF8")
        if content.is_eight_bit:
            if "8BITMIME" not in offered:
                raise CapabilityMissing(
                    "the message has bytes outside ASCII, and the server does not offer 8BITMIME", capability="8BITMIME"
                )
            parameters.append("BODY=8BITMIME")
        return parameters

    def _transaction(self, flight: Sequence[bytes], count: int, content: Content) -> Conversation[tuple[Answer, ...]]:
        replies = yield from self._fly(flight)
        sender_reply, recipient_replies = replies[0], replies[1:]
        if not sender_reply.is_success:
            yield from self._reset_after(sender_reply)
            return (Answer("MAIL", sender_reply),) * count
        answers = [Answer("RCPT", reply) for reply in recipient_replies]
        if not any(_taken(answer) for answer in answers):
            yield from self._reset_after(*recipient_replies)
            return tuple(answers)
        verdict = yield from self._data(content)
        return tuple(verdict if _taken(answer) else answer for answer in answers)

    def _data(self, content: Content) -> Conversation[Answer]:
        times = self._profile.timeouts
        try:
            reply = _in_step((yield from self._ask(command.data())), wanted=3)
            if not reply.is_intermediate:
                yield from self._reset_after(reply)
                return Answer("DATA", reply)
            yield Write(dot.stuff(content.data), within=times.data_block)
        except _LOST as error:
            self.is_usable = False
            return Answer("DATA", error=error)
        try:
            yield Write(dot.END, within=times.data_block)
            reply = _in_step((yield from self._reply(times.end_of_data)))
        except _LOST as error:
            self.is_usable = False
            return Answer(Answer.END_OF_DATA, error=error)
        self.delivered += 1
        if not reply.is_success:
            yield from self._reset_after(reply)
        return Answer(Answer.END_OF_DATA, reply)

    def _fly(self, flight: Sequence[bytes]) -> Conversation[list[Reply]]:
        """Send the commands together where the server takes that (RFC 2920), otherwise one by one."""
        wait = self._profile.timeouts.command
        window = _WINDOW if "PIPELINING" in self.capabilities else 1
        replies: list[Reply] = []
        for start in range(0, len(flight), window):
            lines = flight[start : start + window]
            yield from self._say(b"".join(lines))
            for _ in lines:
                replies.append(_in_step((yield from self._reply(wait))))
                if replies[-1].code == 421:
                    break
            if replies[-1].code == 421 or not replies[0].is_success:
                break
        # After 421 (the server closes) or a refused sender the rest of the flight shares that fate.
        return replies + [replies[-1]] * (len(flight) - len(replies))

    def _reset_after(self, *replies: Reply) -> Conversation[None]:
        """Clear a failed transaction, so that the next MAIL is not answered by "503 sender already given"."""
        if any(reply.code == 421 for reply in replies):
            self.is_usable = False
            return
        try:
            reply = yield from self._ask(command.rset())
            self.is_usable = reply.is_success
        except _LOST:
            self.is_usable = False  # what the server has said about the recipients stands all the same

    # -- keeping and closing -------------------------------------------------------------------------------------

    def check(self) -> Conversation[bool]:
        """Ask whether an idle session is still alive (NOOP)."""
        try:
            reply = yield from self._ask(command.noop())
        except _LOST:
            self.is_usable = False
        else:
            self.is_usable = reply.is_success and not self._replies.has_leftovers
        return self.is_usable

    def quit(self) -> Conversation[None]:
        """Say good-bye. A failure here means nothing: what was accepted is accepted."""
        self.is_usable = False
        try:
            yield from self._ask(command.quit_(), within=5.0)
        except (MailkitError, OSError):
            return

    # -- the wire ------------------------------------------------------------------------------------------------

    def _ask(self, line: bytes, *, within: float = 0.0) -> Conversation[Reply]:
        yield from self._say(line)
        return (yield from self._reply(within or self._profile.timeouts.command))

    def _say(self, lines: bytes) -> Conversation[None]:
        if self._replies.has_leftovers:
            # An answer to a question that we have not asked would be taken for the answer to this one.
            raise RemoteProtocolError("the server sent a reply that nobody asked for")
        yield Write(lines)

    def _reply(self, within: float) -> Conversation[Reply]:
        while (reply := self._replies.next_reply()) is None:
            data = yield Read(within=within)
            if not data:
                raise ConnectError("the server closed the connection")
            self._replies.feed(data)
        return reply


_LOST = (ConnectError, TransportTimeout, RemoteProtocolError)

# Commands in one flight: while we write, nobody reads the replies, and they must find room in the buffers between.
_WINDOW = 100


def _in_step(reply: Reply, *, wanted: int = 2) -> Reply:
    """Return the reply, unless it says yes to another question: then replies and commands are out of step."""
    if reply.code < 400 and reply.code // 100 != wanted:
        raise RemoteProtocolError(f"the server's replies do not fit the commands any more: {reply}")
    return reply


def _taken(answer: Answer) -> bool:
    return answer.reply is not None and answer.reply.is_success


def _base64(data: bytes) -> str:
    return b2a_base64(data, newline=False).decode()


def _unbase64(text: str) -> bytes:
    try:
        return a2b_base64(text)
    except Base64Error:
        return b""  # some servers put words where the challenge should be; PLAIN and LOGIN do not read it


def _auth_hint(reply: Reply) -> str:
    text = reply.text.lower()
    if "application-specific" in text or "app password" in text:
        return "The account wants an app password: make one in its security settings."
    if reply.is_temporary:
        return "The server could not check the password just now. Try again later."
    return "Check user and password; many providers want an app password or token here, percent-encoded in the URL."
