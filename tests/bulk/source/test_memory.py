"""Lists of any length take no more memory than short ones."""

import json
import sqlite3
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import openpyxl
import pytest

from mailkit.bulk.recipients import Recipients

pytestmark = pytest.mark.slow  # hundreds of thousands of rows

MANY = 200_000
FEWER = 40_000  # where reading takes longer
BOUND = 2_000_000  # bytes; the rows of one list together are over 10 MB
_ROWS = [{"email": f"user{number}@example.com", "name": f"Zoë {number}", "city": "Berlin"} for number in range(1000)]


def people(count: int) -> Iterator[dict[str, str]]:
    for number in range(count):
        yield _ROWS[number % 1000]


def write_csv(path: Path, count: int) -> Recipients:
    with path.open("w", encoding="utf-8") as file:
        file.write("email,name,city\n")
        file.writelines(",".join(one.values()) + "\n" for one in people(count))
    return Recipients(path, format="csv")


def write_json(path: Path, count: int) -> Recipients:
    """An array on one line."""
    with path.open("w", encoding="utf-8") as file:
        file.write("[")
        file.writelines(("," if number else "") + json.dumps(one) for number, one in enumerate(people(count)))
        file.write("]")
    return Recipients(path, format="json")


def write_jsonl(path: Path, count: int) -> Recipients:
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(one) + "\n" for one in people(count))
    return Recipients(path, format="jsonl")


def write_database(path: Path, count: int) -> Recipients:
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE people (email TEXT, name TEXT, city TEXT)")
        database.executemany("INSERT INTO people VALUES (:email, :name, :city)", people(count))
    database.close()
    return Recipients(f"sqlite:///{path}", query="SELECT * FROM people")


def peak_while_read(people: Recipients) -> tuple[int, int]:
    """How many rows there are, and how many bytes were needed at once."""
    next(people.rows())  # what is loaded and compiled once
    tracemalloc.start()
    try:
        count = sum(not row.problem for row in people.rows())
        return count, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("write", "many"), [(write_csv, MANY), (write_json, MANY), (write_jsonl, FEWER), (write_database, FEWER)]
)
def test_rows_when_there_are_very_many_then_the_memory_is_that_of_a_few(
    tmp_path: Path, write: Callable[[Path, int], Recipients], many: int
) -> None:
    """Whatever the format."""
    count, peak = peak_while_read(write(tmp_path / "people", many))
    assert count == many
    assert peak < BOUND


def test_rows_when_a_sheet_has_very_many_then_the_memory_is_that_of_a_few(tmp_path: Path) -> None:
    """Also of a sheet that says something about each row, as those of LibreOffice do. Shared texts are another matter."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.append(["email", "name", "city"])
    for number, one in enumerate(people(10_000), start=1):
        sheet.row_dimensions[number].height = 12.8
        sheet.append(list(one.values()))
    book.save(tmp_path / "people.xlsx")
    count, peak = peak_while_read(Recipients(tmp_path / "people.xlsx"))
    assert count == 10_000
    assert peak < BOUND


def test_rows_when_they_are_generated_then_none_is_kept() -> None:
    """An iterable is taken one at a time."""
    tracemalloc.start()
    try:
        assert sum(1 for _ in Recipients(people(FEWER)).rows()) == FEWER
        assert tracemalloc.get_traced_memory()[1] < BOUND
    finally:
        tracemalloc.stop()
