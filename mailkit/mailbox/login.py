"""Logging in to IMAP or POP3 (RFC 4422): mailkit's mechanisms, from the strongest that the server offers down.

A protocol says how a mechanism is begun and how a challenge is answered (:class:`Exchange`); the rest is the same.
"""

import re
from abc import ABC, abstractmethod
from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64
from contextlib import suppress
from typing import NamedTuple

from mailkit.errors import AuthError
from mailkit.mailbox.settings import Server
from mailkit.mailbox.wire import Wire
from mailkit.secret import Secret
from mailkit.smtp import Credentials
from mailkit.smtp.mechanism import Mechanism
from mailkit.smtp.refusal import printable
from mailkit.smtp.sasl import Candidate, Needs, candidates
from mailkit.smtp.scram import BindingRefused

__all__ = ["APOP", "Answer", "Exchange", "log_in", "refused"]

APOP = "APOP"


class Answer(NamedTuple):
    """What a server said to a step: a challenge, or that it is over."""

    challenge: bytes | None
    """What the server wants to be answered; None when it is over."""
    is_ok: bool = False
    text: str = ""

    @classmethod
    def of_base64(cls, text: bytes) -> "Answer":
        try:
            return cls(a2b_base64(text.strip(), strict_mode=True))
        except Base64Error:
            return cls(b"")  # some servers put words where the challenge should be; PLAIN and LOGIN do not read it


class Exchange(ABC):
    """How a protocol carries mechanisms."""

    offered: tuple[str, ...] = ()
    """The mechanisms that the server names."""

    @abstractmethod
    def begin(self, mechanism: str, initial: bytes | None) -> Answer:
        """Ask for a mechanism, with its first word in base64 if it has one."""

    @abstractmethod
    def respond(self, data: bytes) -> Answer:
        """Answer a challenge, in base64; ``*`` gives up."""

    def prove(self, user: str, password: Secret) -> Answer | None:
        """Log in by APOP; None where that does not exist."""
        return None

    @abstractmethod
    def say(self, user: str, password: Secret) -> Answer | None:
        """Log in by the protocol's own command; None when the server does not want that."""


def log_in(server: Server, credentials: Credentials, wire: Wire, exchange: Exchange) -> None:
    """Raises AuthError. A password is shown to nobody but the server: in the clear it is not sent."""
    may_show = wire.is_secure or server.unsafe_plaintext_auth
    if credentials.mechanism == APOP and credentials.password is not None:
        answer = exchange.prove(credentials.user, credentials.password) if may_show else None
        if answer is not None and not answer.is_ok:
            raise refused(credentials.user, answer.text, credentials.password)
        if answer is not None:
            return
        # RFC 1939 7: one round of MD5, which whoever listens can try passwords against.
        raise AuthError(
            "APOP was not tried: "
            + ("the server does not offer it" if may_show else "the connection is not encrypted"),
            hint="Leave ?auth= out to let mailkit choose.",
        )
    bindings = wire.bindings() if wire.is_secure and any("SCRAM" in name for name in exchange.offered) else ()
    try:
        found = candidates(
            exchange.offered,
            credentials,
            is_secure=wire.is_secure,
            unsafe=server.unsafe_plaintext_auth,
            bindings=bindings,
        )
    except AuthError as error:
        _by_command(server, credentials, exchange, error, may_show=may_show)
        return
    for candidate in found:
        attempt = _Attempt(credentials, exchange, candidate)
        try:
            attempt.run()
        except AuthError:
            if candidate is found[-1] or not attempt.was_unavailable:
                raise
        else:
            return


def _by_command(
    server: Server, credentials: Credentials, exchange: Exchange, error: AuthError, *, may_show: bool
) -> None:
    """The old way, where no mechanism fits."""
    if credentials.password is not None and not credentials.mechanism:
        if not may_show:
            raise AuthError(
                "the connection is not encrypted, so the password was not sent",
                hint=f"Use {server.scheme}s://, or a server that offers TLS; ?unsafe_plaintext_auth=yes sends it all the same.",
            )
        answer = exchange.say(credentials.user, credentials.password)
        if answer is None:
            raise AuthError(
                "the server takes no passwords on this connection",
                hint="Does it want TLS (imaps://, pop3s://), or a token (?auth=xoauth2&token_env=NAME)?",
            )
        if not answer.is_ok:
            raise refused(credentials.user, answer.text, credentials.password)
        return
    hint = error.hint if "smtp" not in error.hint and "submission" not in error.hint else ""
    raise AuthError(error.problem, hint=hint) from None


class _Attempt:
    """One mechanism."""

    def __init__(self, credentials: Credentials, exchange: Exchange, candidate: Candidate) -> None:
        self.was_unavailable = False
        """Whether the mechanism was refused, and not the password: then a weaker one may do."""
        self._credentials = credentials
        self._exchange = exchange
        self._candidate = candidate

    def run(self) -> None:
        tokens = self._credentials.tokens
        if self._candidate.needs is not Needs.TOKEN or tokens is None:
            self._try(self._credentials.password or Secret(""))
            return
        token = tokens.take()
        try:
            self._try(token)
        except AuthError:
            # A token that was kept may have been withdrawn.
            fresh = tokens.after(token)
            if fresh is None:
                raise
            self._try(fresh)

    def _try(self, secret: Secret) -> None:
        name = self._candidate.name
        mechanism = self._candidate.make(self._credentials.user, secret)
        initial = next(mechanism)
        answer = self._exchange.begin(name, None if initial is None else _base64(initial))
        while answer.challenge is not None:
            try:
                response = mechanism.send(answer.challenge) or b""
            except StopIteration:
                self._exchange.respond(b"*")
                raise AuthError(f"the server asked for more than {name} has to say") from None
            except AuthError as error:
                self._exchange.respond(b"*")
                if isinstance(error, BindingRefused):
                    self.was_unavailable = True
                    raise AuthError(error.problem, hint=f"?auth={name.removesuffix('-PLUS')} does without.") from None
                raise
            answer = self._exchange.respond(_base64(response))
        if not answer.is_ok:
            raise self._refused(mechanism, answer, secret)
        with suppress(StopIteration):
            mechanism.send(None)

    def _refused(self, mechanism: Mechanism, answer: Answer, secret: Secret) -> AuthError:
        self.was_unavailable = bool(_UNAVAILABLE.search(answer.text))
        error = refused(self._credentials.user, answer.text, secret, is_token=self._candidate.needs is Needs.TOKEN)
        try:
            mechanism.throw(error)
        except AuthError as explained:
            return explained
        except StopIteration:
            pass
        return error


_UNAVAILABLE = re.compile(r"unsupported|unknown|not supported|not enabled|invalid.*mechanism", re.IGNORECASE)
# RFC 5530 3, RFC 3206, RFC 2449 8.
_PASSING = re.compile(r"\[(?:UNAVAILABLE|INUSE|IN-USE|SYS/TEMP|LOGIN-DELAY|LIMIT)\b", re.IGNORECASE)
_HINTS = [
    (
        re.compile(r"application-specific|app[ -]password|InvalidSecondFactor", re.IGNORECASE),
        "The account wants an app password: make one in its security settings.",
    ),
    (
        re.compile(r"\[IN-?USE\b", re.IGNORECASE),
        "Another program has the mailbox open. Try again when it has closed it.",
    ),
    (_PASSING, "The server could not do it just now. Try again later."),
    (
        re.compile(r"log ?in via your web browser|WEBALERT", re.IGNORECASE),
        "The provider wants to see the owner first: log in once in a web browser, then try again.",
    ),
    (
        re.compile(r"basic authentication is disabled|basicauthblocked", re.IGNORECASE),
        "The server takes no passwords any more: give an access token, with ?auth=xoauth2&token_env=NAME.",
    ),
    (
        re.compile(r"imap access is disabled|not enabled for imap|pop access|not enabled for pop", re.IGNORECASE),
        "IMAP or POP3 is switched off for this account: switch it on in its settings.",
    ),
]


def refused(user: str, said: str, secret: Secret, *, is_token: bool = False) -> AuthError:
    """Return the error for a login that the server did not accept. The secret is not in it, whatever the server said."""
    text = said.replace(secret.reveal(), "***") if secret else said
    hint = next((hint for pattern, hint in _HINTS if pattern.search(text)), "")
    if not hint and is_token:
        hint = "Is the token for this user and this server, with the right to read mail, and not yet over?"
    error = AuthError(
        f"the server did not accept user {user!r}: {printable(text)}",
        hint=hint
        or "Check user and password; many providers want an app password or token here, percent-encoded in the URL.",
    )
    error.is_temporary = bool(_PASSING.search(text))
    return error


def _base64(data: bytes) -> bytes:
    return b2a_base64(data, newline=False)
