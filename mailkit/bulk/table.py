"""The recipients of a campaign as a table: one row each, for programs and for spreadsheets."""

import csv
import json
import re
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from typing import TextIO

from mailkit.bulk.journal import Line

__all__ = ["COLUMNS", "row_of", "write_csv", "write_jsonl"]

COLUMNS = (
    "recipient",
    "line",
    "state",
    "code",
    "enhanced",
    "text",
    "attempts",
    "message_id",
    "relay",
    "queue_id",
    "next_attempt_at",
    "updated_at",
)
_FACTS = COLUMNS[3:10]

# What a spreadsheet would take for a formula, at the beginning of a cell; and of a part of one, because where people write
# decimals with a comma a spreadsheet cuts the line at each semicolon.
_FORMULA = re.compile(r"^(?=[\t\r\n\0])|(?:^|(?<=;))(?=\s*[=+\-@＝＋－＠])")
# A recipient is one line of the file, and not every csv reader can take a NUL.
_ONE_LINE = str.maketrans({"\r": " ", "\n": " ", "\0": "�"})


def row_of(one: Line) -> dict[str, object]:
    """Return what the journal knows of a recipient, by column; times are local, with their offset."""
    result = one.result
    moments = {
        "next_attempt_at": _told(int(result.next_attempt_at)),
        "updated_at": _told(int(result.updated_at)),
    }
    facts = {name: getattr(result, name) for name in _FACTS}
    return {"recipient": result.key, "line": one.line, "state": str(result.state), **facts, **moments}


def write_csv(lines: Iterable[Line], file: TextIO) -> None:
    """Write a heading and a row for each recipient.

    Text that a server or the list has supplied cannot become a formula: such a cell begins with an apostrophe (OWASP, CSV
    injection). Line breaks in it become spaces.
    """
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    for one in lines:
        writer.writerow([_cell(value) for value in row_of(one).values()])


def write_jsonl(lines: Iterable[Line], file: TextIO) -> None:
    """Write an object in a line of its own for each recipient, everything as it is."""
    file.writelines(json.dumps(row_of(one), ensure_ascii=False) + "\n" for one in lines)


def _cell(value: object) -> object:
    if not isinstance(value, str) or (value[:1].isalnum() and ";" not in value and value.isprintable()):
        return value
    return _FORMULA.sub("'", value).translate(_ONE_LINE)


@lru_cache(maxsize=1_024)
def _told(second: int) -> str:
    # Many recipients are done in one second, and the offset from UTC is dear to ask for.
    return datetime.fromtimestamp(second).astimezone().isoformat() if second else ""
