"""SCRAM (RFC 5802, RFC 7677): both sides prove that they know the password, and nobody sends it.

It takes channel binding (RFC 5929, RFC 9266) where there is TLS: the proof is then good for this connection alone, and
whoever sits between with a certificate of their own cannot pass it on.
"""

import hmac
import re
from base64 import b64encode
from binascii import Error as Base64Error
from binascii import a2b_base64
from dataclasses import dataclass, field
from hashlib import new as new_hash
from hashlib import pbkdf2_hmac

from mailkit import clock
from mailkit.errors import AuthError
from mailkit.secret import Secret
from mailkit.smtp.mechanism import Mechanism
from mailkit.smtp.saslprep import saslprep

__all__ = ["BindingRefused", "Verifier", "can_prepare", "client_proof", "scram"]

# RFC 5802 5.1 wants at least 4096: fewer let whoever hears the exchange guess the password quickly.
_MIN_ITERATIONS = 4_096
# Some four seconds of work. A server that asks for more wants to keep us busy.
_MAX_ITERATIONS = 10_000_000
# RFC 5802 7. An extension that must be understood ("m=") comes first, and does not fit.
_FIRST = re.compile(r"r=([!-+\--~]+),s=([A-Za-z0-9+/=]+),i=([1-9][0-9]{0,8})(?:,.*)?", re.DOTALL)
_FINAL = re.compile(r"v=([A-Za-z0-9+/=]+)(?:,.*)?", re.DOTALL)
_ERROR = re.compile(r"e=([A-Za-z0-9-]{1,60})(?:,.*)?", re.DOTALL)


class BindingRefused(AuthError):
    """The server does not know this kind of channel binding; another mechanism may do."""


def scram(
    user: str, secret: Secret, *, algorithm: str, binding: tuple[str, bytes] | None = None, flag: str = "n"
) -> Mechanism:
    """``binding`` is the kind and the data of the channel. Without, ``flag`` says why: "n" when this side has none, and
    "y" when the server does not seem to. A server that does can then tell that its offer was cut short on the way.
    """
    kind, channel = binding or ("", b"")
    header = f"p={kind},," if binding else f"{flag},,"
    nonce = clock.token()
    bare = f"n={_escaped(saslprep(user, is_stored=False))},r={nonce}"

    challenge = yield (header + bare).encode()
    first = _said(challenge)
    found = _FIRST.fullmatch(first)
    salt = _unbase64(found[2]) if found else b""
    if not found or not salt:
        raise AuthError("the server's challenge is not one of SCRAM")
    if not found[1].startswith(nonce) or found[1] == nonce:
        raise AuthError("the server's challenge is not an answer to ours", hint=_BETWEEN)
    iterations = int(found[3])
    if not _MIN_ITERATIONS <= iterations <= _MAX_ITERATIONS:
        raise AuthError(
            f"the server asks for {iterations:,} rounds of hashing; between {_MIN_ITERATIONS:,} and {_MAX_ITERATIONS:,} are safe",
            hint="Its administrator must set it to a number in between, and the password again.",
        )

    client_key, verifier = _keys(secret.reveal(), salt, iterations, algorithm)
    final = f"c={_base64(header.encode() + channel)},r={found[1]}"
    signed = f"{bare},{first},{final}".encode()
    proof = client_proof(client_key, verifier, signed)
    challenge = yield f"{final},p={_base64(proof)}".encode()
    told = _FINAL.fullmatch(_said(challenge))
    if not told or not hmac.compare_digest(_unbase64(told[1]), verifier.signature(signed)):
        raise AuthError("the server could not prove that it knows the password", hint=_BETWEEN)
    yield b""


_BETWEEN = "Somebody may sit between, who does not know it. Check the host's name and the network path."

_ERRORS = {
    "invalid-proof": ("the password is wrong", "Check user and password."),
    "unknown-user": ("it does not know the user", "Check user and password."),
    "channel-bindings-dont-match": ("it sees another TLS connection than we do", _BETWEEN),
    "server-does-support-channel-binding": ("its offer of channel binding did not get here", _BETWEEN),
}
_NO_SUCH_BINDING = ("unsupported-channel-binding-type", "channel-binding-not-supported")


def _said(challenge: bytes | None) -> str:
    """Return what the server says. Raises AuthError when it says no, or lets us in without its own proof."""
    if challenge is None:
        raise AuthError("the server let us in without proving that it knows the password", hint=_BETWEEN)
    text = challenge.decode("utf-8", "replace")
    if found := _ERROR.fullmatch(text):
        if found[1] in _NO_SUCH_BINDING:
            raise BindingRefused("the server does not know this kind of channel binding")
        why, hint = _ERRORS.get(found[1], (found[1], ""))
        raise AuthError(f"the server stopped the login: {why}", hint=hint)
    return text


@dataclass(frozen=True, slots=True)
class Verifier:
    """What a server keeps instead of a password (RFC 5802 3): it can check a proof, and cannot make one."""

    algorithm: str
    salt: bytes
    iterations: int
    stored_key: bytes = field(repr=False)
    server_key: bytes = field(repr=False)

    @classmethod
    def of(
        cls, password: str, *, algorithm: str = "sha256", salt: bytes, iterations: int = _MIN_ITERATIONS
    ) -> "Verifier":
        return _keys(password, salt, iterations, algorithm)[1]

    def signature(self, signed: bytes) -> bytes:
        """Return the server's proof."""
        return hmac.digest(self.server_key, signed, self.algorithm)

    def is_proof(self, proof: bytes, signed: bytes) -> bool:
        """Whether ``proof`` was made by somebody who knows the password."""
        mask = hmac.digest(self.stored_key, signed, self.algorithm)
        if len(proof) != len(mask):
            return False
        client_key = _xor(proof, mask)
        return hmac.compare_digest(new_hash(self.algorithm, client_key).digest(), self.stored_key)


def client_proof(client_key: bytes, verifier: Verifier, signed: bytes) -> bytes:
    return _xor(client_key, hmac.digest(verifier.stored_key, signed, verifier.algorithm))


def can_prepare(user: str, password: str) -> bool:
    """Whether SCRAM can be used with them at all: RFC 4013 has no place for the newest characters."""
    try:
        saslprep(user, is_stored=False)
        saslprep(password)
    except ValueError:
        return False
    return True


def _keys(password: str, salt: bytes, iterations: int, algorithm: str) -> tuple[bytes, Verifier]:
    """RFC 5802 3."""
    salted = pbkdf2_hmac(algorithm, saslprep(password).encode(), salt, iterations)
    client_key = hmac.digest(salted, b"Client Key", algorithm)
    server_key = hmac.digest(salted, b"Server Key", algorithm)
    return client_key, Verifier(algorithm, salt, iterations, new_hash(algorithm, client_key).digest(), server_key)


def _escaped(user: str) -> str:
    return user.replace("=", "=3D").replace(",", "=2C")


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(left ^ right for left, right in zip(one, other, strict=True))


def _base64(data: bytes) -> str:
    return b64encode(data).decode()


def _unbase64(text: str) -> bytes:
    try:
        return a2b_base64(text, strict_mode=True)
    except Base64Error:
        return b""
