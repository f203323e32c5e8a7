"""Lists of recipients: where they come from, how they are to be read, and whether they are the same."""

import csv
import gc
import io
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType, SimpleNamespace

import pytest

from mailkit.bulk.recipients import Recipients, Row, alias
from mailkit.errors import ConfigError, RecipientsError
from tests.kit.lists import data

TEXT = "email,name\nzoe@example.com,Zoë\n"
ZOE = {"email": "zoe@example.com", "name": "Zoë"}


@pytest.fixture
def piped(monkeypatch: pytest.MonkeyPatch) -> io.BytesIO:
    """What is written here comes from standard input."""
    stream = io.BytesIO()
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=stream))
    return stream


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("people.csv", TEXT),
        ("PEOPLE.CSV", TEXT),
        ("people", TEXT),
        ("people.txt", TEXT),
        ("people.tab", TEXT.replace(",", "\t")),
        ("people.json", '[{"email": "zoe@example.com", "name": "Zoë"}]'),
        ("people.jsonl", '{"email": "zoe@example.com", "name": "Zoë"}'),
        ("people.ndjson", '{"email": "zoe@example.com", "name": "Zoë"}'),
    ],
)
def test_recipients_when_the_ending_says_the_format_then_it_is_read_so(tmp_path: Path, name: str, content: str) -> None:
    """What has another ending, or none, is CSV."""
    assert data(tmp_path, content, name) == [ZOE]


def test_recipients_when_a_format_is_given_then_the_ending_does_not_count(tmp_path: Path) -> None:
    """Whoever says it is believed."""
    assert data(tmp_path, TEXT, "people.json", format="csv") == [ZOE]


@pytest.mark.parametrize(
    ("source", "options", "problem"),
    [
        ("people.csv", {"format": "xls"}, "no format 'xls'"),
        ("people.csv", {"sheet": "x"}, "only a workbook has sheets"),
        ("people.json", {"delimiter": ";"}, "json has no delimiter"),
        ("people.xlsx", {"delimiter": ";"}, "xlsx has no delimiter"),
        ("people.xlsx", {"encoding": "cp1252"}, "a workbook has no encoding"),
        ([], {"encoding": "cp1252"}, "rows that are mappings have no encoding"),
        ("-", {}, "standard input, and its format is not given"),
        ("people.csv", {"query": "SELECT 1"}, "no URL of a database"),
        ([], {"query": "SELECT 1"}, "URL of a database"),
        ([], {"delimiter": ";"}, "rows that are mappings have no delimiter"),
        ("sqlite:///people.db", {}, "no query is given"),
        ("sqlite:///people.db", {"query": " "}, "no query is given"),
        ("sqlite:///people.db", {"query": "SELECT 1", "format": "csv"}, "the rows of a query have no format"),
        ("sqlite:///people.db", {"query": "SELECT 1", "sheet": "x"}, "the rows of a query have no sheet"),
        ("https://example.com/people.csv", {}, "not fetched from the network"),
        ("people\0.csv", {}, "NUL"),
    ],
)
def test_recipients_when_an_option_does_not_fit_then_it_is_refused(
    source: object, options: dict[str, str], problem: str
) -> None:
    """Nothing that was asked for is silently left out."""
    with pytest.raises(ConfigError, match=problem):
        Recipients(source, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("call", [lambda r: list(r.rows()), lambda r: r.fingerprint()])
def test_recipients_when_the_file_is_not_there_then_the_folder_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call
) -> None:
    """A missing file is told with the folder in which it was looked for; so is one that cannot be read."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RecipientsError, match=r"^nope\.csv: there is no such file") as caught:
        call(Recipients("nope.csv"))
    assert str(tmp_path) in caught.value.hint
    with pytest.raises(RecipientsError, match="cannot be read"):
        call(Recipients(tmp_path))
    with pytest.raises(RecipientsError, match="cannot be read"):
        call(Recipients("x" * 5000))


def test_recipients_when_they_are_a_file_then_its_folder_is_known(tmp_path: Path) -> None:
    """Attached files lie beside the list."""
    assert Recipients(tmp_path / "people.csv").folder == tmp_path
    assert Recipients([]).folder is None
    assert Recipients("-", format="csv").folder is None


@pytest.mark.parametrize("size", [1, 500_000])
def test_recipients_when_they_come_from_standard_input_then_they_are_read_more_than_once(
    piped: io.BytesIO, size: int
) -> None:
    """Once for the fingerprint and once for the rows; what is large lies on the disk."""
    piped.write(TEXT.encode() + b"bob@example.com,Bob\n" * size)
    piped.seek(0)
    people = Recipients("-", format="csv")
    assert people.name == "standard input"
    first = people.fingerprint()
    assert next(people.rows()).data == ZOE
    assert sum(1 for _ in people.rows()) == size + 1
    assert people.fingerprint() == first != ""
    del people
    gc.collect()  # a temporary file that is left open would be a warning, and that an error


def test_recipients_when_standard_input_is_empty_or_closed_then_it_is_told(
    piped: io.BytesIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its name."""
    with pytest.raises(RecipientsError, match=r"^standard input: the file is empty"):
        list(Recipients("-", format="csv").rows())
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(RecipientsError, match=r"^standard input: there is none"):
        list(Recipients("-", format="csv").rows())


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_recipients_when_the_path_is_a_pipe_then_it_is_read_more_than_once(tmp_path: Path) -> None:
    """As the shell's ``<(zcat people.csv.gz)`` is one."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    with subprocess.Popen(["sh", "-c", f'printf "email\\na@example.com\\n" > "{path}"']):
        people = Recipients(path)
        assert people.fingerprint()
        assert [list(people.rows()) for _ in range(2)] == [[Row(2, {"email": "a@example.com"})]] * 2


def test_recipients_when_they_are_mappings_then_they_are_numbered_from_one() -> None:
    """An iterable of mappings is a list too; names are trimmed, empty rows skipped, others told."""
    given = [
        *({" email ": "a@example.com", "n": 1}, {}, {"email": " ", "n": None}, "text"),
        *({"email": "b@example.com", None: ["more"]}, {"n": 1, " n": 2}, MappingProxyType({"email": "b@example.com"})),
    ]
    assert list(Recipients(given).rows()) == [
        Row(1, {"email": "a@example.com", "n": 1}),
        Row(4, problem="a row must be a mapping, not str"),
        Row(5, problem="the name of a column must be text, not None"),
        Row(6, problem="two of the names differ only by the blanks around them"),
        Row(7, {"email": "b@example.com"}),
    ]


def test_recipients_when_they_are_of_a_dict_reader_then_ragged_rows_are_bad() -> None:
    """The cells that are too many are no column."""
    found = list(Recipients(csv.DictReader(["email,name", "a@example.com,A,more", "b@example.com"])).rows())
    assert "must be text" in found[0].problem
    assert found[1].data == {"email": "b@example.com", "name": None}


def test_recipients_when_they_are_a_generator_then_rows_are_taken_as_they_come() -> None:
    """Nothing is taken before it is asked for."""
    taken: list[int] = []

    def people() -> Iterator[dict[str, str]]:
        for number in range(3):
            taken.append(number)
            yield {"email": f"{number}@example.com"}

    stream = Recipients(people()).rows()
    assert next(stream).data == {"email": "0@example.com"}
    assert taken == [0]


def test_fingerprint_when_the_content_is_the_same_then_it_is(tmp_path: Path) -> None:
    """Two files of equal content are the same list; a changed one is another, and so is one that is read otherwise."""
    a, b = tmp_path / "a.csv", tmp_path / "b.csv"
    a.write_text(TEXT)
    b.write_text(TEXT)
    before = Recipients(a).fingerprint()
    assert before == Recipients(b).fingerprint()
    assert (
        len({before, Recipients(a, delimiter=";").fingerprint(), Recipients(a, encoding="cp1252").fingerprint()}) == 3
    )
    a.write_text(TEXT + "\n")
    assert Recipients(a).fingerprint() != before
    assert Recipients([]).fingerprint() == Recipients("sqlite:///x.db", query="SELECT 1").fingerprint() == ""


@pytest.mark.parametrize(
    ("column", "name"),
    [
        ("First name", "first_name"),
        ("First\u00a0name", "first_name"),
        ("E-Mail", "e_mail"),
        ("Größe (cm)", "größe_cm"),
        ("header:X-Segment", "header_x_segment"),
        ("city", "city"),
        ("?", ""),
    ],
)
def test_alias_when_a_name_has_blanks_inside_then_it_is_a_variable(column: str, name: str) -> None:
    """A template cannot say ``{{ First name }}``."""
    assert alias(column) == name
