"""From the connection to a session that is ready: greeting, EHLO, STARTTLS, AUTH (RFC 5321 3.1, 3207, 4954)."""

from mailkit.errors import ReplyError, TlsError
from mailkit.sansio import Conversation, StartTls
from mailkit.smtp import command
from mailkit.smtp.authentication import authenticate
from mailkit.smtp.capability import Capabilities
from mailkit.smtp.clientwire import ClientWire
from mailkit.smtp.profile import Profile, StartTlsPolicy

__all__ = ["Opening"]


class Opening:
    """Opens one session; afterwards it knows what the server offers and whether the wire is secure."""

    def __init__(self, wire: ClientWire, profile: Profile, *, is_secure: bool) -> None:
        self.capabilities = Capabilities()
        self.is_secure = is_secure
        self.mechanism = ""
        """By which the client has logged in."""
        self._wire = wire
        self._profile = profile

    def run(self) -> Conversation[None]:
        """Greet, secure and authenticate."""
        greeting = yield from self._wire.reply(self._profile.timeouts.greeting)
        if not greeting.is_success:
            raise ReplyError(f"the server refused the connection: {greeting}", command="connect", reply=greeting)
        yield from self._hello()
        yield from self._secure()
        yield from self._authenticate()

    def _hello(self) -> Conversation[None]:
        greet = command.lhlo if self._profile.is_lmtp else command.ehlo
        reply = yield from self._wire.ask(greet(self._profile.hello))
        if reply.is_success:
            self.capabilities = Capabilities.of(reply)
            return
        if self._profile.is_lmtp:  # RFC 2033 4.1 knows no other greeting
            raise ReplyError(
                f"the server refused LHLO: {reply}",
                command="LHLO",
                reply=reply,
                hint="Does it speak LMTP? For SMTP write smtp:// instead of lmtp://.",
            )
        if reply.code == 421:
            raise ReplyError(f"the server refused EHLO: {reply}", command="EHLO", reply=reply)
        # RFC 5321 3.2: a server that does not know EHLO gets HELO, and offers nothing.
        reply = yield from self._wire.ask(command.helo(self._profile.hello))
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
        reply = yield from self._wire.ask(command.starttls())
        if not reply.is_success:
            # Going on in plain text would let anyone on the path switch the protection off (RFC 3207 6).
            error = TlsError(f"the server refused STARTTLS: {reply}")
            error.is_temporary = reply.is_temporary  # "454 TLS not available due to temporary reason" (RFC 3207 4)
            raise error
        if self._wire.has_leftovers:
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
        profile = self._profile
        if profile.credentials is not None:
            self.mechanism = yield from authenticate(
                self._wire,
                profile.credentials,
                self.capabilities.auth,
                is_secure=self.is_secure,
                unsafe=profile.unsafe_plaintext_auth,
            )
