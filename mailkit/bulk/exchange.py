"""Lists of suppressed addresses in and out, as CSV."""

import csv
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TextIO

from mailkit.bulk.recipients import Recipients, Row
from mailkit.bulk.suppression import Reason, Suppression, Suppressions, made
from mailkit.errors import RecipientsError, SuppressionError

__all__ = ["Imported", "export_csv", "import_csv", "moment"]

_COLUMNS = ("address", "reason", "source", "time", "expires")
_SHOWN = 1_000  # problems kept in memory
_CHUNK = 500  # rows in one transaction


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a file: how many rows were taken, how many were not, and (line, problem) of at most 1,000 of those."""

    taken: int
    bad: int
    problems: tuple[tuple[int, str], ...] = ()


def import_csv(suppressions: Suppressions, source: Recipients, *, reason: Reason | str = Reason.MANUAL) -> Imported:
    """Add the rows of a CSV file with a column ``address`` (or ``email``), and perhaps the others that an export has.

    ``reason`` is for rows that give none. A row that cannot be used is told by its line and does not stop the others.
    Raises RecipientsError for a file that cannot be read, and SuppressionError.
    """
    taken = bad = 0
    problems: list[tuple[int, str]] = []
    rows = source.rows()
    while chunk := list(islice(rows, _CHUNK)):
        good: list[Suppression] = []
        for row in chunk:
            try:
                good.append(_entry(row, source, reason))
            except SuppressionError as error:
                bad += 1
                if len(problems) < _SHOWN:
                    problems.append((row.line, str(error)))
        suppressions.add_all(good)
        taken += len(good)
    return Imported(taken, bad, tuple(problems))


def export_csv(suppressions: Suppressions, file: TextIO) -> int:
    """Write what is in force to a text file, as :func:`import_csv` reads it. Returns the number of rows."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(_COLUMNS)
    count = 0
    for entry in suppressions:
        writer.writerow([entry.address, entry.reason, entry.source, entry.at.isoformat(), _told(entry.expires)])
        count += 1
    return count


def _entry(row: Row, source: Recipients, reason: Reason | str) -> Suppression:
    if row.problem:
        raise SuppressionError(row.problem)
    cells = {name.lower(): str(value or "").strip() for name, value in row.data.items()}
    column = next((name for name in ("address", "email") if name in cells), None)
    if column is None:
        raise RecipientsError(
            "there is no column 'address'",
            source=source.name,
            line=1,
            hint=f"The first line names the columns: {','.join(_COLUMNS)}. Only the first is needed.",
        )
    at, expires = (_moment(cells.get(name, ""), name) for name in ("time", "expires"))
    return made(
        cells[column], cells.get("reason", "").lower() or reason, source=cells.get("source", ""), at=at, expires=expires
    )


def _moment(text: str, column: str) -> datetime | None:
    return moment(text, field=column) if text else None


def moment(text: str, *, field: str) -> datetime:
    """Read a date or a time; one without an offset is in UTC. Raises SuppressionError."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise SuppressionError(
            f"{field}: {text!r} is no date", hint="Write it as 2027-01-31, or 2027-01-31T12:00:00+01:00."
        ) from None


def _told(expires: datetime | None) -> str:
    return expires.isoformat() if expires else ""
