"""Tables as text: CSV and TSV."""

import csv
import re
from collections.abc import Iterator
from itertools import chain
from typing import BinaryIO

from mailkit.bulk.source.row import Row, from_cells, header
from mailkit.bulk.source.text import decoded, lines
from mailkit.errors import RecipientsError

__all__ = ["rows"]

_DELIMITERS = ",;\t|"
_MAX_CELL = 10_000_000  # Python's own limit of 131,072 characters is less than one embedded page
_MAX_HEADER = 100  # lines; a stray quotation mark must not take the whole file for the header
_SEPARATOR = re.compile(r'"?sep=([^"\r\n])"?\s*')  # Excel's own first line: which delimiter follows


def rows(file: BinaryIO, *, name: str, encoding: str, delimiter: str) -> Iterator[Row]:
    """Read a table whose first line names the columns. Without a ``delimiter`` that line decides."""
    with decoded(file, name=name, encoding=encoding) as text:
        source = lines(text, name=name)
        skipped, first = next(((number, line) for number, line in enumerate(source) if line.strip()), (0, ""))
        if told := _SEPARATOR.fullmatch(first):
            delimiter = delimiter or told[1]
            skipped, first = skipped + 1, next(source, "")
        head = _whole(first, source)
        delimiter = delimiter or max(_DELIMITERS, key=_outside_quotes("".join(head)).count)
        yield from _parsed(chain(head, source), name=name, skipped=skipped, delimiter=delimiter)


def _parsed(source: Iterator[str], *, name: str, skipped: int, delimiter: str) -> Iterator[Row]:
    if csv.field_size_limit() < _MAX_CELL:  # there is one for the whole process, and an application's own may be higher
        csv.field_size_limit(_MAX_CELL)
    reader = csv.reader(source, delimiter=delimiter, strict=True)
    last = 0
    try:
        names = header(next(reader, []), name=name, line=skipped + 1)
        last = reader.line_num
        for record in reader:
            line, last = skipped + last + 1, reader.line_num
            cells = [cell.strip() for cell in record]
            if any("\0" in cell for cell in cells):
                yield Row(line, problem="there is a NUL byte in it")
            elif any(cells):
                yield from_cells(line, names, cells)
    except csv.Error as error:
        raise RecipientsError(
            f"the file is no well-formed CSV: in the row that begins here, {error}",
            source=name,
            line=skipped + last + 1,
            hint="Is a quotation mark missing, or one inside a cell not doubled?",
        ) from None


def _whole(first: str, rest: Iterator[str]) -> list[str]:
    """The lines of the header: a quoted name may have line breaks in it."""
    found = [first]
    quotes = first.count('"')
    while quotes % 2 and len(found) < _MAX_HEADER and (line := next(rest, "")):
        found.append(line)
        quotes += line.count('"')
    return found


def _outside_quotes(line: str) -> str:
    return re.sub(r'"[^"]*"?', "", line)
