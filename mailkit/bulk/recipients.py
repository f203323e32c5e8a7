"""Lists of recipients, streamed: rows of a CSV file, or any iterable of mappings.

A row that cannot be used is reported by its line and never sent; it does not stop the others. A list that cannot be
read at all (no header, not UTF-8) is an error before anything is sent.
"""

import codecs
import csv
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from os import PathLike, fspath
from pathlib import Path
from typing import Any, TypeAlias

from mailkit.errors import ConfigError, RecipientsError

__all__ = ["Recipients", "Row", "Source"]

Source: TypeAlias = str | PathLike[str] | Iterable[Mapping[str, Any]]
"""A path to a CSV file, or rows as mappings from column to value."""

_DELIMITERS = ",;\t|"
_MAX_CELL = 10_000_000  # Python's own limit of 131,072 characters is less than one embedded page
_BOMS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_NOT_WORD = re.compile(r"\W+")


@dataclass(frozen=True, slots=True)
class Row:
    """One row. ``line`` counts from 1; ``problem`` says why it cannot be used, and is empty for a good one."""

    line: int
    data: dict[str, Any] = field(default_factory=dict)
    problem: str = ""


class Recipients:
    """A list of recipients, which can be gone through once or more (an iterator only once).

    The encoding is found by its byte order mark and is otherwise ``encoding``, the delimiter is found in the header.
    Column names are trimmed, blank rows skipped. Raises RecipientsError.
    """

    def __init__(self, source: Source, *, encoding: str = "utf-8", delimiter: str = "") -> None:
        if delimiter and (len(delimiter) > 1 or delimiter in '\r\n"'):
            raise ConfigError(f"{delimiter!r} is no delimiter", hint="Give one character, such as ';' or a tab.")
        self._source = source
        self._encoding = encoding
        self._delimiter = delimiter
        self.path = Path(fspath(source)) if isinstance(source, str | PathLike) else None
        self.name = str(self.path) if self.path else "recipients"

    def rows(self) -> Iterator[Row]:
        """Go through the rows, good and bad."""
        if self.path is None:
            assert not isinstance(self._source, str | PathLike)
            yield from _mapped(self._source)
        else:
            yield from self._csv(self.path)

    def fingerprint(self) -> str:
        """Return a digest of the file's content; empty for a list that is no file."""
        if self.path is None:
            return ""
        digest = hashlib.sha256()
        with self._opened(self.path) as file:
            while block := file.read(1_048_576):
                digest.update(block)
        return digest.hexdigest()

    def _opened(self, path: Path):  # type: ignore[no-untyped-def]
        try:
            return path.open("rb")
        except FileNotFoundError:
            hint = f"The path is relative to {Path.cwd()}." if not path.is_absolute() else ""
            raise RecipientsError("there is no such file", source=self.name, hint=hint) from None
        except OSError as error:
            raise RecipientsError(f"cannot be read: {error.strerror or error}", source=self.name) from None

    def _csv(self, path: Path) -> Iterator[Row]:
        with self._opened(path) as file:
            start = file.read(4)
        encoding = next((name for bom, name in _BOMS.items() if start.startswith(bom)), self._encoding)
        csv.field_size_limit(_MAX_CELL)
        try:
            with path.open(encoding=encoding, newline="") as text:
                yield from self._parsed(text)
        except UnicodeDecodeError as error:
            raise RecipientsError(
                f"the file is not {encoding.upper()} (byte {error.object[error.start]:#04x})",
                source=self.name,
                line=_line_of_fault(path, encoding),
                hint="Save it as 'CSV UTF-8', or say which encoding it has: --encoding cp1252.",
            ) from None
        except (LookupError, ValueError):
            raise RecipientsError(f"there is no encoding {encoding!r}", source=self.name) from None

    def _parsed(self, text: Iterable[str]) -> Iterator[Row]:
        lines = iter(text)
        skipped, first = next(((number, line) for number, line in enumerate(lines) if line.strip()), (0, ""))
        delimiter = self._delimiter or max(_DELIMITERS, key=_outside_quotes(first).count)
        reader = csv.reader(_chained(first, lines), delimiter=delimiter, strict=True)
        try:
            header = self._header(next(reader, []), skipped + 1)
            last = reader.line_num
            for cells in reader:
                line, last = skipped + last + 1, reader.line_num
                if any(cell.strip() for cell in cells):
                    yield _row(line, header, cells)
        except csv.Error as error:
            raise RecipientsError(
                f"the file is no well-formed CSV: {error}",
                source=self.name,
                line=skipped + reader.line_num,
                hint="Is a quotation mark missing, or one inside a cell not doubled?",
            ) from None

    def _header(self, cells: list[str], line: int) -> list[str]:
        names = [cell.strip() for cell in cells]
        if not any(names):
            raise RecipientsError(
                "the file is empty" if not cells else "the first line has no column names",
                source=self.name,
                line=line if cells else 0,
                hint="The first line names the columns, such as: email,name,city",
            )
        if any("@" in name for name in names):
            raise RecipientsError(
                "the first line looks like data: it holds an address where a column name should be",
                source=self.name,
                line=line,
                hint="Add a first line that names the columns, such as: email,name,city",
            )
        while names and not names[-1]:
            names.pop()
        for number, name in enumerate(names):
            if not name or name in names[:number]:
                problem = f"two columns are called {name!r}" if name else f"column {number + 1} has no name"
                raise RecipientsError(problem, source=self.name, line=line, hint="Give each column a name of its own.")
        return names


def _row(line: int, header: list[str], cells: list[str]) -> Row:
    while len(cells) > len(header) and not cells[-1].strip():
        cells.pop()  # spreadsheets write empty cells behind the table
    if len(cells) != len(header):
        return Row(line, problem=f"the row has {len(cells)} cells where the header has {len(header)}")
    return Row(line, dict(zip(header, (cell.strip() for cell in cells), strict=True)))


def _mapped(rows: Iterable[Any]) -> Iterator[Row]:
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, Mapping):
            yield Row(number, problem=f"a row must be a mapping, not {type(row).__name__}")
        elif any(value not in (None, "") for value in row.values()):
            yield Row(number, {str(name).strip(): value for name, value in row.items()})


def _chained(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest


def _outside_quotes(line: str) -> str:
    return re.sub(r'"[^"]*"', "", line)


def _line_of_fault(path: Path, encoding: str) -> int:
    """Find the line that cannot be decoded; the error itself counts from the start of a block."""
    if encoding.startswith("utf-16"):
        return 0
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                line.decode(encoding)
            except UnicodeDecodeError:
                return number
    return 0


def alias(column: str) -> str:
    """Return the name under which a template reaches a column: ``First name`` is ``first_name``."""
    return _NOT_WORD.sub("_", column).strip("_").lower()
