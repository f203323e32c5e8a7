"""Excel workbooks, written by openpyxl and as other programs write them."""

import io
import sys
import zipfile
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from pathlib import Path

import openpyxl
import pytest

from mailkit.bulk.recipients import Row
from mailkit.bulk.source import workbook
from mailkit.errors import ConfigError, RecipientsError
from tests.kit.lists import data, rows

HEAD = ["email", "name"]
ANN, BOB = ["ann@example.com", "Ann"], ["bob@example.com", "Bob"]


def written(*lines: list[object], **sheets: list[list[object]]) -> bytes:
    """A workbook with a sheet, and with others by name."""
    book = openpyxl.Workbook()
    for title, content in {"Sheet": lines, **sheets}.items():
        sheet = book["Sheet"] if title == "Sheet" else book.create_sheet(title)
        for line in content:
            sheet.append(line)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def changed(content: bytes, part: str, change: Callable[[bytes], bytes]) -> bytes:
    """The workbook with one of its parts changed."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(file, "w") as new:
        for name in old.namelist():
            new.writestr(name, change(old.read(name)) if name.endswith(part) else old.read(name))
    return file.getvalue()


def test_sheet_when_it_is_read_then_values_are_plain(tmp_path: Path) -> None:
    """Numbers stay numbers, dates are ISO text, nothing is empty text; names and cells are trimmed."""
    content = written(
        [" email ", "n", "half", "yes", "day", "moment", "hour", "span", "none"],
        [
            *(" zoe@example.com ", 3.0, 1.5, True, date(2026, 1, 2), datetime(2026, 1, 2, 3, 4, 5), time(3, 4)),
            *(timedelta(hours=30), None),
        ],
    )
    assert rows(tmp_path, content, "people.xlsx") == [
        Row(
            2,
            {
                "email": "zoe@example.com",
                "n": 3,
                "half": 1.5,
                "yes": True,
                "day": "2026-01-02",
                "moment": "2026-01-02T03:04:05",
                "hour": "03:04:00",
                "span": "1 day, 6:00:00",
                "none": "",
            },
        )
    ]


def test_sheet_when_trailing_rows_are_blank_then_they_are_no_recipients(tmp_path: Path) -> None:
    """Neither are blank rows in between and above; rows are called by the numbers that Excel shows."""
    content = written([], ["  "], HEAD, ANN, [], [None, " "], BOB, *[["", None]] * 500)
    assert [(row.line, row.data["name"]) for row in rows(tmp_path, content, "people.xlsx")] == [(4, "Ann"), (7, "Bob")]


def test_sheet_when_the_last_rows_are_far_away_then_nothing_lies_between(tmp_path: Path) -> None:
    """A stray cell at the end of a sheet does not make a million rows, nor one that cannot be."""
    for number in (b"1048576", b"99999999999"):
        content = changed(
            written(HEAD, ANN, BOB),
            "sheet1.xml",
            lambda xml, number=number: xml.replace(b'<row r="3"', b'<row r="' + number + b'"'),
        )
        assert [row.line for row in rows(tmp_path, content, "people.xlsx")] == [2, int(number)]


def test_sheet_when_cells_are_left_out_then_the_others_keep_their_columns(tmp_path: Path) -> None:
    """A workbook does not write empty cells: not at the end of a row, and not within."""
    content = written(["email", "a", "b", None], ["ann@example.com", None, 2], ["bob@example.com"])
    assert data(tmp_path, content, "people.xlsx") == [
        {"email": "ann@example.com", "a": "", "b": 2},
        {"email": "bob@example.com", "a": "", "b": ""},
    ]


def test_sheet_when_none_is_named_then_the_first_that_is_not_hidden_is_read(tmp_path: Path) -> None:
    """A named one is read in any case."""
    content = written(["x@y"], second=[HEAD, ANN], third=[HEAD, BOB])
    content = changed(
        content,
        "workbook.xml",
        lambda xml: xml.replace(
            b'name="Sheet" sheetId="1" state="visible"', b'name="Sheet" sheetId="1" state="hidden"'
        ),
    )
    assert data(tmp_path, content, "people.xlsx")[0]["name"] == "Ann"
    assert data(tmp_path, content, "people.xlsx", sheet="third")[0]["name"] == "Bob"
    with pytest.raises(RecipientsError, match="there is no sheet 'nope'") as caught:
        rows(tmp_path, content, "people.xlsx", sheet="nope")
    assert caught.value.hint == "The sheets are: 'Sheet', 'second', 'third'."
    content = changed(content, "workbook.xml", lambda xml: xml.replace(b'state="visible"', b'state="veryHidden"'))
    with pytest.raises(RecipientsError, match="no sheet to read") as caught:
        rows(tmp_path, content, "people.xlsx")
    assert "--sheet" in caught.value.hint


def test_sheet_when_a_row_is_bad_then_it_is_told_and_the_next_is_read(tmp_path: Path) -> None:
    """An error that Excel shows is never mailed, nor a row with more cells than the table; text that looks so is."""
    content = written(HEAD, ["a@example.com", "#REF!"], [*ANN, "more"], ["b@example.com", "'#N/A"], BOB)
    assert rows(tmp_path, content, "people.xlsx") == [
        Row(2, problem="the cell of 'name' cannot be used: it holds the error #REF!"),
        Row(3, problem="the row has 3 cells where the header has 2"),
        Row(4, {"email": "b@example.com", "name": "'#N/A"}),
        Row(5, {"email": "bob@example.com", "name": "Bob"}),
    ]


def test_sheet_when_its_texts_are_shared_then_they_are_read(tmp_path: Path) -> None:
    """As Excel writes them: in a table of their own, and with line breaks from other programs."""
    content = changed(
        written(HEAD, ["ann@example.com", 0]),
        "sheet1.xml",
        lambda xml: xml.replace(b'<c r="B2" t="n"><v>0</v></c>', b'<c r="B2" t="s"><v>0</v></c>'),
    )
    content = changed(
        content,
        "[Content_Types].xml",
        lambda xml: xml.replace(
            b"</Types>",
            b'<Override PartName="/xl/sharedStrings.xml" ContentType="application/vnd.openxmlformats-officedocument'
            b'.spreadsheetml.sharedStrings+xml"/></Types>',
        ),
    )
    file = io.BytesIO(content)
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr(
            "xl/sharedStrings.xml",
            '<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
            "<si><r><t>Ann_x000D_\n</t></r><r><t>of Ely</t></r></si></sst>",
        )
    assert data(tmp_path, file.getvalue(), "people.xlsx") == [{"email": "ann@example.com", "name": "Ann\nof Ely"}]


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ([], "the sheet is empty"),
        ([HEAD[:1] * 2], "two columns are called 'email'"),
        ([["email", None, "name"]], "column 2 has no name"),
        ([ANN, BOB], "looks like data"),
    ],
)
def test_sheet_when_it_is_no_list_then_it_is_told(tmp_path: Path, lines: list[list[object]], problem: str) -> None:
    """As with tables."""
    with pytest.raises(RecipientsError, match=problem) as caught:
        rows(tmp_path, written(*lines), "people.xlsx")
    assert caught.value.hint


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "empty"),
        (b"email\na@example.com\n", "no Excel workbook"),
        (b"\xd0\xcf\x11\xe0" + bytes(600), "no Excel workbook, or has a password"),
        (written(HEAD, ANN)[:-300], "no Excel workbook"),
        (changed(written(HEAD), "[Content_Types].xml", lambda _: b"<x"), "cannot be read"),
        (changed(written(HEAD), "workbook.xml", lambda _: b""), "cannot be read"),
        (changed(written(HEAD, ANN), "sheet1.xml", lambda xml: xml[: xml.index(b'<row r="2') + 9]), "cannot be read"),
        (changed(written(HEAD), "sheet1.xml", lambda xml: xml.replace(b'r="A1"', b'r="ZZZZ1"')), "cannot be read"),
        (changed(written(HEAD), "sheet1.xml", lambda xml: xml.replace(b"inlineStr", b"s")), "empty"),
    ],
)
def test_workbook_when_it_is_broken_then_that_is_told(tmp_path: Path, content: bytes, problem: str) -> None:
    """Whatever comes up in openpyxl is one error, with what to do."""
    with pytest.raises(RecipientsError, match=problem):
        rows(tmp_path, content, "people.xlsx")


def test_workbook_when_it_would_take_all_memory_then_it_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A small archive can hold much: texts are limited as a whole, a sheet by its rows."""
    content = written(HEAD, ANN, ["bob@example.com", *["B" * 30_000] * 3])
    monkeypatch.setattr(workbook, "_LONGEST_ROW", 20_000)
    with pytest.raises(RecipientsError, match="a row has over 20,000 bytes"):
        rows(tmp_path, content, "people.xlsx")
    monkeypatch.setattr(workbook, "_LARGEST_PART", 500)
    with pytest.raises(RecipientsError, match=r"has .* bytes"):
        rows(tmp_path, content, "people.xlsx")


def test_workbook_when_openpyxl_is_missing_then_the_command_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What has to be installed, as it is typed."""
    for name in ("openpyxl", "openpyxl.reader.excel"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ConfigError) as caught:
        rows(tmp_path, written(HEAD), "people.xlsx")
    assert "pip install 'mailkit-compose[xlsx]'" in caught.value.hint
