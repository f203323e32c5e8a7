"""What became of a campaign, to read and to act on."""

from dataclasses import dataclass, field
from itertools import islice

from mailkit.bulk.journal import Cause, Journal
from mailkit.bulk.state import Result, State
from mailkit.template import Statistics

__all__ = ["SHOWN", "BadRow", "Report", "report_on"]

SHOWN = 1_000  # rows kept in memory; the journal has them all
_REASONS = 100
_PROBLEMS = (State.IN_DOUBT, State.FAILED, State.SKIPPED, State.EXPIRED, State.DEFERRED)


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that was not sent. ``kind`` is ``invalid`` or ``duplicate``."""

    line: int
    kind: str
    problem: str


@dataclass(frozen=True, slots=True)
class Report:
    """The state of a campaign after a run. ``problems`` and ``bad_rows`` hold at most 1,000 each, in order of lines."""

    name: str
    counts: dict[State, int] = field(default_factory=dict)
    invalid: int = 0
    duplicates: int = 0
    bad_rows: tuple[BadRow, ...] = ()
    problems: tuple[tuple[int, Result], ...] = ()
    """Recipients that did not get the message, or perhaps did not: (line, result)."""
    sent_in_run: int = 0
    seconds: float = 0.0
    is_dry_run: bool = False
    is_interrupted: bool = False
    ready: int = 0
    """Dry runs only: the messages that were composed without a fault."""
    sample: str = ""
    """Dry runs only: the first message, as text."""
    samples: tuple[str, ...] = ()
    """Dry runs only: the files into which messages were written to look at."""
    paused: str = ""
    """Why the campaign is paused; empty when it is not."""
    reasons: tuple[Cause, ...] = ()
    """Why recipients did not get it, the most frequent first, at most 100."""
    next_attempt_at: float | None = None
    """When the first of those who wait is tried again, in seconds since 1970."""
    unpublished: str = ""
    """Why the file that the campaign wanted of this could not be written; empty when it was, or none was wanted."""
    skeletons: Statistics = field(default_factory=Statistics)
    """How often the run inlined CSS and made text, and how often that was shared."""

    @property
    def sent(self) -> int:
        return self.counts.get(State.SENT, 0)

    @property
    def failed(self) -> int:
        """Refused for good, not to be composed, or put off for too long."""
        return sum(self.counts.get(state, 0) for state in (State.FAILED, State.SKIPPED, State.EXPIRED))

    @property
    def suppressed(self) -> int:
        return self.counts.get(State.SUPPRESSED, 0)

    @property
    def deferred(self) -> int:
        return self.counts.get(State.DEFERRED, 0)

    @property
    def pending(self) -> int:
        return sum(self.counts.get(state, 0) for state in (State.PENDING, State.CLAIMED, State.DOT))

    @property
    def in_doubt(self) -> int:
        return self.counts.get(State.IN_DOUBT, 0)

    @property
    def exit_code(self) -> int:
        """0 all well, 1 some mail not delivered, a bad row, or no report's file, 3 some in doubt. Duplicates are well: they
        have it once; and so are the suppressed: they want none."""
        if self.in_doubt:
            return 3
        # After a dry run everything is pending, as it should be.
        waiting = 0 if self.is_dry_run else self.pending
        return 1 if self.failed or self.deferred or self.invalid or self.unpublished or waiting else 0

    def as_dict(self) -> dict[str, object]:
        """Return the report as plain data, for JSON."""
        return {
            "campaign": self.name,
            "sent": self.sent,
            "sent_in_run": self.sent_in_run,
            "deferred": self.deferred,
            "failed": self.failed,
            "suppressed": self.suppressed,
            "in_doubt": self.in_doubt,
            "pending": self.pending,
            "invalid": self.invalid,
            "duplicates": self.duplicates,
            "seconds": round(self.seconds, 3),
            "dry_run": self.is_dry_run,
            "ready": self.ready,
            "interrupted": self.is_interrupted,
            "paused": self.paused,
            "unpublished": self.unpublished,
            "states": {str(state): self.counts.get(state, 0) for state in State},
            "samples": list(self.samples),
            "next_attempt_at": self.next_attempt_at,
            "skeletons": self.skeletons.skeletons,
            "hits": self.skeletons.hits,
            "fallbacks": self.skeletons.fallbacks,
            "exit_code": self.exit_code,
            "bad_rows": [{"line": row.line, "kind": row.kind, "problem": row.problem} for row in self.bad_rows],
            "reasons": [
                {
                    "state": str(reason.state),
                    "code": reason.code,
                    "enhanced": reason.enhanced,
                    "group": reason.group,
                    "text": reason.text,
                    "count": reason.count,
                }
                for reason in self.reasons
            ],
            "problems": [
                {
                    "line": line,
                    "recipient": result.key,
                    "state": str(result.state),
                    "code": result.code,
                    "enhanced": result.enhanced,
                    "text": result.text,
                    "attempts": result.attempts,
                }
                for line, result in self.problems
            ],
        }


def report_on(journal: Journal, **run: object) -> Report:
    """Make the report from what the journal knows; ``run`` adds what only the run knows."""
    account = journal.account
    rows, kinds = account.bad_rows(limit=SHOWN)
    counts = account.counts()
    told = [state for state in _PROBLEMS if counts.get(state)]
    problems = [(one.line, one.result) for one in islice(account.lines(told), SHOWN)] if told else []
    return Report(
        name=journal.name,
        counts=counts,
        invalid=kinds.get("invalid", 0),
        duplicates=kinds.get("duplicate", 0),
        bad_rows=tuple(BadRow(*row) for row in rows),
        problems=tuple(problems),
        reasons=tuple(account.reasons(limit=_REASONS)) if told or counts.get(State.SUPPRESSED) else (),
        next_attempt_at=account.next_time() if counts.get(State.DEFERRED) else None,
        **run,  # type: ignore[arg-type]
    )
