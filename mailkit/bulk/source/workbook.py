"""The inside of an Excel workbook: its sheets, and the cells of one, a row at a time.

openpyxl reads what a workbook says of itself, and what is in a cell. The way from row to row is gone here: its own keeps
the height of every row and a piece of its XML until the end, and goes through some sheets twice.
"""

import warnings
from collections.abc import Iterator
from typing import Any, BinaryIO, NamedTuple
from xml.etree.ElementTree import Element, iterparse

from mailkit.bulk.source.value import ErrorCell

__all__ = ["Sheet", "Workbook"]

_LARGEST_PART = 268_435_456  # bytes of what has to be in memory whole: texts and styles
_LONGEST_ROW = 67_108_864  # bytes of XML
_FAULT = "e"


class Sheet(NamedTuple):
    """A sheet, and where in the archive it lies."""

    name: str
    path: str
    is_hidden: bool


class Workbook:
    """An open workbook. Raises ImportError without openpyxl, and for a broken file whatever comes up in it and below."""

    def __init__(self, file: BinaryIO) -> None:
        from openpyxl.reader.excel import ExcelReader
        from openpyxl.styles.stylesheet import apply_stylesheet

        self._reader = ExcelReader(file, read_only=True, data_only=True, keep_links=False)
        for part in self._reader.archive.infolist():
            if part.file_size > _LARGEST_PART and not part.filename.startswith(("xl/worksheets/", "xl/media/")):
                raise ValueError(f"{part.filename} has {part.file_size:,} bytes")
        with _quiet():
            self._reader.read_manifest()
            self._reader.read_strings()
            self._reader.read_workbook()
            apply_stylesheet(self._reader.archive, self._reader.wb)  # tells dates from numbers
            self.sheets = [
                Sheet(sheet.name, link.target, sheet.state != "visible")
                for sheet, link in self._reader.parser.find_sheets()
                if "chartsheet" not in link.Type and link.target in self._reader.valid_files
            ]

    def rows(self, sheet: Sheet) -> Iterator[tuple[int, list[object]]]:
        """Go through the rows that a sheet has, each with its number. A cell with an error is an ErrorCell."""
        from openpyxl.worksheet._reader import DATA_TAG, ROW_TAG, WorkSheetParser

        book = self._reader.wb
        with self._reader.archive.open(sheet.path) as file:
            source = _Metered(file)
            parser = WorkSheetParser(
                source,
                self._reader.shared_strings,
                data_only=True,
                epoch=book.epoch,
                date_formats=book._date_formats,
                timedelta_formats=book._timedelta_formats,
            )
            rows: Element | None = None
            for event, element in iterparse(source, ("start", "end")):  # noqa: S314 - Expat bounds what entities make
                if element.tag == DATA_TAG:
                    if event == "end":
                        return  # behind the rows is nothing that counts, and much that can be broken
                    rows = element
                elif element.tag == ROW_TAG and event == "end" and rows is not None:
                    with _quiet():
                        number, cells = parser.parse_row(element)
                    parser.row_dimensions.clear()
                    rows.clear()
                    source.taken = 0
                    yield number, _placed(cells)

    def close(self) -> None:
        """Let go of the archive; the file stays open."""
        self._reader.archive.close()


class _Metered:
    """A sheet's XML, of which no row may take more than there should be memory for."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self.taken = 0

    def read(self, count: int = -1, /) -> bytes:
        data: bytes = self._file.read(count)
        self.taken += len(data)
        if self.taken > _LONGEST_ROW:
            raise ValueError(f"a row has over {_LONGEST_ROW:,} bytes")
        return data


def _placed(cells: list[dict[str, Any]]) -> list[object]:
    """The values, each in its column; the file leaves out cells that are empty."""
    found: list[object] = [None] * max((cell["column"] for cell in cells), default=0)
    for cell in cells:
        value = cell["value"]
        if isinstance(value, str):
            # A line break that came from another program (ECMA-376 22.9.2.19).
            value = ErrorCell(value) if cell["data_type"] == _FAULT else value.replace("_x000D_", "")
        found[cell["column"] - 1] = value
    return found


def _quiet() -> "warnings.catch_warnings[None]":
    """openpyxl warns of everything in a workbook that it would not write again; only cells are of interest here."""
    return warnings.catch_warnings(action="ignore")
