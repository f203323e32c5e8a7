"""What became of a message, for one recipient."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from mailkit.errors import MailkitError
from mailkit.message import Address

__all__ = ["Outcome", "Status", "failed"]


class Status(StrEnum):
    """The four ends of an attempt. Only ``deferred`` is ever tried again by itself."""

    ACCEPTED = "accepted"
    DEFERRED = "deferred"
    REFUSED = "refused"
    IN_DOUBT = "in doubt"
    """The end of data may have gone out, and no reply came: nobody can know (RFC 1047)."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One recipient's outcome, with what the relay said about it.

    ``command`` is what the relay answered (``RCPT``, ``end of data`` …), ``attempts`` how often it was tried.
    """

    recipient: Address
    status: Status
    code: int = 0
    enhanced: str = ""
    text: str = ""
    queue_id: str = ""
    relay: str = ""
    command: str = ""
    attempts: int = 1

    def __str__(self) -> str:
        said = " ".join(part for part in (str(self.code or ""), self.enhanced, self.text) if part)
        return f"{self.recipient.email}: {self.status}" + (f" ({said})" if said else "")


def failed(recipients: Iterable[Address], error: MailkitError, *, relay: str = "") -> tuple[Outcome, ...]:
    """Return what an error means for recipients about whom the transport could say nothing else."""
    status = Status.DEFERRED if error.is_temporary else Status.REFUSED
    reply = getattr(error, "reply", None)
    return tuple(
        Outcome(
            recipient,
            status,
            code=reply.code if reply else 0,
            enhanced=reply.enhanced if reply else "",
            text=reply.text if reply else str(error),
            relay=relay,
            command=getattr(error, "command", "connect"),
        )
        for recipient in recipients
    )
