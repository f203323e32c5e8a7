"""Excel workbooks (``.xlsx``), by openpyxl, a row at a time.

A workbook keeps its texts in one table, which is in memory while it is read; its rows are not.
"""

from collections.abc import Iterator
from typing import BinaryIO
from zipfile import BadZipFile

from mailkit.bulk.source.row import Row, from_cells, header, is_blank
from mailkit.bulk.source.value import plain
from mailkit.bulk.source.workbook import Sheet, Workbook
from mailkit.errors import ConfigError, RecipientsError

__all__ = ["rows"]


def rows(file: BinaryIO, *, name: str, sheet: str) -> Iterator[Row]:
    """Read a sheet, the first that is not hidden unless it is named. Its first row that is not blank names the columns."""
    book = _opened(file, name)
    try:
        names: list[str] = []
        for number, cells in _cells(book, _chosen(book, sheet, name), name):
            if all(is_blank(cell) for cell in cells):
                continue
            if names:
                yield _row(number, names, cells)
            else:
                names = header(cells, name=name, line=number)
        if not names:
            raise RecipientsError("the sheet is empty", source=name, hint="Another one is chosen by --sheet NAME.")
    finally:
        book.close()


def _opened(file: BinaryIO, name: str) -> Workbook:
    if not file.read(1):
        raise RecipientsError("the file is empty", source=name)
    file.seek(0)
    try:
        return Workbook(file)
    except ImportError:
        raise ConfigError(
            "Excel workbooks need another package", hint="Install it: pip install 'mailkit-compose[xlsx]'."
        ) from None
    except Exception as error:  # noqa: BLE001 - openpyxl has no error of its own for a broken file
        raise _broken(error, name) from None


def _chosen(book: Workbook, wanted: str, name: str) -> Sheet:
    found = next((one for one in book.sheets if one.name == wanted), None)
    if found is None and wanted:
        titles = ", ".join(repr(one.name) for one in book.sheets)
        raise RecipientsError(f"there is no sheet {wanted!r}", source=name, hint=f"The sheets are: {titles}.")
    found = found or next((one for one in book.sheets if not one.is_hidden), None)
    if found is None:
        raise RecipientsError("there is no sheet to read", source=name, hint="A hidden one is read by --sheet NAME.")
    return found


def _cells(book: Workbook, sheet: Sheet, name: str) -> Iterator[tuple[int, list[object]]]:
    stream = book.rows(sheet)
    while True:
        try:
            found = next(stream, None)
        except Exception as error:  # noqa: BLE001
            raise _broken(error, name) from None
        if found is None:
            return
        yield found


def _row(number: int, names: list[str], cells: list[object]) -> Row:
    found: list[object] = []
    for place, cell in enumerate(cells):
        try:
            found.append(plain(cell))
        except ValueError as error:
            where = names[place] if place < len(names) else f"column {place + 1}"
            return Row(number, problem=f"the cell of {where!r} cannot be used: {error}")
    return from_cells(number, names, found, is_padded=True)


def _broken(error: Exception, name: str) -> RecipientsError:
    if isinstance(error, BadZipFile):
        return RecipientsError(
            "the file is no Excel workbook, or has a password",
            source=name,
            hint="Save it as .xlsx without one. A file of text needs --format csv.",
        )
    return RecipientsError(
        f"the workbook cannot be read: {type(error).__name__}: {str(error).partition(chr(10))[0]}",
        source=name,
        hint="Open it, and save it anew as .xlsx or as 'CSV UTF-8'.",
    )
