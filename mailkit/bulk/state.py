"""The states of a recipient in a campaign, and what goes into and comes out of the journal."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

__all__ = ["Entry", "InDoubt", "Result", "State"]


class State(StrEnum):
    """Where a recipient is. The first three, and ``deferred``, are on their way to one of the others."""

    PENDING = "pending"
    CLAIMED = "claimed"
    DOT = "dot"
    SENT = "sent"
    DEFERRED = "deferred"
    FAILED = "failed"
    SKIPPED = "skipped"
    SUPPRESSED = "suppressed"
    EXPIRED = "expired"
    IN_DOUBT = "in_doubt"

    @property
    def is_final(self) -> bool:
        """Whether nothing more is done by itself."""
        return self not in (State.PENDING, State.CLAIMED, State.DOT, State.DEFERRED)


class InDoubt(StrEnum):
    """What becomes of a message of which nobody can know whether it has arrived (RFC 1047)."""

    HOLD = "hold"
    """It is left alone, and told; ``mailkit journal resolve`` decides."""
    ASSUME_SENT = "assume-sent"
    """It counts as sent, which it nearly always is."""
    RESEND = "resend"
    """It is sent again, the same to the byte: where a second copy is better than none."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A recipient as the journal hands it out."""

    key: str
    line: int
    data: dict[str, Any]
    id: int = 0
    epoch: int = 0
    """Counts the claims: what was claimed before has no say any more."""
    attempts: int = 0
    first_attempt_at: float = 0.0
    """When it was claimed for the first time; a message bears that date on every attempt."""
    has_copies: bool = False
    """Whether those in Cc and Bcc have it already."""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of an entry."""

    key: str
    state: State
    code: int = 0
    enhanced: str = ""
    text: str = ""
    relay: str = ""
    queue_id: str = ""
    message_id: str = ""
    attempts: int = 0
    """In the journal: how often it has been tried. From a run: how many attempts this adds."""
    next_attempt_at: float = 0.0
    updated_at: float = 0.0
    has_copies: bool = False
    """Whether those in Cc and Bcc have got it in this attempt."""
