"""What a campaign offers to those who want no more of it."""

from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from mailkit.errors import ConfigError, MessageError
from mailkit.message import MessageBuilder

__all__ = ["Unsubscribe"]

_PLACE = "{token}"
_EXAMPLE = "a" * 32


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """How a recipient leaves: by ``url``, where :func:`mailkit.bulk.unsubscribe.app` answers, by mail to ``mailto``, or both.

    Each recipient has a link of their own: ``{token}`` in either is replaced, and a ``url`` without it has the token as
    its last part. ``title`` is what the page calls the list. Raises ConfigError for a URL that is not https, which one
    click needs (RFC 8058 3.1), unless it is on this machine, to try it; and for what is no URL or address.

    >>> Unsubscribe("https://news.example.com/leave").link("7kq3")
    'https://news.example.com/leave/7kq3'
    """

    url: str = ""
    mailto: str = ""
    title: str = ""

    def __post_init__(self) -> None:
        if not self.url and not self.mailto:
            raise ConfigError("nobody can unsubscribe without a url or a mailto")
        if not self.title.isprintable() or len(self.title) > 200:
            raise ConfigError("the title of a list is at most 200 characters of one line")
        if self.url:
            self._check_url()
        try:
            self.added(MessageBuilder(), _EXAMPLE)
        except MessageError as error:
            raise ConfigError(f"unsubscribe: {error}", hint=error.hint) from None

    def _check_url(self) -> None:
        try:
            parts = urlsplit(self.url.replace(_PLACE, _EXAMPLE))
            host = parts.hostname or ""
        except ValueError:
            parts, host = urlsplit(""), ""
        if not host or parts.fragment or parts.username is not None:
            raise ConfigError(
                f"{self.url!r} is no URL to unsubscribe at", hint="Write https://news.example.com/unsubscribe."
            )
        if parts.scheme != "https" and not (parts.scheme == "http" and _is_here(host)):
            raise ConfigError(
                f"{self.url!r} is not https, which a link to unsubscribe with one click must be",
                hint="http:// is taken for localhost only, to try it.",
            )
        if parts.query and _PLACE not in self.url:
            raise ConfigError(f"{self.url!r} has a query: say where the token goes", hint="Write {token} in its place.")

    @property
    def has_tokens(self) -> bool:
        """Whether recipients have links of their own, which somebody must remember."""
        return bool(self.url) or _PLACE in self.mailto

    def link(self, token: str) -> str:
        """Return the URL of a recipient; empty when there is none."""
        if not self.url or _PLACE in self.url:
            return self.url.replace(_PLACE, token)
        return f"{self.url.rstrip('/')}/{token}"

    def added(self, builder: MessageBuilder, token: str) -> MessageBuilder:
        """Return the builder with the recipient's List-Unsubscribe, in the place of what it said of that."""
        return builder.list_unsubscribe(url=self.link(token), mailto=self.mailto.replace(_PLACE, token))


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
