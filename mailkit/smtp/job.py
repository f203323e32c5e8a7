"""One message for a session to deliver."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mailkit.smtp.content import BLOCK, Content
from mailkit.smtp.dsn import DsnRequest

__all__ = ["Job"]

# RCPTs that are said without reading the replies in between: they must find room in the buffers on the way.
_RECIPIENTS = 50


@dataclass(slots=True)
class Job:
    """A message with its envelope, as the wire has them. ``key`` is the giver's own; it comes back with the answers."""

    sender: str
    """Empty for the null return path."""
    recipients: Sequence[str]
    content: Content
    dsn: DsnRequest | None = None
    requires_tls: bool = False
    """Whether no relay may hand the message on without TLS (RFC 8689)."""
    key: Any = None
    origin: Mapping[str, str] | None = None
    """What the message was made from, for a server that asks for it: a development inbox."""

    @property
    def is_light(self) -> bool:
        """Whether it is small enough to be sent in one piece, while other messages are under way."""
        content, pieces = self.content, self.content.pieces
        if len(pieces) == 1 and type(pieces[0]) is bytes:  # nearly always
            return content.size <= BLOCK and len(self.recipients) <= _RECIPIENTS
        return content.size <= BLOCK and len(self.recipients) <= _RECIPIENTS and all(type(p) is bytes for p in pieces)
