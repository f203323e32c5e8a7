"""What makes a recipient's message theirs, and the same on every attempt and machine: Message-ID, date, return path, and
the link to unsubscribe."""

import hmac
from datetime import UTC, datetime

from mailkit.bulk.offer import Unsubscribe
from mailkit.bulk.state import Entry
from mailkit.errors import ConfigError, MessageError
from mailkit.message import Address, Field, Headers, Message, MessageBuilder

__all__ = ["Identity"]

_PLACE = "{token}"
_LENGTH = 32  # hexadecimal digits: 128 bits


class Identity:
    """Makes tokens of a campaign's secret: nobody can guess one, and none gives away who it stands for."""

    def __init__(self, secret: bytes, *, return_path: str = "", unsubscribe: Unsubscribe | None = None) -> None:
        self._secret = secret
        self._return_path = return_path
        self._unsubscribe = unsubscribe

    @staticmethod
    def check(return_path: str) -> None:
        """Raise ConfigError for a return path that is no address."""
        if return_path:
            try:
                Address.parse(return_path.replace(_PLACE, "a" * _LENGTH))
            except MessageError as error:
                raise ConfigError(
                    f"return path: {error}", hint="Write bounces@example.com, or bounces+{token}@example.com."
                ) from None

    @property
    def campaign(self) -> str:
        """32 hexadecimal digits that stand for the campaign."""
        return self._token("campaign", "")

    def token(self, key: str) -> str:
        """Return 32 hexadecimal digits that stand for an address key, and survive any server."""
        return self._token("recipient", key)

    def link_token(self, key: str) -> str:
        """Return such a token for the link to unsubscribe."""
        # Not the same as in the Message-ID, which whoever sees an answer or an archive can read.
        return self._token("unsubscribe", key)

    def values(self, entry: Entry) -> dict[str, str]:
        """Return the template's variables that are the recipient's own."""
        if self._unsubscribe is None or not self._unsubscribe.url:
            return {}
        return {"unsubscribe_url": self._unsubscribe.link(self.link_token(entry.key))}

    def given(self, builder: MessageBuilder, entry: Entry) -> Message:
        """Return the message with what is the recipient's own: from these also its boundaries are derived."""
        if self._unsubscribe is not None:
            builder = self._unsubscribe.added(builder, self.link_token(entry.key))
        token = self.token(entry.key)
        if self._return_path:
            builder = builder.return_path(self._return_path.replace(_PLACE, token))
        message = builder.build()
        own = {"message-id": Field("Message-ID", f"<{token}@{message.from_[0].ascii_domain}>")}
        if entry.first_attempt_at:
            own["date"] = Field("Date", _moment(entry.first_attempt_at))
        headers = Headers([own.get(field.key, field) for field in message.headers.fields])
        return Message.made({**vars(message), "headers": headers})

    def _token(self, purpose: str, key: str) -> str:
        return hmac.digest(self._secret, f"{purpose}\0{key}".encode(), "sha256").hex()[:_LENGTH]


def _moment(seconds: float) -> datetime:
    # In UTC: another machine, or another time of year, must not write it otherwise.
    return datetime.fromtimestamp(int(seconds), UTC)
