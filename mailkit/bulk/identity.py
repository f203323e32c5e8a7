"""What makes a recipient's message the same on every attempt and machine: its Message-ID, date, and return path."""

import hashlib
import hmac
from base64 import b32encode
from dataclasses import replace
from datetime import UTC, datetime

from mailkit.bulk.state import Entry
from mailkit.errors import ConfigError, MessageError
from mailkit.message import Address, Field, Message

__all__ = ["Identity"]

_PLACE = "{token}"


class Identity:
    """Makes tokens of a campaign's secret: nobody can guess one, and none gives away who it stands for."""

    def __init__(self, secret: bytes, *, return_path: str = "") -> None:
        self._keyed = hmac.new(secret, b"recipient\0", hashlib.sha256)
        self._return_path = return_path

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
        keyed = self._keyed.copy()
        keyed.update(key.encode())
        return b32encode(keyed.digest())[:26].decode().lower()

    def given(self, message: Message, entry: Entry) -> Message:
        """Return the message with what is the recipient's own: from these also its boundaries are derived."""
        token = self.token(entry.key)
        headers = message.headers.with_field(Field("Message-ID", f"<{token}@{message.from_[0].ascii_domain}>"))
        if entry.first_attempt_at:
            headers = headers.with_field(Field("Date", _moment(entry.first_attempt_at)))
        if not self._return_path:
            return replace(message, headers=headers)
        return replace(message, headers=headers, return_path=Address.parse(self._return_path.replace(_PLACE, token)))


def _moment(seconds: float) -> datetime:
    # In UTC: another machine, or another time of year, must not write it otherwise.
    return datetime.fromtimestamp(int(seconds), UTC)
