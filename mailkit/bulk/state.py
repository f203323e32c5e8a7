"""The states of a recipient in a campaign, and what goes into and comes out of the journal."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

__all__ = ["Entry", "Result", "State"]


class State(StrEnum):
    """Where a recipient is. All but the first three are ends; ``deferred`` is tried again by a later run."""

    PENDING = "pending"
    CLAIMED = "claimed"
    DOT = "dot"
    SENT = "sent"
    DEFERRED = "deferred"
    FAILED = "failed"
    SKIPPED = "skipped"
    SUPPRESSED = "suppressed"
    EXPIRED = "expired"
    IN_DOUBT = "in doubt"


@dataclass(frozen=True, slots=True)
class Entry:
    """A recipient as the journal hands it out."""

    key: str
    line: int
    data: dict[str, Any]


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
