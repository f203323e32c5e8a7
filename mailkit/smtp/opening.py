"""From the connection to a session that is ready: greeting, EHLO, STARTTLS, AUTH (RFC 5321 3.1, 3207, 4954)."""

from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64

from mailkit.errors import AuthError, ReplyError, TlsError
from mailkit.sansio import Conversation, StartTls
from mailkit.smtp import command, sasl
from mailkit.smtp.capability import Capabilities
from mailkit.smtp.clientwire import ClientWire
from mailkit.smtp.profile import Profile, StartTlsPolicy
from mailkit.smtp.reply import Reply

__all__ = ["Opening"]


class Opening:
    """Opens one session; afterwards it knows what the server offers and whether the wire is secure."""

    def __init__(self, wire: ClientWire, profile: Profile, *, is_secure: bool) -> None:
        self.capabilities = Capabilities()
        self.is_secure = is_secure
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
            raise TlsError(f"the server refused STARTTLS: {reply}")
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
        reply = yield from self._wire.ask(command.auth(name, first))
        while reply.code == 334:
            try:
                response = mechanism.send(_unbase64(reply.text))
            except StopIteration:
                reply = yield from self._wire.ask(command.auth_response("*"))
                raise AuthError(f"the server asked for more than {name} has to say") from None
            reply = yield from self._wire.ask(command.auth_response(_base64(response or b"")))
        if not reply.is_success:
            error = AuthError(f"the server did not accept user {credentials.user!r}: {reply}", hint=_auth_hint(reply))
            error.is_temporary = reply.is_temporary
            raise error


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
