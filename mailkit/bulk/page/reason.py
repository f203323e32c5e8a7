"""Why some did not get it, gathered for reading: what happened, and at whom."""

from dataclasses import dataclass

from mailkit.bulk.journal import Cause
from mailkit.bulk.page.meaning import meaning_of
from mailkit.bulk.report import Report
from mailkit.bulk.state import State

__all__ = ["Case", "Reason", "Reasons", "reasons_of"]

_CASES = 8  # of one reason; a company's own domain is a case by itself, and a list may have thousands
_NAMED = 3


@dataclass(frozen=True, slots=True)
class Case:
    """Where a reason was given in the same words."""

    groups: tuple[str, ...]
    """The first of the providers."""
    others: int
    """How many more providers these are."""
    text: str
    count: int


@dataclass(frozen=True, slots=True)
class Reason:
    """A state with a code."""

    state: State
    code: str
    meaning: str
    count: int
    cases: tuple[Case, ...]
    rest: int
    """How many recipients are in none of the cases."""


@dataclass(frozen=True, slots=True)
class Reasons:
    """All of them, the most frequent first. ``rest`` counts recipients whose reason was too rare to be in the report."""

    reasons: tuple[Reason, ...]
    rest: int


_WITH_REASON = (State.DEFERRED, State.FAILED, State.EXPIRED, State.IN_DOUBT, State.SKIPPED, State.SUPPRESSED)


def reasons_of(report: Report) -> Reasons:
    """Gather a report's causes by state and code, and within these by what was said."""
    found: dict[tuple[State, int, str], list[Cause]] = {}
    for cause in report.reasons:
        found.setdefault((cause.state, cause.code, cause.enhanced), []).append(cause)
    reasons = sorted((_reason(causes) for causes in found.values()), key=lambda reason: -reason.count)
    counted = sum(report.counts.get(state, 0) for state in _WITH_REASON)
    # The journal may have moved on between two looks at it.
    return Reasons(tuple(reasons), max(counted - sum(reason.count for reason in reasons), 0))


def _reason(causes: list[Cause]) -> Reason:
    first = causes[0]
    said: dict[str, list[Cause]] = {}
    for cause in causes:
        said.setdefault(cause.text, []).append(cause)
    cases = sorted((_case(text, same) for text, same in said.items()), key=lambda case: -case.count)
    return Reason(
        state=first.state,
        code=" ".join(part for part in (str(first.code or ""), first.enhanced) if part),
        meaning=meaning_of(first.state, first.code, first.enhanced),
        count=sum(case.count for case in cases),
        cases=tuple(cases[:_CASES]),
        rest=sum(case.count for case in cases[_CASES:]),
    )


def _case(text: str, causes: list[Cause]) -> Case:
    groups = tuple(cause.group for cause in causes)
    return Case(groups[:_NAMED], len(groups[_NAMED:]), text, sum(cause.count for cause in causes))
