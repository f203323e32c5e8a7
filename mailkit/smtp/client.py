"""The client's side of SMTP, as conversations (RFC 5321, 1870, 2034, 2920, 3030, 3207, 3461, 4954, 6152, 6531).

Theory of operation. A :class:`Client` is one connection. :meth:`Client.open` runs from the greeting to a session that is
ready; :meth:`Client.deliver` runs one transaction and leaves the session ready for the next one, whatever happened to
the recipients; :meth:`Client.quit` says good-bye. Each is a generator of effects (see :mod:`mailkit.sansio.effect`), so
there is no socket here and every path can be tested without one.

What a lost connection means depends on where it happened. Before the end of data nothing was accepted, and the message
may be sent again. After it the server may have taken the message, and nobody can tell (RFC 1047): the answer for each
recipient then has no reply and is *in doubt*.
"""

from collections.abc import Callable, Mapping, Sequence

from mailkit.errors import CapabilityMissing, LocalProtocolError, MailkitError
from mailkit.mime.bodytype import BodyType
from mailkit.sansio import Conversation
from mailkit.smtp import command
from mailkit.smtp.answer import Answer
from mailkit.smtp.capability import Capabilities
from mailkit.smtp.clientwire import LOST, ClientWire
from mailkit.smtp.content import Content
from mailkit.smtp.dsn import DsnRequest, RecipientDsn
from mailkit.smtp.job import Job
from mailkit.smtp.opening import Opening
from mailkit.smtp.origin import ORIGIN, encoded_origin
from mailkit.smtp.profile import Profile
from mailkit.smtp.stream import Consent, Stream

__all__ = ["Client"]


class Client:
    """One SMTP session. Its conversations run one after another; a second one is refused while the first is running."""

    def __init__(self, profile: Profile, *, is_secure: bool = False) -> None:
        self.capabilities = Capabilities()
        self.is_secure = is_secure
        self.mechanism = ""
        """By which it has logged in."""
        self._profile = profile
        self._wire = ClientWire(profile.timeouts.command)
        self._stream: Stream | None = None
        self._earlier = 0

    @property
    def is_usable(self) -> bool:
        """Whether the session is open, and can take a message."""
        return self._wire.is_usable

    @property
    def delivered(self) -> int:
        """How many messages the server has taken in this session."""
        return self._earlier + (self._stream.taken if self._stream else 0)

    def open(self) -> Conversation[Capabilities]:
        """Greet, secure and authenticate.

        Raises TlsError, AuthError, ReplyError, and RemoteProtocolError for a server that does not speak SMTP.
        """
        opening = Opening(self._wire, self._profile, is_secure=self.is_secure)
        try:
            yield from opening.run()
        finally:  # how far it came is known after a failure too
            self.capabilities, self.is_secure = opening.capabilities, opening.is_secure
            self.mechanism = opening.mechanism
        self._wire.is_usable = True
        return self.capabilities

    def deliver(
        self,
        sender: str,
        recipients: Sequence[str],
        content: Content,
        *,
        dsn: DsnRequest | None = None,
        requires_tls: bool = False,
        origin: Mapping[str, str] | None = None,
        consent: Consent | None = None,
    ) -> Conversation[tuple[Answer, ...]]:
        """Send one message. Returns one answer for each recipient, in order.

        What is asked by ``dsn`` is left out when the server does not offer DSN (RFC 3461 5.2); ``origin``, what the message was
        made from, when it is no development inbox.

        Raises CapabilityMissing before anything is sent when the server cannot take the message, ConnectError or
        TransportTimeout when the connection is lost before any recipient was answered, and what a stored piece of the
        content raises: then nothing was accepted, and the session is over. So it is with MessageWithheld, when ``consent`` is
        not given.
        """
        job = Job(sender, recipients, content, dsn, requires_tls, origin=origin)
        jobs = iter((job,))
        stream = self.stream(lambda: next(jobs, None), consent=consent)
        ((_, result),) = yield from stream.next()
        yield from stream.clear()
        if isinstance(result, MailkitError):
            raise result
        return result

    def stream(self, take: Callable[[], Job | None], *, window: int = 0, consent: Consent | None = None) -> Stream:
        """Return a stream that delivers what ``take`` gives, until that is None; run its ``next`` until it is empty.

        ``window`` is how many transactions may be under way at once where the server offers CHUNKING and PIPELINING: as
        many are in doubt when the connection is lost. 0 leaves it at one, with the next one's envelope on its way.

        ``consent`` is asked for each message just before its end may leave, for several at a time where they fly together; it
        answers for each of them. One that may not leave comes back with MessageWithheld.
        """
        if not self.is_usable or (self._stream is not None and not self._stream.is_idle):
            raise LocalProtocolError("this SMTP session cannot be used now", hint="Open a new connection.")
        offered = self.capabilities
        self._earlier = self.delivered
        self._stream = Stream(
            self._wire,
            self._profile.timeouts,
            take=take,
            lines=self._envelope,
            is_pipelining="PIPELINING" in offered,
            is_lmtp=self._profile.is_lmtp,
            window=window if "CHUNKING" in offered else 0,
            consent=consent,
        )
        return self._stream

    def _envelope(self, job: Job) -> list[bytes]:
        parameters = self._mail_parameters(job)
        dsn = job.dsn
        if dsn is None or "DSN" not in self.capabilities:
            return [command.mail(job.sender, *parameters), *map(command.rcpt, job.recipients)]
        asked = dsn.recipients or (RecipientDsn(),) * len(job.recipients)
        if len(asked) != len(job.recipients):
            raise LocalProtocolError("there must be one DSN request for each recipient, or none at all")
        lines = [command.rcpt(one, *wish.parameters) for one, wish in zip(job.recipients, asked, strict=True)]
        return [command.mail(job.sender, *parameters, *dsn.parameters), *lines]

    def _mail_parameters(self, job: Job) -> list[str]:
        offered, content = self.capabilities, job.content
        parameters: list[str] = []
        if "SIZE" in offered:
            if 0 < offered.size < content.size:
                raise CapabilityMissing(
                    f"the message has {content.size:,} bytes; {offered.host or 'the server'} takes at most {offered.size:,}",
                    capability="SIZE",
                    hint="Link to large files instead of attaching them.",
                )
            parameters.append(f"SIZE={content.size}")
        if content.needs_smtputf8:
            if "SMTPUTF8" not in offered:
                raise CapabilityMissing(
                    "an address has letters outside ASCII before the @, and the server does not offer SMTPUTF8",
                    capability="SMTPUTF8",
                )
            parameters.append("SMTPUTF8")
        for capability in _NEEDS[content.body]:
            if capability not in offered:
                raise CapabilityMissing(
                    f"the message has {_WORDS[content.body]}, and the server does not offer {capability}",
                    capability=capability,
                )
        if content.body is not BodyType.SEVEN_BIT:
            parameters.append(f"BODY={content.body}")
        if job.origin and ORIGIN in offered:
            parameters.append(f"{ORIGIN}={encoded_origin(job.origin)}")
        if job.requires_tls:
            # RFC 8689 2: it is offered, and may be used, over TLS only.
            if "REQUIRETLS" not in offered or not self.is_secure:
                raise CapabilityMissing(
                    "the message requires TLS all the way (REQUIRETLS), and the server does not offer to see to that",
                    capability="REQUIRETLS",
                )
            parameters.append("REQUIRETLS")
        return parameters

    def check(self) -> Conversation[bool]:
        """Ask whether an idle session is still alive (NOOP)."""
        try:
            reply = yield from self._wire.ask(command.noop())
        except LOST:
            self._wire.is_usable = False
        else:
            self._wire.is_usable = reply.is_success and not self._wire.has_leftovers
        return self.is_usable

    def quit(self) -> Conversation[None]:
        """Say good-bye. A failure here means nothing: what was accepted is accepted."""
        self._wire.is_usable = False
        try:
            yield from self._wire.ask(command.quit_(), within=5.0)
        except (MailkitError, OSError):
            return


_NEEDS: dict[BodyType, tuple[str, ...]] = {
    BodyType.SEVEN_BIT: (),
    BodyType.EIGHT_BIT: ("8BITMIME",),
    BodyType.BINARY: ("BINARYMIME", "CHUNKING"),
}
_WORDS = {
    BodyType.EIGHT_BIT: "bytes outside ASCII",
    BodyType.BINARY: "binary parts",
}
