"""Authentication mechanisms (RFC 4422, RFC 4954): each one a generator from challenges to responses, without base64.

A mechanism yields its initial response first, or None when the server speaks first, and is then sent each challenge.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass

from mailkit.errors import AuthError
from mailkit.secret import Secret

__all__ = ["Credentials", "Mechanism", "choose"]

Mechanism = Generator[bytes | None, bytes, None]


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who logs in. The password never prints."""

    user: str
    password: Secret


def plain(credentials: Credentials) -> Mechanism:
    """RFC 4616."""
    yield b"\0" + credentials.user.encode() + b"\0" + credentials.password.reveal().encode()


def login(credentials: Credentials) -> Mechanism:
    """Never standardised (draft-murchison-sasl-login), offered by nearly every server."""
    yield None
    yield credentials.user.encode()
    yield credentials.password.reveal().encode()


# Strongest first. Both show the password to the server, so the client uses neither without TLS.
_MECHANISMS: dict[str, Callable[[Credentials], Mechanism]] = {"PLAIN": plain, "LOGIN": login}


def choose(offered: tuple[str, ...], credentials: Credentials) -> tuple[str, Mechanism]:
    """Return the strongest mechanism that both sides know. Raises AuthError when there is none."""
    for name, mechanism in _MECHANISMS.items():
        if name in offered:
            return name, mechanism(credentials)
    if not offered:
        raise AuthError(
            "the server offers no authentication",
            hint="Leave user and password out of the URL, or use the submission port (587 or 465).",
        )
    raise AuthError(f"the server offers only {', '.join(offered)}; mailkit knows {', '.join(_MECHANISMS)}")
