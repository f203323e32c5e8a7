"""A transport's URL, taken apart: scheme, place and options. A password in it never reaches a message."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from mailkit.errors import ConfigError
from mailkit.secret import Secret
from mailkit.smtp import Credentials

__all__ = ["Url", "redacted"]

# A password that was not percent-encoded may hold any sign, so all is hidden from the user's colon to the last "@".
_PASSWORD = re.compile(r"^([^:]*:(?://[^:]*:|(?!//))).*(?=@)", re.DOTALL)
# Where the host was forgotten, what should be a port may be the password.
_NO_PORT = re.compile(r"^([^:@]*://(?!\[)[^:@/?#]*:)(?!\d*(?:[/?#]|$))[^@]*$", re.DOTALL)


def redacted(url: str) -> str:
    """Return ``url`` with its password hidden.

    >>> redacted("smtp://ada:secret@mail.example.com")
    'smtp://ada:***@mail.example.com'
    """
    return _NO_PORT.sub(r"\1***", _PASSWORD.sub(r"\1***", url))


@dataclass(frozen=True, slots=True)
class Url:
    """``scheme://user:password@host:port/?option=value``, or ``scheme:path?option=value``."""

    scheme: str
    host: str = ""
    port: int = 0
    credentials: Credentials | None = None
    path: str = ""
    options: dict[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> "Url":
        """Raises ConfigError, which shows the URL without its password."""
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


def _credentials(parts: SplitResult) -> Credentials | None:
    if not parts.username:
        return None
    if parts.password is None:
        raise ConfigError(
            "the URL has a user but no password", hint="Write smtp://user:password@host; percent-encode both."
        )
    return Credentials(unquote(parts.username), Secret(unquote(parts.password)))


def _options(text: str, query: str) -> dict[str, str]:
    try:
        return dict(parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query)))
    except ValueError:
        raise ConfigError(
            f"the options of {redacted(text)!r} cannot be read", hint="Write ?name=value&name=value."
        ) from None


def _without_secrets(error: ValueError) -> str:
    # urllib puts a bad port into its message, and with an unencoded "/" or "#" the "port" is a piece of the password.
    return "the port is not a number" if "port" in str(error).lower() else "it is not well formed"
