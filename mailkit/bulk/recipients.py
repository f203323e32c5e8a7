"""Lists of recipients, streamed: files of several formats, standard input, queries, or any iterable of mappings.

A row that cannot be used is reported by its line and never sent; it does not stop the others. A list that cannot be
read at all (no header, not UTF-8) is an error before anything is sent.
"""

import hashlib
import re
import shutil
import sys
import tempfile
import weakref
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from os import PathLike, fsdecode
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

from mailkit.bulk.source import array, jsonlines, query, sheet, table
from mailkit.bulk.source.row import Row, from_mapping
from mailkit.errors import ConfigError, RecipientsError

__all__ = ["Recipients", "Row", "Source"]

Source: TypeAlias = str | PathLike[str] | Iterable[Mapping[str, Any]]
"""A path, ``-`` for standard input, the URL of a database, or rows as mappings from column to value."""

_NOT_WORD = re.compile(r"\W+")
_ENCODING = "utf-8"
_KEPT = 4_194_304  # bytes of a stream in memory; the rest lies on the disk
_FETCHED = re.compile("(https?|ftps?|s3|gs|file)://", re.IGNORECASE)
_MISSPELT = re.compile(r"[A-Za-z][A-Za-z0-9+_.-]+:.*@", re.DOTALL)


class Format(StrEnum):
    """How a file is read."""

    CSV = "csv"
    TSV = "tsv"
    JSON = "json"
    JSONL = "jsonl"
    XLSX = "xlsx"


_ENDINGS = {
    ".csv": Format.CSV,
    ".tsv": Format.TSV,
    ".tab": Format.TSV,
    ".json": Format.JSON,
    ".jsonl": Format.JSONL,
    ".ndjson": Format.JSONL,
    ".xlsx": Format.XLSX,
    ".xlsm": Format.XLSX,
}


class Recipients:
    """A list of recipients, which can be gone through once or more (an iterator only once).

    A file is read by its ending, or by ``format``: csv, tsv, json, jsonl or xlsx; what has another ending is CSV. The
    encoding is found by its byte order mark and is otherwise ``encoding``, the delimiter is found in the header.
    Column names are trimmed, blank rows skipped. ``sheet`` names one of a workbook. With ``query`` the source is an
    SQLAlchemy URL. Raises RecipientsError, and ConfigError for options that do not fit.

    >>> list(Recipients([{"email": "zoe@example.com"}, {"email": ""}]).rows())
    [Row(line=1, data={'email': 'zoe@example.com'}, problem='')]
    """

    def __init__(
        self,
        source: Source,
        *,
        format: str = "",  # noqa: A002 - the word of the command
        encoding: str = _ENCODING,
        delimiter: str = "",
        sheet: str = "",
        query: str = "",
    ) -> None:
        if delimiter and (len(delimiter) > 1 or delimiter in '\r\n"'):
            raise ConfigError(f"{delimiter!r} is no delimiter", hint="Give one character, such as ';' or a tab.")
        self._source = source
        self._encoding = encoding
        self._delimiter = delimiter
        self._sheet = sheet
        self._query = query
        self._url = ""
        self._piped: BinaryIO | None = None
        self.path: Path | None = None
        self.name = "recipients"
        if isinstance(source, str | PathLike):
            self._locate(fsdecode(source))
        elif query:
            raise ConfigError("a query needs the URL of a database", hint="Recipients('sqlite:///people.db', query=…).")
        self._is_file = isinstance(source, str | PathLike) and not self._url
        self._refuse_what_does_not_fit(format)
        self._format = self._chosen(format)
        self._refuse_what_the_format_has_not()

    def _locate(self, source: str) -> None:
        if "\0" in source:
            raise ConfigError("a path cannot hold a NUL")
        if _FETCHED.match(source):
            raise ConfigError(
                "lists are not fetched from the network", hint="curl … | mailkit batch TEMPLATE - --format csv"
            )
        if query.is_url(source):
            self._url, self.name = source, query.shown(source)
            if not self._query.strip():
                raise ConfigError(f"{self.name} is a database, and no query is given", hint="Add --query 'SELECT …'.")
        elif self._query:
            raise ConfigError(
                "there is a query, but the list is no URL of a database", hint="Write sqlite:///people.db."
            )
        elif (
            _MISSPELT.match(source) and not Path(source).exists()
        ):  # as the name of a list it would be in every message
            raise ConfigError("the list looks like a URL, and is none", hint="Write scheme://user:password@host/name.")
        elif source == "-":
            self.name = "standard input"
        else:
            self.path = Path(source)
            self.name = str(self.path)

    def _refuse_what_does_not_fit(self, wanted: str) -> None:
        encoding = self._encoding if self._encoding != _ENCODING else ""
        given = {"format": wanted, "sheet": self._sheet, "delimiter": self._delimiter, "encoding": encoding}
        if not self._is_file and (odd := next((name for name, value in given.items() if value), "")):
            what = "the rows of a query have" if self._url else "rows that are mappings have"
            raise ConfigError(f"{what} no {odd}", hint=f"Leave --{odd} out.")

    def _chosen(self, wanted: str) -> Format:
        if wanted:
            if wanted not in tuple(Format):
                raise ConfigError(f"there is no format {wanted!r}", hint=f"The formats are: {', '.join(Format)}.")
            return Format(wanted)
        if self._source == "-":
            raise ConfigError(
                "the list comes from standard input, and its format is not given", hint="Add --format csv."
            )
        return _ENDINGS.get(self.path.suffix.lower(), Format.CSV) if self.path else Format.CSV

    def _refuse_what_the_format_has_not(self) -> None:
        if self._sheet and self._format is not Format.XLSX:
            raise ConfigError("only a workbook has sheets", hint="Leave --sheet out, or say --format xlsx.")
        if self._delimiter and self._format not in (Format.CSV, Format.TSV):
            raise ConfigError(f"{self._format} has no delimiter", hint="Leave --delimiter out.")
        if self._encoding != _ENCODING and self._format is Format.XLSX:
            raise ConfigError("a workbook has no encoding", hint="Leave --encoding out.")

    @property
    def folder(self) -> Path | None:
        """Where the list lies; None for one that is no file."""
        return self.path.parent if self.path else None

    def rows(self) -> Iterator[Row]:
        """Go through the rows, good and bad."""
        if self._url:
            yield from query.rows(self._url, self._query)
        elif isinstance(self._source, str | PathLike):
            with self._opened() as file:
                yield from self._read(file)
        else:
            for number, one in enumerate(self._source, start=1):
                if row := from_mapping(number, one):
                    yield row

    def _read(self, file: BinaryIO) -> Iterator[Row]:
        match self._format:
            case Format.XLSX:
                return sheet.rows(file, name=self.name, sheet=self._sheet)
            case Format.JSON:
                return array.rows(file, name=self.name, encoding=self._encoding)
            case Format.JSONL:
                return jsonlines.rows(file, name=self.name, encoding=self._encoding)
        delimiter = self._delimiter or ("\t" if self._format is Format.TSV else "")
        return table.rows(file, name=self.name, encoding=self._encoding, delimiter=delimiter)

    def fingerprint(self) -> str:
        """Return a digest of the file's content and of how it is read; empty for a query and an iterable."""
        if not self._is_file:
            return ""
        digest = hashlib.sha256()
        with self._opened() as file:
            while block := file.read(1_048_576):
                digest.update(block)
        how = (self._format, self._encoding, self._delimiter, self._sheet)
        digest.update("\0".join(how).encode(errors="replace"))
        return digest.hexdigest()

    @contextmanager
    def _opened(self) -> Iterator[BinaryIO]:
        try:
            if self._piped is None and self.path is not None:
                with self.path.open("rb") as file:
                    if file.seekable():
                        yield file
                        return
                    self._keep(file)  # a pipe, such as <(zcat people.csv.gz)
            if self._piped is None:
                if sys.stdin is None:  # closed before Python began
                    raise RecipientsError("there is none", source=self.name)
                self._keep(sys.stdin.buffer)
            assert self._piped is not None
            self._piped.seek(0)
            yield self._piped
        except FileNotFoundError:
            hint = f"The path is relative to {Path.cwd()}." if self.path and not self.path.is_absolute() else ""
            raise RecipientsError("there is no such file", source=self.name, hint=hint) from None
        except OSError as error:
            raise RecipientsError(f"cannot be read: {error.strerror or error}", source=self.name) from None

    def _keep(self, stream: BinaryIO) -> None:
        """Keep what can be read once, so that it can be gone through more than once."""
        kept = tempfile.SpooledTemporaryFile(max_size=_KEPT)  # noqa: SIM115 - it lives as long as the list
        weakref.finalize(self, kept.close)
        shutil.copyfileobj(stream, kept)
        self._piped = kept  # type: ignore[assignment]  # a BinaryIO in all but its base


def alias(column: str) -> str:
    """Return the name under which a template reaches a column: ``First name`` is ``first_name``."""
    return _NOT_WORD.sub("_", column).strip("_").lower()
