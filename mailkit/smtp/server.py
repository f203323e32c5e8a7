"""The server's side of SMTP, as one conversation: what catches mail in tests, in the demo and in the inbox.

RFC 5321 with SIZE (1870), PIPELINING (2920), CHUNKING and BINARYMIME (3030), ENHANCEDSTATUSCODES (2034), STARTTLS (3207),
DSN (3461), AUTH (4954), 8BITMIME (6152) and SMTPUTF8 (6531), or LMTP (2033) with the same. It is strict where leniency is a hole:
data ends with CRLF "." CRLF and nothing else, octets that belong to a chunk are never obeyed, and what came before a TLS
handshake is forgotten. A command ends with CRLF and nothing else, too, unless the profile is lenient.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from mailkit.errors import RemoteProtocolError
from mailkit.sansio import ChannelBinding, Conversation, StartTls
from mailkit.smtp.dsn import RecipientDsn
from mailkit.smtp.intake import Intake
from mailkit.smtp.login import login
from mailkit.smtp.order import NEEDS, OF_LMTP, OF_SMTP
from mailkit.smtp.origin import decoded_origin
from mailkit.smtp.parameter import MailParameters, mail_parameters, rcpt_parameters
from mailkit.smtp.path import loose_path, strict_path
from mailkit.smtp.policy import Policy, Received, ServerProfile, guarded
from mailkit.smtp.question import ask
from mailkit.smtp.reply import Reply
from mailkit.smtp.serverwire import ServerWire

__all__ = ["serve"]

_MAX_ERRORS = 20  # a peer that only makes mistakes is a scanner, or lost
_CHUNK = re.compile(r"([0-9]{1,18})( +LAST)?", re.IGNORECASE)


def serve(policy: Policy, profile: ServerProfile, *, peer: str = "", is_secure: bool = False) -> Conversation[None]:
    """Talk to one client until it says QUIT, goes away or makes too many mistakes."""
    yield from _Session(policy, profile, peer, is_secure, ServerWire(profile)).run()


@dataclass(slots=True)
class _Session:
    policy: Policy
    profile: ServerProfile
    peer: str
    is_secure: bool
    wire: ServerWire
    hello: str = ""
    is_extended: bool = False
    user: str = ""
    intake: Intake | None = None
    bindings: tuple[tuple[str, bytes], ...] = ()

    def run(self) -> Conversation[None]:
        try:
            yield from self._converse()
        finally:
            self._tell_end()

    def _tell_end(self) -> None:
        """Give the policy what was said after the last message."""
        if said := self.wire.taken_transcript():
            guarded(partial(self.policy.ended, said))

    def _converse(self) -> Conversation[None]:
        wire = self.wire
        yield from self._bind()
        if fault := (yield from self._ask("connect", self.peer)):
            wire.close(fault)
            self._tell_end()
            yield from wire.flush()
            return
        wire.say(Reply.of(220, f"{self.profile.host} {'LMTP' if self.profile.is_lmtp else 'ESMTP'} mailkit"))
        try:
            while not wire.is_over:
                line = yield from wire.line()
                if line is None:
                    break
                if (conversation := self._answer(line)) is not None:
                    yield from conversation
                if wire.errors > _MAX_ERRORS:
                    wire.close(Reply.of(421, "4.7.0 Too many errors"))
        except RemoteProtocolError:
            wire.close(Reply.of(500, "5.5.2 Line too long"))
        except TimeoutError:
            wire.close(Reply.of(421, f"4.4.2 {self.profile.host} Idle for too long"))
        self._tell_end()  # before the last reply leaves: whoever reads it finds the session noted
        yield from wire.flush()

    def _answer(self, line: bytes) -> Conversation[None] | None:
        """Answer a command. What takes more than one reply comes back as a conversation."""
        try:
            text = line.decode()
        except UnicodeDecodeError:
            if not self._forgives("a command is neither ASCII nor UTF-8 (RFC 6531 3.3)"):
                return self._fault(Reply.of(500, "5.5.2 Commands are ASCII or UTF-8"))
            text = line.decode("latin-1")
        if "\r" in text or "\0" in text:
            return self._fault(Reply.of(500, "5.5.2 A line has neither CR nor NUL within"))
        verb, _, argument = text.partition(" ")
        verb, argument = verb.upper(), argument.strip()
        needs = NEEDS.get(verb)
        if needs is None or verb in (OF_SMTP if self.profile.is_lmtp else OF_LMTP):
            return self._fault(Reply.of(500, "5.5.1 Unknown command"))
        if fault := self._out_of_order(needs):
            return self._fault(fault)
        command: Callable[[str], Conversation[None] | None] = getattr(self, f"_on_{verb.lower()}")
        return command(argument)

    def _ask(self, name: str, *arguments: object) -> Conversation[Reply | None]:
        return ask(self.policy, self.wire, name, *arguments)

    def _forgives(self, mistake: str) -> bool:
        """Whether the profile lets a mistake pass; the message then tells of it."""
        if self.profile.is_lenient:
            self.wire.warn(mistake)
        return self.profile.is_lenient

    def _fault(self, reply: Reply) -> Conversation[None] | None:
        """Answer a mistake. The result is what a command without a conversation returns: nothing to run."""
        self.wire.fault(reply)
        return None

    def _out_of_order(self, needs: tuple[str, ...]) -> Reply | None:
        """RFC 5321 4.1.4: what must have been said before."""
        if "hello" in needs and not self.hello and not self._forgives("no HELO or EHLO (RFC 5321 4.1.4)"):
            return Reply.of(503, f"5.5.1 Say {'LHLO' if self.profile.is_lmtp else 'HELO or EHLO'} first")
        if "auth" in needs and self.profile.auth_required and not self.user:
            return Reply.of(530, "5.7.0 Authentication required")
        if "no sender" in needs and self.intake is not None:
            return Reply.of(503, "5.5.1 Sender already given")
        if "sender" in needs and self.intake is None:
            return Reply.of(503, "5.5.1 Say MAIL first")
        if "recipient" in needs and self.intake and not self.intake.recipients:
            return Reply.of(503, "5.5.1 No valid recipients")
        return None

    # -- the session ---------------------------------------------------------------------------------------------

    def _on_helo(self, argument: str) -> Conversation[None]:
        return self._greet(argument, extended=False)

    def _on_ehlo(self, argument: str) -> Conversation[None]:
        return self._greet(argument, extended=True)

    def _on_lhlo(self, argument: str) -> Conversation[None]:
        return self._greet(argument, extended=True)

    def _greet(self, name: str, *, extended: bool) -> Conversation[None]:
        if not name and not self._forgives("HELO or EHLO without a name (RFC 5321 4.1.1.1)"):
            return self.wire.fault(Reply.of(501, "5.5.4 Say who you are"))
        name = name or "unknown"
        if fault := (yield from self._ask("hello", name)):
            return self.wire.say(fault)
        self._forget()
        self.hello, self.is_extended = name, extended
        self.wire.has_codes = extended and "ENHANCEDSTATUSCODES" in self.profile.extensions
        lines = [f"{self.profile.host} Hello {name}"]
        if extended:
            lines += self.profile.extensions
            lines.append(f"SIZE {self.profile.max_size}")
            if self.profile.starttls and not self.is_secure:
                lines.append("STARTTLS")
            if self._offers_auth():
                lines.append(f"AUTH {' '.join(self._mechanisms())}")
        return self.wire.say(Reply(250, tuple(lines)))

    def _on_starttls(self, argument: str) -> Conversation[None] | None:
        if not self.profile.starttls or self.is_secure or argument:
            return self._fault(Reply.of(503, "5.5.1 STARTTLS is not available now"))
        return self._start_tls()

    def _start_tls(self) -> Conversation[None]:
        self.wire.say(Reply.of(220, "2.0.0 Go ahead"))
        # Commands sent along with STARTTLS, in the clear, are dropped and not obeyed later (RFC 3207 4.2).
        self.wire.forget_waiting()
        yield from self.wire.flush()
        yield StartTls(within=self.profile.idle)
        self.is_secure = True
        yield from self._bind()
        self.hello, self.user = "", ""
        self._forget()

    def _on_auth(self, argument: str) -> Conversation[None] | None:
        if not self._offers_auth() or self.user or self.intake is not None:
            return self._fault(Reply.of(503, "5.5.1 AUTH is not available now"))
        return self._log_in(argument)

    def _log_in(self, argument: str) -> Conversation[None]:
        mechanism = argument.partition(" ")[0].upper()
        if fault := (yield from self._ask("login", mechanism)):
            return self.wire.say(fault)
        self.wire.is_secret = True
        try:
            self.user = yield from login(
                self.wire, self.policy, argument, mechanisms=self._mechanisms(), bindings=self.bindings
            )
        finally:
            self.wire.is_secret = False

    def _bind(self) -> Conversation[None]:
        if self.is_secure and any(name.endswith("-PLUS") for name in self.profile.mechanisms):
            self.bindings = yield ChannelBinding()

    def _mechanisms(self) -> list[str]:
        """What this connection can do: without channel binding there is no -PLUS."""
        return [name for name in self.profile.mechanisms if self.bindings or not name.endswith("-PLUS")]

    def _offers_auth(self) -> bool:
        return self.profile.auth and (self.is_secure or self.profile.unsafe_plaintext_auth) and self.is_extended

    def _on_noop(self, argument: str) -> None:
        self.wire.say(Reply.of(250, "2.0.0 Still here"))

    def _on_vrfy(self, argument: str) -> None:
        self.wire.say(Reply.of(252, "2.5.2 Send some mail, and see"))

    def _on_help(self, argument: str) -> None:
        self.wire.say(Reply.of(214, f"2.0.0 {' '.join(sorted(NEEDS))}"))

    def _on_quit(self, argument: str) -> None:
        self.wire.close(Reply.of(221, "2.0.0 Bye"))

    # -- the envelope --------------------------------------------------------------------------------------------

    def _path(self, keyword: str, argument: str) -> tuple[str, str] | None:
        if found := strict_path(keyword, argument):
            return found
        found = loose_path(keyword, argument) if self.profile.is_lenient else None
        if found:
            self.wire.warn(f"{keyword}:<address> is written without spaces, and with angle brackets (RFC 5321 4.1.2)")
        return found

    def _lacks_smtputf8(self, address: str, parameters: MailParameters) -> bool:
        return (
            not address.isascii()
            and not parameters.is_smtputf8
            and not self._forgives(f"the address {address} goes beyond ASCII without SMTPUTF8 (RFC 6531 3.5)")
        )

    def _on_mail(self, argument: str) -> Conversation[None] | None:
        found = self._path("FROM", argument)
        if found is None:
            return self._fault(Reply.of(501, "5.5.4 Write MAIL FROM:<address>"))
        parameters = mail_parameters(found[1], self.profile, takes_auth=self._offers_auth())
        if isinstance(parameters, Reply):
            return self._fault(parameters)
        if self._lacks_smtputf8(found[0], parameters):
            return self._fault(_NOT_ASCII)
        return self._take_sender(found[0], parameters)

    def _take_sender(self, address: str, parameters: MailParameters) -> Conversation[None]:
        fault = yield from self._ask("sender", address)
        if fault:
            return self.wire.say(fault)
        self.intake = Intake(address, parameters, self.profile.max_size)
        return self.wire.say(_SENDER_OK)

    def _on_rcpt(self, argument: str) -> Conversation[None] | None:
        intake, found = self._begun(), self._path("TO", argument)
        if found is None or not found[0]:
            return self._fault(Reply.of(501, "5.5.4 Write RCPT TO:<address>"))
        asked = rcpt_parameters(found[1], self.profile)
        if isinstance(asked, Reply):
            return self._fault(asked)
        if self._lacks_smtputf8(found[0], intake.parameters):
            return self._fault(_NOT_ASCII)
        if intake.is_chunked:
            return self._fault(Reply.of(503, "5.5.1 The content has begun"))
        if len(intake.recipients) >= self.profile.max_recipients:
            return self._fault(Reply.of(452, "4.5.3 Too many recipients"))
        return self._take_recipient(found[0], asked)

    def _take_recipient(self, address: str, asked: RecipientDsn) -> Conversation[None]:
        fault = yield from self._ask("recipient", address)
        if fault:
            return self.wire.say(fault)
        intake = self._begun()
        intake.recipients.append(address)
        intake.asked.append(asked)
        return self.wire.say(_RECIPIENT_OK)

    def _on_rset(self, argument: str) -> None:
        self._forget()
        self.wire.say(Reply.of(250, "2.0.0 Forgotten"))

    def _begun(self) -> Intake:
        assert self.intake is not None, "NEEDS says that MAIL comes first"
        return self.intake

    def _forget(self) -> None:
        self.intake = None

    # -- the content ---------------------------------------------------------------------------------------------

    def _on_data(self, argument: str) -> Conversation[None] | None:
        if argument:
            return self._fault(Reply.of(501, "5.5.4 DATA takes no argument"))
        if refusal := self._begun().refusal_of_data():
            return self._fault(refusal)
        return self._take_data(self._begun())

    def _take_data(self, intake: Intake) -> Conversation[None]:
        if fault := (yield from self._ask_of_data(intake)):
            return self.wire.say(fault)
        self.wire.say(_GO_AHEAD)
        data = yield from intake.read_data(self.wire)
        if data is None:
            self.wire.is_over = True  # no reply: the client never finished, and will send the message again
        elif isinstance(data, Reply):
            self._forget()
            self._judge(intake, data)
        else:
            yield from self._accept(intake, data)
        return None

    def _on_bdat(self, argument: str) -> Conversation[None] | None:
        found = _CHUNK.fullmatch(argument)
        if found is None:
            # Nobody knows where its octets end, and they must not be obeyed as commands.
            self.wire.close(Reply.of(501, "5.5.4 Write BDAT size, or BDAT size LAST"))
            return None
        return self._take_chunk(int(found[1]), is_last=found[2] is not None)

    def _take_chunk(self, size: int, *, is_last: bool) -> Conversation[None]:
        """Read the octets, whether they are wanted or not, and answer (RFC 3030 2)."""
        fault = self._fault_of_bdat()
        intake = self._begun() if fault is None else None
        refusal = (yield from self._refusal_of_chunk(intake, size)) if intake else fault
        if not (yield from self.wire.octets(size, into=intake.content if intake and not refusal else None)):
            self.wire.is_over = True  # no reply, as for DATA
        elif fault:
            self.wire.fault(fault)
        elif refusal and is_last:
            self._forget()
            self._judge(intake, refusal)
        elif refusal:
            self.wire.say(refusal)
        elif is_last:
            yield from self._accept(self._begun(), bytes(self._begun().content))
        else:
            self.wire.say(Reply.of(250, f"2.0.0 {size} octets received"))

    def _refusal_of_chunk(self, intake: Intake, size: int) -> Conversation[Reply | None]:
        if not intake.is_chunked and (refusal := (yield from self._ask_of_data(intake))):
            intake.break_off()
            return refusal
        return intake.refusal_of_chunk(size)

    def _ask_of_data(self, intake: Intake) -> Conversation[Reply | None]:
        return (yield from self._ask("data", intake.sender, tuple(intake.recipients)))

    def _fault_of_bdat(self) -> Reply | None:
        if "CHUNKING" not in self.profile.extensions:
            return Reply.of(502, "5.5.1 CHUNKING is not offered")
        return self._out_of_order(NEEDS["DATA"])

    def _accept(self, intake: Intake, data: bytes) -> Conversation[None]:
        self.wire.note(f"   ({len(data):,} octets of content)")
        received = Received(
            sender=intake.sender,
            recipients=tuple(intake.recipients),
            data=data,
            hello=self.hello,
            user=self.user,
            is_secure=self.is_secure,
            peer=self.peer,
            body=intake.parameters.body,
            is_smtputf8=intake.parameters.is_smtputf8,
            dsn=intake.dsn,
            transcript=self.wire.transcript,
            warnings=self.wire.taken_warnings(),
            origin=decoded_origin(intake.parameters.origin) if intake.parameters.origin else {},
        )
        self._forget()
        is_refused = False
        for mine in self._shares(received):
            fault = yield from self._ask("message", mine)
            self.wire.say(fault or _ACCEPTED)
            is_refused = is_refused or fault is not None
        if not is_refused:
            self.wire.taken_transcript()  # the message has it; whoever refused is told of all at the end

    def _shares(self, received: Received) -> list[Received]:
        """What is judged by itself: the message, or with LMTP each recipient's (RFC 2033 4.2)."""
        if not self.profile.is_lmtp:
            return [received]
        return [replace(received, recipients=(one,)) for one in received.recipients]

    def _judge(self, intake: Intake | None, verdict: Reply) -> None:
        """Say of the whole message what became of it: with LMTP once for each recipient."""
        for _ in intake.recipients if intake and self.profile.is_lmtp else (None,):
            self.wire.say(verdict)


_SENDER_OK = Reply.of(250, "2.1.0 Sender ok")
_RECIPIENT_OK = Reply.of(250, "2.1.5 Recipient ok")
_GO_AHEAD = Reply.of(354, "End data with <CR><LF>.<CR><LF>")
_ACCEPTED = Reply.of(250, "2.0.0 Message accepted")
# RFC 6531 3.5
_NOT_ASCII = Reply.of(553, "5.6.7 An address outside ASCII needs the parameter SMTPUTF8")
