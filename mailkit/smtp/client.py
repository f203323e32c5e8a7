"""The client's side of SMTP, as conversations (RFC 5321, 1870, 2034, 2920, 3030, 3207, 3461, 4954, 6152, 6531).

Theory of operation. A :class:`Client` is one connection. :meth:`Client.open` runs from the greeting to a session that is
ready; :meth:`Client.deliver` runs one transaction and leaves the session ready for the next one, whatever happened to
the recipients; :meth:`Client.quit` says good-bye. Each is a generator of effects (see :mod:`mailkit.sansio.effect`), so
there is no socket here and every path can be tested without one.

What a lost connection means depends on where it happened. Before the end of data nothing was accepted, and the message
may be sent again. After it the server may have taken the message, and nobody can tell (RFC 1047): the answer for each
recipient then has no reply and is *in doubt*.
"""

from collections.abc import Sequence

from mailkit.errors import CapabilityMissing, LocalProtocolError, MailkitError
from mailkit.mime.bodytype import BodyType
from mailkit.sansio import Conversation
from mailkit.smtp import command
from mailkit.smtp.capability import Capabilities
from mailkit.smtp.clientwire import LOST, ClientWire
from mailkit.smtp.content import Content
from mailkit.smtp.dsn import DsnRequest, RecipientDsn
from mailkit.smtp.opening import Opening
from mailkit.smtp.profile import Profile
from mailkit.smtp.transaction import Answer, Transaction

__all__ = ["Client"]


class Client:
    """One SMTP session. Its conversations run one after another; a second one is refused while the first is running."""

    def __init__(self, profile: Profile, *, is_secure: bool = False) -> None:
        self.capabilities = Capabilities()
        self.is_secure = is_secure
        self.delivered = 0
        self._profile = profile
        self._wire = ClientWire(profile.timeouts.command)
        self._is_busy = False

    @property
    def is_usable(self) -> bool:
        """Whether the session is open, and can take a message."""
        return self._wire.is_usable

    def open(self) -> Conversation[Capabilities]:
        """Greet, secure and authenticate.

        Raises TlsError, AuthError, ReplyError, and RemoteProtocolError for a server that does not speak SMTP.
        """
        opening = Opening(self._wire, self._profile, is_secure=self.is_secure)
        yield from opening.run()
        self.capabilities, self.is_secure = opening.capabilities, opening.is_secure
        self._wire.is_usable = True
        return self.capabilities

    def deliver(
        self, sender: str, recipients: Sequence[str], content: Content, *, dsn: DsnRequest | None = None
    ) -> Conversation[tuple[Answer, ...]]:
        """Send one message. Returns one answer for each recipient, in order.

        What is asked by ``dsn`` is left out when the server does not offer DSN (RFC 3461 5.2).

        Raises CapabilityMissing before anything is sent when the server cannot take the message, ConnectError or
        TransportTimeout when the connection is lost before any recipient was answered, and what a stored piece of the
        content raises: then nothing was accepted, and the session is over.
        """
        if self._is_busy or not self.is_usable:
            raise LocalProtocolError("this SMTP session cannot be used now", hint="Open a new connection.")
        flight = self._envelope(sender, recipients, content, dsn)
        transaction = Transaction(self._wire, self._profile.timeouts, is_pipelining="PIPELINING" in self.capabilities)
        self._is_busy = True
        try:
            answers = yield from transaction.run(flight, content)
        except BaseException:
            self._wire.is_usable = False
            raise
        finally:
            self._is_busy = False
        self.delivered += any(answer.command == Answer.END_OF_DATA and answer.reply for answer in answers)
        return answers

    def _envelope(
        self, sender: str, recipients: Sequence[str], content: Content, dsn: DsnRequest | None
    ) -> list[bytes]:
        parameters = self._mail_parameters(content)
        if dsn is None or "DSN" not in self.capabilities:
            return [command.mail(sender, *parameters), *map(command.rcpt, recipients)]
        asked = dsn.recipients or (RecipientDsn(),) * len(recipients)
        if len(asked) != len(recipients):
            raise LocalProtocolError("there must be one DSN request for each recipient, or none at all")
        lines = [command.rcpt(recipient, *one.parameters) for recipient, one in zip(recipients, asked, strict=True)]
        return [command.mail(sender, *parameters, *dsn.parameters), *lines]

    def _mail_parameters(self, content: Content) -> list[str]:
        offered = self.capabilities
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
