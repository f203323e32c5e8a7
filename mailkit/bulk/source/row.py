"""A row of a list, and how the columns of a header and the members of an object become one."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mailkit.errors import RecipientsError

__all__ = ["Row", "from_cells", "from_json", "from_mapping", "header", "is_blank"]

# A second byte order mark, left where files were joined, and a blank that is none to Python.
_UNSEEN = "\ufeff\u200b"


@dataclass(frozen=True, slots=True)
class Row:
    """One row. ``line`` counts from 1; ``problem`` says why it cannot be used, and is empty for a good one.

    In a text file ``line`` is the line on which the row begins, in a workbook the number of the row; in an array, a
    query and an iterable the first one is 1.
    """

    line: int
    data: dict[str, Any] = field(default_factory=dict)
    problem: str = ""


def header(cells: Iterable[object], *, name: str, line: int) -> list[str]:
    """Return the names of the columns, trimmed. Raises RecipientsError when they can be none."""
    names = ["" if cell is None else _trimmed(str(cell)) for cell in cells]
    if not any(names):
        raise RecipientsError(
            "the first line has no column names" if names else "the file is empty",
            source=name,
            line=line if names else 0,
            hint="The first line names the columns, such as: email,name,city",
        )
    if any("@" in column for column in names):
        raise RecipientsError(
            "the first line looks like data: it holds an address where a column name should be",
            source=name,
            line=line,
            hint="Add a first line that names the columns, such as: email,name,city",
        )
    if any("\0" in column for column in names):
        raise RecipientsError(
            "the first line holds NUL bytes: this is no text in the encoding that was given",
            source=name,
            line=line,
            hint="UTF-16 without a byte order mark needs --encoding utf-16-le.",
        )
    while not names[-1]:
        names.pop()
    seen: set[str] = set()
    for number, column in enumerate(names, start=1):
        if not column or column in seen:
            problem = f"two columns are called {column!r}" if column else f"column {number} has no name"
            raise RecipientsError(problem, source=name, line=line, hint="Give each column a name of its own.")
        seen.add(column)
    return names


def is_blank(cell: object) -> bool:
    """Whether there is nothing in a cell, or nothing but blanks."""
    return cell is None or (isinstance(cell, str) and not cell.strip())


def _trimmed(name: str) -> str:
    return name.strip().strip(_UNSEEN).strip()


def from_cells(line: int, names: Sequence[str], cells: Sequence[Any], *, is_padded: bool = False) -> Row:
    """Make a row of cells. With ``is_padded`` the cells missing at its end are empty ones: a workbook leaves them out."""
    count = len(cells)
    while count > len(names) and cells[count - 1] in ("", None):
        count -= 1  # spreadsheets write empty cells behind the table
    if is_padded and count < len(names):
        cells = [*cells, *[""] * (len(names) - count)]
        count = len(names)
    if count != len(names):
        return Row(line, problem=f"the row has {count} cells where the header has {len(names)}")
    return Row(line, dict(zip(names, cells, strict=False)))


def from_mapping(line: int, value: object) -> Row | None:
    """Make a row of an object, or None of one in which there is nothing."""
    if not isinstance(value, Mapping):
        return Row(line, problem=f"a row must be a mapping, not {type(value).__name__}")
    if all(is_blank(cell) for cell in value.values()):
        return None
    data: dict[str, Any] = {}
    for name, cell in value.items():
        if not isinstance(name, str):  # csv.DictReader puts the cells that are too many under None
            return Row(line, problem=f"the name of a column must be text, not {name!r:.40}")
        data[_trimmed(name)] = cell
    if len(data) != len(value):
        return Row(line, problem="two of the names differ only by the blanks around them")
    return Row(line, data)


def from_json(line: int, value: object, *, has_escapes: bool) -> Row | None:
    """As :func:`from_mapping`, for what only escapes in JSON can make and nothing can write again: half a character."""
    if not isinstance(value, dict):
        return Row(line, problem=f"a row must be an object, not {json.dumps(value)[:40]}")
    if has_escapes:
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            return Row(line, problem="there is half a character (a lone surrogate) in it")
    return from_mapping(line, value)
