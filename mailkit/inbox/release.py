"""Handing a caught message on to a real relay: off unless it is configured, and only to those who are allowed."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from mailkit.delivery import Mailer, Receipt
from mailkit.errors import ConfigError
from mailkit.inbox.caught import Caught
from mailkit.message import Address, Envelope

__all__ = ["Release"]


@dataclass(frozen=True, slots=True)
class Release:
    """Where released messages go (``url``, a transport's), and to whom they may: addresses, or patterns such as ``*@example.com``."""

    url: str = field(repr=False)
    allowed: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.allowed:
            raise ConfigError(
                "nobody may get what is released", hint="Say who may: one's own address, or *@example.com for a domain."
            )

    def may(self, recipient: str) -> bool:
        """Whether a message may be released to somebody."""
        return any(
            re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), recipient, re.IGNORECASE)
            for pattern in self.allowed
        )

    def send(self, caught: Caught, recipients: Iterable[str] = ()) -> Receipt:
        """Send a message on, to the byte, to these ``recipients`` or to its own.

        Raises ConfigError for somebody who is not allowed, and what :meth:`mailkit.Mailer.send` raises.
        """
        people = [one.strip() for one in recipients] or list(caught.recipients)
        if refused := [one for one in people if not self.may(one)]:
            raise ConfigError(
                f"{', '.join(refused)} may not get what is released",
                hint=f"Allowed: {', '.join(self.allowed)}.",
            )
        envelope = Envelope(Address.parse(caught.sender) if caught.sender else None, people)
        with Mailer(self.url) as mailer:
            return mailer.send(caught.message, envelope=envelope)
