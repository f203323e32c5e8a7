"""Queries of databases, by SQLAlchemy, on real SQLite."""

import sqlite3
import sys
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest

from mailkit.bulk.recipients import Recipients, Row
from mailkit.bulk.source import query
from mailkit.bulk.source.value import plain
from mailkit.errors import ConfigError, MailkitError, RecipientsError


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A database with two people and one in whose row there is nothing."""
    path = tmp_path / "people.db"
    with sqlite3.connect(path) as database:
        database.execute('CREATE TABLE people (email TEXT, "full name" TEXT, age INTEGER, photo BLOB)')
        database.executemany(
            "INSERT INTO people VALUES (?, ?, ?, ?)",
            [("zoe@example.com", " Zoë ", 7, None), (None, "", None, None), ("bob@example.com", None, None, b"\xff")],
        )
    database.close()
    return f"sqlite:///{path}"


def rows(url: str, text: str) -> list[Row]:
    return list(Recipients(url, query=text).rows())


def test_query_when_it_is_run_then_its_columns_are_the_variables(url: str) -> None:
    """Texts are trimmed, nothing is empty text, rows with nothing in them are skipped and counted."""
    assert rows(url, 'SELECT email, "full name", age FROM people') == [
        Row(1, {"email": "zoe@example.com", "full name": "Zoë", "age": 7}),
        Row(3, {"email": "bob@example.com", "full name": "", "age": ""}),
    ]


def test_query_when_a_value_cannot_be_used_then_it_is_a_bad_row(url: str) -> None:
    """The others are read."""
    good, bad = rows(url, "SELECT email, photo FROM people")
    assert good.data == {"email": "zoe@example.com", "photo": ""}
    assert bad == Row(
        3, problem="the value of 'photo' cannot be used: it is a bytes, which is neither text nor a number nor a date"
    )


def test_query_when_it_has_colons_and_percents_then_they_are_themselves(url: str) -> None:
    """There are no parameters."""
    found = rows(url, "SELECT email, ':x' AS x, '12:30' AS time, 'a\\:b' AS y FROM people WHERE email LIKE 'zoe%'")
    assert found[0].data == {"email": "zoe@example.com", "x": ":x", "time": "12:30", "y": "a\\:b"}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("SELECT nope FROM people", "no such column: nope"),
        ("SELEC", "syntax error"),
        ("SELECT email, email FROM people", "two columns are called 'email'"),
        ('SELECT email, age AS "" FROM people', "column 2 has no name"),
        ("DELETE FROM people", "readonly"),
        ("DELETE FROM people RETURNING email", "readonly"),
        ("DROP TABLE people", "readonly"),
        ("SAVEPOINT x", "no rows"),
    ],
)
def test_query_when_it_gives_no_list_then_that_is_told_and_nothing_changes(url: str, text: str, problem: str) -> None:
    """A query cannot change the database, not even by mistake."""
    with pytest.raises(RecipientsError, match=problem) as caught:
        rows(url, text)
    assert caught.value.source == url
    assert caught.value.hint
    assert len(rows(url, "SELECT email FROM people")) == 2


def test_query_when_the_database_is_not_there_then_none_is_made(tmp_path: Path) -> None:
    """SQLite alone would make an empty one."""
    with pytest.raises(RecipientsError, match="no such file"):
        rows(f"sqlite:///{tmp_path}/nope.db", "SELECT 1")
    assert not list(tmp_path.iterdir())


def test_query_when_rows_are_taken_then_the_rest_is_not_fetched(url: str) -> None:
    """A query without an end gives its first rows."""
    stream = Recipients(
        url, query="WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n"
    ).rows()
    assert [next(stream).data["i"] for _ in range(1000)] == list(range(1, 1001))
    stream.close()


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+nope://bob:s3cret@db.example/people",
        "sqlite+nope:///s3cret@x",
        "nope://bob:s3cret@db.example/people",
        "postgresql+pg8000://bob:s3cret@db.example/people",
        "mysql+pymysql://bob:s3cret@db.example/people?ssl_key=s3cret",
        "sqlite://bob:s3cret@/x.db",
        "sqlite://bob:s3cret@db.example:nope/x",
        "sqlite:///:memory:?timeout=s3cret",
        "sqlite:///:memory:?uri=true&mode=s3cret@x",
        "bob://bob:s3cret?x@db.example/people",
    ],
)
def test_query_when_the_url_has_a_secret_then_no_message_has_it(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the error nor the name of the list, however wrong the URL is."""
    monkeypatch.chdir(tmp_path)  # what SQLite takes for the name of a file, it makes
    with pytest.raises(MailkitError) as caught:
        rows(url, "SELECT nope")
    told = f"{caught.value} {caught.value.hint} {caught.value!r} {Recipients(url, query='SELECT 1').name}"
    assert "s3cret" not in told
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("url", ["postgresql:/bob:s3cret@db/people", "postgresql:bob:s3cret@db", "mysql:s3cret@"])
@pytest.mark.parametrize("text", ["", "SELECT 1"])
def test_url_when_it_is_misspelt_then_no_message_has_its_secret(url: str, text: str) -> None:
    """As the path of a file it would be in each."""
    with pytest.raises(ConfigError, match="URL") as caught:
        Recipients(url, query=text)
    assert "s3cret" not in f"{caught.value!r} {caught.value.hint}"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://bob:pw@db.example:5432/people", "postgresql://db.example:5432/people"),
        ("postgresql://bob:p@w/x@db.example/people?a=b", "postgresql://db.example/people"),
        ("sqlite:///people.db", "sqlite:///people.db"),
        ("sqlite:///people.db?key=a@b", "sqlite://…"),
    ],
)
def test_url_when_it_is_shown_then_only_the_place_is(url: str, shown: str) -> None:
    """Where there could be a doubt, nothing is."""
    assert query.shown(url) == shown


def test_query_when_a_package_is_missing_then_the_command_is_told(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What has to be installed, as it is typed."""
    with pytest.raises(ConfigError, match="driver 'pg8000', which is not installed") as caught:
        rows("postgresql+pg8000://db.example/people", "SELECT 1")
    assert "pip install 'mailkit-compose[postgres]'" in caught.value.hint
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    with pytest.raises(ConfigError) as caught:
        rows(url, "SELECT email FROM people")
    assert "pip install 'mailkit-compose[sql]'" in caught.value.hint


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (Decimal("12.50"), 12.5),
        (Decimal("12.00"), 12),
        (Decimal("0.1234567890123456789"), "0.1234567890123456789"),
        (datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02T00:00:00+00:00"),
        (datetime(2026, 1, 2), "2026-01-02"),
        (date(2026, 1, 2), "2026-01-02"),
        (time(3, 4), "03:04:00"),
        (timedelta(days=1), "1 day, 0:00:00"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        ([UUID(int=1), None], ["00000000-0000-0000-0000-000000000001", None]),
        ({"a": {"b": Decimal(1)}, 1: (date(2026, 1, 2),)}, {"a": {"b": 1}, "1": ["2026-01-02"]}),
    ],
)
def test_value_when_it_is_of_a_database_then_the_journal_can_keep_it(value: object, found: object) -> None:
    """Numbers, dates, identifiers, and lists and objects of them."""
    assert plain(value) == found
    assert type(plain(value)) is type(found)


@pytest.mark.parametrize("value", [b"", memoryview(b""), object(), float("nan"), float("inf"), Decimal("NaN"), [b""]])
def test_value_when_there_is_no_plain_form_then_it_is_refused(value: object) -> None:
    """Nothing is guessed."""
    with pytest.raises(ValueError, match=r"which is neither|is no number"):
        plain(value)
