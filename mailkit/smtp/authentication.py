"""The client's side of AUTH (RFC 4954): mechanisms are tried from the strongest down until one is not refused."""

from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64
from contextlib import suppress

from mailkit.errors import AuthError
from mailkit.sansio import Call, ChannelBinding, Conversation
from mailkit.secret import Secret
from mailkit.smtp import command, sasl
from mailkit.smtp.clientwire import ClientWire
from mailkit.smtp.credentials import Credentials
from mailkit.smtp.mechanism import Mechanism
from mailkit.smtp.refusal import asks_for_app_password, refusal
from mailkit.smtp.reply import Reply
from mailkit.smtp.sasl import Candidate, Needs
from mailkit.smtp.scram import BindingRefused

__all__ = ["authenticate"]

_LINE = 512  # RFC 5321 4.5.3.1.4: a command; responses may be longer (RFC 4954 4)


def authenticate(
    wire: ClientWire, credentials: Credentials, offered: tuple[str, ...], *, is_secure: bool, unsafe: bool
) -> Conversation[str]:
    """Log in, and return the mechanism by which it was done. Raises AuthError."""
    bindings = ()
    if is_secure and any(name.startswith("SCRAM-") for name in offered):
        bindings = yield ChannelBinding()
    found = sasl.candidates(offered, credentials, is_secure=is_secure, unsafe=unsafe, bindings=bindings)
    for candidate in found:
        attempt = _Attempt(wire, credentials, candidate)
        try:
            yield from attempt.run()
        except AuthError:
            if candidate is found[-1] or not attempt.was_unavailable:
                raise
        else:
            return candidate.name
    raise AssertionError("the last candidate returns or raises")


class _Attempt:
    """One mechanism."""

    def __init__(self, wire: ClientWire, credentials: Credentials, candidate: Candidate) -> None:
        self.was_unavailable = False
        """Whether the mechanism was refused, and not the password: then a weaker one may do."""
        self._wire = wire
        self._credentials = credentials
        self._candidate = candidate
        self._code = 0

    def run(self) -> Conversation[None]:
        tokens = self._credentials.tokens
        if self._candidate.needs is not Needs.TOKEN or tokens is None:
            yield from self._exchange(self._credentials.password or Secret(""))
            return
        token = yield Call(tokens.take)
        try:
            yield from self._exchange(token)
        except AuthError:
            # A token that was kept may have been withdrawn. 535 leaves the session open (RFC 4954 6).
            fresh = (yield Call(lambda: tokens.after(token))) if self._code == 535 else None
            if fresh is None:
                raise
            yield from self._exchange(fresh)

    def _exchange(self, secret: Secret) -> Conversation[None]:
        name = self._candidate.name
        mechanism = self._candidate.make(self._credentials.user, secret)
        reply = yield from self._begin(mechanism)
        while reply.code == 334:
            challenge = _unbase64(reply.text)
            try:
                # Hashing a password many times over would hold up everything else.
                response = yield Call(lambda given=challenge: _response(mechanism, given))  # type: ignore[misc]
            except AuthError as error:
                # RFC 4954 4: "*" ends an exchange that leads nowhere.
                yield from self._wire.ask(command.auth_response("*"))
                if isinstance(error, BindingRefused):
                    self.was_unavailable = True
                    raise AuthError(error.problem, hint=f"?auth={name.removesuffix('-PLUS')} does without.") from None
                raise
            if response is None:
                yield from self._wire.ask(command.auth_response("*"))
                raise AuthError(f"the server asked for more than {name} has to say")
            reply = yield from self._wire.ask(command.auth_response(_base64(response)))
        if not reply.is_success:
            raise self._refused(mechanism, reply, secret)
        with suppress(StopIteration):
            mechanism.send(None)

    def _begin(self, mechanism: Mechanism) -> Conversation[Reply]:
        name, initial = self._candidate.name, next(mechanism)
        if initial is None:
            return (yield from self._wire.ask(command.auth(name, "")))
        first = _base64(initial)
        # RFC 4954 4: an empty initial response is written "=", and one that makes the line too long waits to be asked for.
        line = command.auth(name, first or "=")
        if len(line) <= _LINE:
            return (yield from self._wire.ask(line))
        reply = yield from self._wire.ask(command.auth(name, ""))
        return (yield from self._wire.ask(command.auth_response(first))) if reply.code == 334 else reply

    def _refused(self, mechanism: Mechanism, reply: Reply, secret: Secret) -> AuthError:
        self._code = reply.code
        # RFC 4954 4 and 6: unknown, or too weak. Google says 534 too, when it wants another password.
        self.was_unavailable = reply.code in (504, 534) and not asks_for_app_password(reply)
        error = refusal(self._credentials.user, reply, secret, is_token=self._candidate.needs is Needs.TOKEN)
        try:
            mechanism.throw(error)
        except AuthError as explained:
            return explained
        except StopIteration:
            pass
        return error


def _response(mechanism: Mechanism, challenge: bytes) -> bytes | None:
    """Return the answer, or None when the mechanism has said all."""
    try:
        return mechanism.send(challenge) or b""
    except StopIteration:
        return None


def _base64(data: bytes) -> str:
    return b2a_base64(data, newline=False).decode()


def _unbase64(text: str) -> bytes:
    try:
        return a2b_base64(text, strict_mode=True)
    except Base64Error:
        return b""  # some servers put words where the challenge should be; PLAIN and LOGIN do not read it
