"""JSON Lines, and arrays of objects."""

import json
from pathlib import Path

import pytest

from mailkit.bulk.recipients import Recipients, Row
from mailkit.errors import RecipientsError
from tests.kit.lists import rows

ZOE = {"email": "zoe@example.com", "name": "Zoë", "age": 7, "tags": ["a", None], "is_new": True, "note": None}


def lines(*values: object, ascii: bool = False) -> str:
    return "".join(json.dumps(value, ensure_ascii=ascii) + "\n" for value in values)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("name", ["people.jsonl", "people.ndjson", "people.json"])
@pytest.mark.parametrize("ascii", [True, False])
def test_json_when_it_is_read_then_values_keep_their_kind(
    tmp_path: Path, encoding: str, name: str, ascii: bool
) -> None:
    """Numbers, lists, true and null stay what they are; a byte order mark is none of it."""
    text = json.dumps([ZOE, ZOE], ensure_ascii=ascii) if name == "people.json" else lines(ZOE, ZOE, ascii=ascii)
    assert rows(tmp_path, text.encode(encoding), name) == [Row(1, ZOE), Row(2, ZOE)]


def test_lines_when_they_are_blank_then_they_are_skipped_and_counted(tmp_path: Path) -> None:
    """Empty lines, and objects in which there is nothing, are no recipients."""
    text = '\n{"email": "a@example.com"}\r\n  \n{}\n{"email": "", "name": null, "x": "  "}\n{"email": "b@example.com"}'
    assert [row.line for row in rows(tmp_path, text, "people.jsonl")] == [2, 6]


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("[1]", "a row must be an object, not [1]"),
        ("null", "a row must be an object, not null"),
        ('{"a": NaN}', "no usable JSON: NaN is no number"),
        ('{"a": 1, "b": {"c": 1, "c": 2}}', "no usable JSON: 'c' is there twice"),
        ('{"a": 1, " a ": 2}', "two of the names differ only by the blanks around them"),
        ('{"a": "\\ud83d"}', "there is half a character (a lone surrogate) in it"),
        ('{"a": ' + "1" * 5000 + "}", "no usable JSON: Exceeds the limit"),
    ],
)
@pytest.mark.parametrize("name", ["people.jsonl", "people.json"])
def test_json_when_a_row_is_bad_then_it_is_told_and_the_next_is_read(
    tmp_path: Path, name: str, value: str, problem: str
) -> None:
    """One bad row is a bad row, not the end, in either form."""
    good = '{"email": "a@example.com"}'
    text = f"{good}\n{value}\n{good}\n" if name == "people.jsonl" else f"[{good},\n{value},\n{good}]"
    first, bad, last = rows(tmp_path, text, name)
    assert (first.line, bad.line, last.line) == (1, 2, 3)
    assert bad.problem.startswith(problem)
    assert first.data == last.data == {"email": "a@example.com"}
    assert bad.data == {}


@pytest.mark.parametrize("line", ['{"email": ', "email,name", "{'email': 1}", "[" * 100_000, '{"a": "\t"}'])
def test_lines_when_one_is_no_json_then_it_is_a_bad_row(tmp_path: Path, line: str) -> None:
    """The lines after it are read."""
    first, bad, last = rows(tmp_path, f'{{"a": 1}}\n{line}\n{{"a": 2}}\n', "people.jsonl")
    assert (first.data, last.data) == ({"a": 1}, {"a": 2})
    assert bad.line == 2
    assert "JSON" in bad.problem


@pytest.mark.parametrize(
    ("name", "text", "problem", "line", "word"),
    [
        ("people.jsonl", "", "empty", 0, "email"),
        ("people.jsonl", " \n\n", "empty", 0, "email"),
        ("people.jsonl", '[{"email": "a@example.com"}]', "no object of its own", 1, "--format json"),
        ("people.jsonl", '\n{\n"email": "a@example.com"\n}', "no object of its own", 2, "--format json"),
        ("people.json", "", "empty", 0, "array"),
        ("people.json", '{"email": "a@example.com"}\n', "an object where an array", 0, "--format jsonl"),
        ("people.json", '{"people": [{"email": "a"}]}', "an object where an array", 0, "jq .people"),
        ("people.json", '"email"', "no array", 0, "array"),
        ("people.json", '[{"a": 1}\n{"a": 2}]', "',' or ']'", 2, "array"),
        ("people.json", '[{"a": 1},\n]', "Expecting value", 2, "array"),
        ("people.json", '[\n,{"a": 1}]', "Expecting value", 2, "array"),
        ("people.json", '[{"a": 1},\n{"a": ', "Expecting value", 2, "array"),
        ("people.json", '[{"a": 1},\n{"a": "x', "Unterminated string", 2, "array"),
        ("people.json", '[{"a": 1}\n', "does not end", 2, "array"),
        ("people.json", '[{"a": 1}]\n[]', "behind the end", 2, "array"),
        ("people.json", "[" + "[" * 100_000, "nested too deeply", 1, "array"),
        ("people.json", "[" + '{"a":' * 100_000, "nested too deeply", 1, "array"),
    ],
)
def test_json_when_it_is_no_list_then_it_is_told(
    tmp_path: Path, name: str, text: str, problem: str, line: int, word: str
) -> None:
    """What cannot be read on from is an error, with its line and what is wanted."""
    with pytest.raises(RecipientsError, match=problem) as caught:
        rows(tmp_path, text, name)
    assert caught.value.line == line
    assert word in caught.value.hint


def test_array_when_it_is_empty_then_there_are_no_rows(tmp_path: Path) -> None:
    """As a table with a header only."""
    assert rows(tmp_path, " [ ] \n", "people.json") == []


@pytest.mark.parametrize("ascii", [True, False])
def test_array_when_rows_lie_across_the_window_then_they_are_whole(tmp_path: Path, ascii: bool) -> None:
    """Whatever is cut by the end of what has been read: strings, escapes, numbers, words, and rows longer than it."""
    one = {"e": 'ë\\"🎉', "n": -1.25e-7, "t": True, "f": False, "z": None, "l": [1, {"k": []}]}
    values = [{**one, "i": number, "x": "y" * (number % 97)} for number in range(3000)]
    values.insert(1500, {"page": "Zoë\n" * 60_000})
    values.insert(10, {"i": -(10**300)})
    found = rows(tmp_path, json.dumps(values, ensure_ascii=ascii, indent=1), "people.json")
    assert [row.data for row in found] == values
    assert [row.line for row in found] == list(range(1, 3003))


def test_array_when_it_is_broken_far_down_then_the_rows_before_come_first(tmp_path: Path) -> None:
    """It is read as it comes, and the line of the fault is told."""
    path = tmp_path / "people.json"
    path.write_text("[" + '{"email": "a@example.com"},\n' * 10_000 + "oops]")
    stream = Recipients(path).rows()
    assert next(stream) == Row(1, {"email": "a@example.com"})
    with pytest.raises(RecipientsError) as caught:
        list(stream)
    assert caught.value.line == 10_001


def test_json_when_its_encoding_is_another_then_the_line_is_told(tmp_path: Path) -> None:
    """As with tables."""
    for name, text in (("people.jsonl", '{"a": 1}\n{"a": "ë"}\n'), ("people.json", '[{"a": 1},\n{"a": "ë"}]')):
        with pytest.raises(RecipientsError, match="not UTF-8") as caught:
            rows(tmp_path, text.encode("cp1252"), name)
        assert caught.value.line == 2
        assert rows(tmp_path, text.encode("cp1252"), name, encoding="cp1252")[1].data == {"a": "ë"}
