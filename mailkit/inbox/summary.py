"""What a list shows of a caught message: all that is said without reading the message again."""

from dataclasses import dataclass
from datetime import datetime

__all__ = ["Summary"]


@dataclass(frozen=True, slots=True)
class Summary:
    """A caught message in a list."""

    id: int
    at: datetime
    inbox: str
    sender: str
    recipients: tuple[str, ...]
    size: int
    from_: str = ""
    to: str = ""
    subject: str = ""
    snippet: str = ""
    """How its text begins."""
    attachments: int = 0
    warnings: int = 0
    is_unread: bool = True
    tags: tuple[str, ...] = ()
    count: int = 1
    """How many messages this stands for: those of a batch, of which it is the newest."""

    def facts(self) -> dict[str, object]:
        """Return it for JSON."""
        return {
            "id": self.id,
            "at": self.at.isoformat(),
            "inbox": self.inbox,
            "sender": self.sender,
            "recipients": list(self.recipients),
            "from": self.from_,
            "to": self.to,
            "subject": self.subject,
            "snippet": self.snippet,
            "size": self.size,
            "attachments": self.attachments,
            "warnings": self.warnings,
            "unread": self.is_unread,
            "tags": list(self.tags),
            "count": self.count,
        }
