"""What a check found: values that are the same for every check, the page and the command line."""

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Finding", "Severity", "Where"]


class Severity(StrEnum):
    """How much it matters to who gets the mail."""

    ERROR = "error"
    """It is broken: readers see it, or servers refuse it."""
    WARNING = "warning"
    """It costs readers, or trust of filters."""
    NOTE = "note"
    """Good to know; it may be meant."""


class Where(StrEnum):
    """In which part of the message a line is counted."""

    MESSAGE = "message"
    HEADERS = "headers"
    TEXT = "text"
    HTML = "html"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a check found. ``line`` counts from 1 within the part named by ``where``; 0 says that it has none."""

    rule: str
    severity: Severity
    title: str
    detail: str = ""
    hint: str = ""
    where: Where = Where.MESSAGE
    line: int = 0

    def facts(self) -> dict[str, object]:
        """Return it as plain values, ready for JSON."""
        return {
            "rule": self.rule,
            "severity": str(self.severity),
            "title": self.title,
            "detail": self.detail,
            "hint": self.hint,
            "where": str(self.where),
            "line": self.line,
        }
