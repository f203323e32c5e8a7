"""A transport's URL, taken apart: scheme, place and options. A password in it never reaches a message."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from mailkit.errors import ConfigError
from mailkit.secret import Secret
from mailkit.smtp import Credentials
from mailkit.transport.nested import nested

__all__ = ["Url", "redacted"]

# A password that was not percent-encoded may hold any sign, so all is hidden from the user's colon to the last "@".
_PASSWORD = re.compile(r"^([^:]*:(?://[^:]*:|(?!//))).*(?=@)", re.DOTALL)
# Where the host was forgotten, what should be a port may be the password.
_NO_PORT = re.compile(r"^([^:@]*://(?!\[)[^:@/?#]*:)(?!\d*(?:[/?#]|$))[^@]*$", re.DOTALL)
# Likewise where the "@" at the end was forgotten, and the user has one: gmail://ada@gmail.com:password.
_NO_END = re.compile(r"^(.*@[^@:/?#\[\]]*:)(?!\d{0,5}(?:[/?#]|$)).*$", re.DOTALL)
# No option takes a secret. Whoever writes one into the URL all the same should not find it in the log.
_OPTION = re.compile(r"([?&][a-z_]*(?:token|password|secret)=)[^&#]*", re.IGNORECASE)


def redacted(url: str) -> str:
    """Return ``url`` with its password hidden.

    >>> redacted("smtp://ada:secret@mail.example.com")
    'smtp://ada:***@mail.example.com'
    """
    hidden = url
    for place in (_PASSWORD, _NO_PORT, _NO_END, _OPTION):
        hidden = place.sub(r"\1***", hidden)
    return hidden


@dataclass(frozen=True, slots=True)
class Url:
    """``scheme://user:password@host:port/?option=value``, ``scheme:path?option=value`` or ``scheme(url url)?option=value``."""

    scheme: str
    host: str = ""
    port: int = 0
    credentials: Credentials | None = None
    path: str = ""
    options: dict[str, str] = field(default_factory=dict)
    members: tuple["Url", ...] = ()
    """The URLs in parentheses; :func:`~mailkit.transport.registry.open_transport` opens each."""

    @classmethod
    def parse(cls, text: str) -> "Url":
        """Raises ConfigError, which shows the URL without its password."""
        if found := nested(text):
            members = tuple(cls.parse(member) for member in found.members)
            return cls(found.scheme, options=_options(f"{found.scheme}(…)", found.query), members=members)
        scheme, colon, rest = text.strip().partition(":")
        if not colon or not re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*", scheme):
            raise ConfigError(
                f"{redacted(text)!r} is not a transport URL",
                hint="Write one such as smtp://user:password@mail.example.com:587, file:outbox or console:",
            )
        if not rest.startswith("//"):
            path, _, query = rest.partition("?")
            return cls(scheme.lower(), path=unquote(path), options=_options(text, query))
        try:
            parts = urlsplit(text.strip())
            port = parts.port or 0
        except ValueError as error:
            raise ConfigError(
                f"{redacted(text)!r} cannot be read: {_without_secrets(error)}",
                hint="Percent-encode special characters in user and password: '@' is %40, '/' is %2F, '#' is %23.",
            ) from None
        if parts.fragment:
            raise ConfigError(f"{redacted(text)!r} has a '#' in it", hint="Percent-encode it as %23.")
        return cls(
            scheme.lower(),
            host=unquote(parts.hostname or ""),
            port=port,
            credentials=_credentials(parts),
            path=unquote(parts.path),
            options=_options(text, parts.query),
        )

    def take(self, known: Iterable[str]) -> dict[str, str]:
        """Return the options, or raise ConfigError for one that is not ``known``: a typo must not lower safety."""
        for name in self.options:
            if name not in known:
                raise ConfigError(
                    f"the {self.scheme} transport has no option {name!r}",
                    hint=f"It has: {', '.join(sorted(known)) or 'none'}.",
                )
        return self.options

    def yes(self, name: str, *, otherwise: bool = False) -> bool:
        """Return an option that is yes or no. Raises ConfigError."""
        value = self.options.get(name, "yes" if otherwise else "no").lower()
        if value not in (*_YES, *_NO):
            raise ConfigError(f"{name}={value} is neither yes nor no")
        return value in _YES

    def positive(self, name: str, *, otherwise: float) -> float:
        """Return an option that is a number above zero. Raises ConfigError."""
        value = self.options.get(name, str(otherwise))
        try:
            number = float(value)
        except ValueError:
            number = 0.0
        if not 0 < number < 1e9:
            raise ConfigError(f"{name}={value} is not a positive number")
        return number


_YES, _NO = ("yes", "true", "1", "on"), ("no", "false", "0", "off")


def _credentials(parts: SplitResult) -> Credentials | None:
    if not parts.username:
        return None
    password = None if parts.password is None else Secret(unquote(parts.password))
    return Credentials(unquote(parts.username), password)


def _options(text: str, query: str) -> dict[str, str]:
    try:
        # In an address a plus is a plus, and a space has %20.
        query = query.replace("+", "%2B")
        return dict(parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query)))
    except ValueError:
        raise ConfigError(
            f"the options of {redacted(text)!r} cannot be read", hint="Write ?name=value&name=value."
        ) from None


def _without_secrets(error: ValueError) -> str:
    # urllib puts a bad port into its message, and with an unencoded "/" or "#" the "port" is a piece of the password.
    return "the port is not a number" if "port" in str(error).lower() else "it is not well formed"
