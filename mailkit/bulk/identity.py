"""What makes a recipient's message theirs, and the same on every attempt and machine: Message-ID, date, return path, and
the link to unsubscribe."""

import hashlib
import hmac
from base64 import b32encode
from dataclasses import replace
from datetime import UTC, datetime

from mailkit.bulk.offer import Unsubscribe
from mailkit.bulk.state import Entry
from mailkit.errors import ConfigError, MessageError
from mailkit.message import Address, Field, Message, MessageBuilder

__all__ = ["Identity"]

_PLACE = "{token}"


class Identity:
    """Makes tokens of a campaign's secret: nobody can guess one, and none gives away who it stands for."""

    def __init__(self, secret: bytes, *, return_path: str = "", unsubscribe: Unsubscribe | None = None) -> None:
        self._keyed = hmac.new(secret, b"recipient\0", hashlib.sha256)
        # Not the same as in the Message-ID, which whoever sees an answer or an archive can read.
        self._keyed_link = hmac.new(secret, b"unsubscribe\0", hashlib.sha256)
        self._return_path = return_path
        self._unsubscribe = unsubscribe

    @staticmethod
    def check(return_path: str) -> None:
        """Raise ConfigError for a return path that is no address."""
        if return_path:
            try:
                Address.parse(return_path.replace(_PLACE, "a" * 26))
            except MessageError as error:
                raise ConfigError(
                    f"return path: {error}", hint="Write bounces@example.com, or bounces+{token}@example.com."
                ) from None

    def token(self, key: str) -> str:
        """Return 26 small letters and digits (130 bits) that stand for an address key, and survive any server."""
        return _token(self._keyed, key)

    def link_token(self, key: str) -> str:
        """Return such a token for the link to unsubscribe."""
        return _token(self._keyed_link, key)

    def values(self, entry: Entry) -> dict[str, str]:
        """Return the template's variables that are the recipient's own."""
        if self._unsubscribe is None or not self._unsubscribe.url:
            return {}
        return {"unsubscribe_url": self._unsubscribe.link(self.link_token(entry.key))}

    def given(self, builder: MessageBuilder, entry: Entry) -> Message:
        """Return the message with what is the recipient's own: from these also its boundaries are derived."""
        if self._unsubscribe is not None:
            builder = self._unsubscribe.added(builder, self.link_token(entry.key))
        message = builder.build()
        token = self.token(entry.key)
        headers = message.headers.with_field(Field("Message-ID", f"<{token}@{message.from_[0].ascii_domain}>"))
        if entry.first_attempt_at:
            headers = headers.with_field(Field("Date", _moment(entry.first_attempt_at)))
        if not self._return_path:
            return replace(message, headers=headers)
        return replace(message, headers=headers, return_path=Address.parse(self._return_path.replace(_PLACE, token)))


def _token(keyed: "hmac.HMAC", key: str) -> str:
    own = keyed.copy()
    own.update(key.encode())
    return b32encode(own.digest())[:26].decode().lower()


def _moment(seconds: float) -> datetime:
    # In UTC: another machine, or another time of year, must not write it otherwise.
    return datetime.fromtimestamp(int(seconds), UTC)
