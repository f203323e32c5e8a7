"""Authentication mechanisms (RFC 4422): each one a generator from challenges to responses, without base64.

A mechanism yields its initial response first, or None when the server speaks first, and is then sent each challenge. At
the end it is sent None when the server is satisfied: one that is not satisfied with the server raises. A refusal is
thrown into it, so that one that was told more than the reply says can add it.
"""

import hmac
import json
from collections.abc import Generator
from typing import TypeAlias

from mailkit.errors import AuthError
from mailkit.secret import Secret
from mailkit.smtp.refusal import printable

__all__ = ["Mechanism", "cram_md5", "external", "login", "oauthbearer", "plain", "xoauth2"]

Mechanism: TypeAlias = Generator[bytes | None, bytes | None, None]


def plain(user: str, secret: Secret) -> Mechanism:
    """RFC 4616."""
    # RFC 4616 2: a NUL in one of them would move the border between them.
    yield b"\0" + _without(user, "\0").encode() + b"\0" + _without(secret.reveal(), "\0").encode()


def login(user: str, secret: Secret) -> Mechanism:
    """Never standardised (draft-murchison-sasl-login), offered by nearly every server."""
    yield None
    yield user.encode()
    yield secret.reveal().encode()


def cram_md5(user: str, secret: Secret) -> Mechanism:
    """RFC 2195. It does not show the password, but whoever hears the exchange can guess it very quickly."""
    challenge = yield None
    if not challenge:
        raise AuthError("the server sent no challenge that CRAM-MD5 could answer")
    digest = hmac.new(secret.reveal().encode(), challenge, "md5").hexdigest()
    yield f"{user} {digest}".encode()


def external(user: str, secret: Secret) -> Mechanism:
    """RFC 4422, appendix A: the client certificate says who it is; ``user`` is whom to act for, or empty."""
    yield user.encode()


def xoauth2(user: str, secret: Secret) -> Mechanism:
    """Google's and Microsoft's own, from before there was a standard."""
    yield from _bearer(f"user={_without(user, _FIELD_ENDS)}\1auth=Bearer {secret.reveal()}\1\1", b"")


def oauthbearer(user: str, secret: Secret) -> Mechanism:
    """RFC 7628."""
    name = _without(user, _FIELD_ENDS).replace("=", "=3D").replace(",", "=2C")
    yield from _bearer(f"n,a={name},\1auth=Bearer {secret.reveal()}\1\1", b"\1")


def _bearer(first: str, acknowledgement: bytes) -> Mechanism:
    complaint = yield first.encode()
    if complaint is None:
        return
    # RFC 7628 3.2.3: the reason comes as a challenge, and the refusal follows when that is acknowledged.
    try:
        yield acknowledgement
    except AuthError as refusal:
        raise _explained(refusal, complaint) from None


_FIELD_ENDS = "\0\1\r\n"


def _explained(refusal: AuthError, complaint: bytes) -> AuthError:
    try:
        told = json.loads(complaint)
    except (ValueError, RecursionError):
        told = None
    words = (
        {name: printable(told[name]) for name in ("status", "scope") if told.get(name)}
        if isinstance(told, dict)
        else {}
    )
    if not words:
        return refusal
    text = ", ".join(f"{name} {word}" for name, word in words.items())
    hint = refusal.hint
    if "scope" in words:
        hint = f"The token may be good for something else: here it needs the scope {words['scope']}."
    error = AuthError(f"{refusal.problem} ({text})", hint=hint)
    error.is_temporary = refusal.is_temporary
    return error


def _without(text: str, signs: str) -> str:
    if any(sign in text for sign in signs):
        raise AuthError("the user or password has a control character in it, so nothing was sent")
    return text
