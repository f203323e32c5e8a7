"""Where mail is kept: searched, counted, marked, forgotten."""

import contextlib
import sqlite3
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailkit import Attachment, MessageBuilder, clock
from mailkit.errors import ConfigError
from mailkit.inbox import Archive, Rules, Search
from mailkit.inbox.account import Account, Users
from mailkit.inbox.catch import Catcher
from mailkit.inbox.table import Place
from mailkit.smtp import Received
from mailkit.testing import FrozenClock

BUILDER = MessageBuilder().from_("Ada Lovelace <ada@example.com>").to("Bob <bob@example.com>")


def received(raw: bytes, *recipients: str) -> Received:
    return Received("bounces@example.com", recipients or ("bob@example.com",), raw, "me")


@pytest.fixture
def archive() -> Iterator[Archive]:
    archive = Archive()
    yield archive
    archive.close()


def test_mail_is_kept_once_when_writing_it_down_is_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C comes at any moment, also between the database's commit and our taking note of it."""
    monkeypatch.setattr("mailkit.inbox.archive._GATHER", 3_600.0)  # nobody else writes meanwhile
    archive = Archive()
    writing = archive._table.writing

    @contextlib.contextmanager
    def interrupted() -> Iterator[None]:
        with writing():
            yield
        raise KeyboardInterrupt

    archive.add(received(b"Subject: one\r\n\r\n"))
    with monkeypatch.context() as patch:
        patch.setattr(archive._table, "writing", interrupted)
        with pytest.raises(KeyboardInterrupt):
            archive.flush()
    archive.add(received(b"Subject: two\r\n\r\n"))
    assert [one.subject for one in archive.find().lines] == ["two", "one"]
    assert sum(one.messages for one in archive.tallies()) == 2
    archive.close()


def test_the_numbers_of_folders_are_not_those_of_messages(archive: Archive) -> None:
    """The first message is kept, however many folders there are."""
    account = Account(archive, Users(), "x")
    for name in ("one", "two", "three"):
        account.create(name)
    assert archive.add(received(b"Subject: one\r\n\r\n")) == 1
    assert [one.subject for one in archive.find().lines] == ["one"]


@pytest.fixture
def filled(archive: Archive) -> Archive:
    invoice = BUILDER.subject("Invoice 2291").text("Please pay").attach(Attachment(b"%PDF", filename="invoice.pdf"))
    reset = (
        BUILDER.subject("Reset your password")
        .html("<p>Click <b>here</b> &amp; now</p>")
        .header("X-Tags", "Account, new")
    )
    archive.add(received(bytes(invoice.build())), at=datetime(2026, 1, 10, 12).astimezone().timestamp())
    archive.add(
        received(bytes(reset.build()), "bob@example.com", "boss@example.com"),
        inbox="ci",
        at=datetime(2026, 1, 11, 12).astimezone().timestamp(),
    )
    archive.add(received(b"Subject: =?utf-8?q?caf=C3=A9?=\r\n\r\n" + b"x" * 5000), at=datetime(2026, 1, 12).timestamp())
    archive.mark("id:1")
    return archive


@pytest.mark.parametrize(
    ("search", "numbers"),
    [
        ("", [3, 2, 1]),
        ("invoice", [1]),
        ("INVOICE", [1]),
        ("café", [3]),
        ("pay", [1]),
        ("ay", [1]),
        ("here & now", [2]),
        ('"here & now"', [2]),
        ("from:lovelace", [2, 1]),
        ("from:bounces", [3, 2, 1]),
        ("to:bob", [3, 2, 1]),
        ("to:boss", [2]),
        ("bcc:boss", [2]),
        ("cc:boss", []),
        ('subject:"your password"', [2]),
        ("subject:pay", []),
        ("body:pay", [1]),
        ("file:invoice.pdf", [1]),
        ("has:attachment", [1]),
        ("-has:attachment", [3, 2]),
        ("has:html", [2]),
        ("has:warning", [3]),
        ("is:unread", [3, 2]),
        ("is:read", [1]),
        ("is:tagged", [2]),
        ("is:TAGGED", [2]),
        ("tag:account", [2]),
        ("-tag:account", [3, 1]),
        ("tag:acc", []),
        ("inbox:ci", [2]),
        ('inbox:""', [3, 1]),
        ("larger:4k", [3]),
        ("smaller:4k -invoice", [2]),
        ("before:2026-01-11", [1]),
        ("after:2026-01-10", [3, 2]),
        ("after:2026-01-11T13:00", [3]),
        ("id:2", [2]),
        ("https://example.com", []),
        ("nofield:x", []),
        ("from:ada subject:invoice is:read", [1]),
        ("'; DROP TABLE mail; --", []),
        ('"', [3, 2, 1]),
        ("* OR NEAR(", []),
    ],
)
def test_find_when_searched_then_the_newest_that_fit_come_first(
    filled: Archive, search: str, numbers: list[int]
) -> None:
    """Every field, negation, quotes, words of fewer letters than the index has, and what is no search at all."""
    found = filled.find(search)
    assert [line.id for line in found.lines] == numbers
    assert found.total == filled.count(search) == len(numbers)


@pytest.mark.parametrize(
    "search", ["is:nothing", "has:x", "larger:many", "before:yesterday", "id:x", "x" * 2000, "a " * 60]
)
def test_find_when_the_search_makes_no_sense_then_it_says_so(filled: Archive, search: str) -> None:
    """Nothing is shown that was not asked for."""
    with pytest.raises(ConfigError):
        filled.find(search)


def test_find_when_a_page_is_asked_for_then_it_comes_with_the_total(archive: Archive) -> None:
    """A list of thousands is read by the page."""
    for number in range(120):
        archive.add(received(b"Subject: %d\r\n\r\n" % number))
    found = archive.find(offset=20, limit=10)
    assert [line.subject for line in found.lines] == [str(number) for number in range(99, 89, -1)]
    assert found.total == 120


def test_find_when_listed_then_the_summary_says_what_it_is(filled: Archive) -> None:
    """What a list shows, for people and for programs."""
    (line,) = filled.find("id:2").lines
    facts = line.facts()
    assert facts["subject"] == "Reset your password"
    assert facts["from"] == "Ada Lovelace <ada@example.com>"
    assert facts["recipients"] == ["bob@example.com", "boss@example.com"]
    assert facts["tags"] == ["account", "new"]
    assert facts["snippet"] == "Click here & now"
    assert facts["unread"] is True


@given(st.text())
def test_search_when_anything_is_typed_then_it_is_a_search_or_an_error(text: str) -> None:
    """No input breaks out of its quotes, or makes a statement that cannot be read."""
    db = Archive()
    try:
        db.find(text)
    except ConfigError:
        pass
    finally:
        db.close()


_VALUES = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=80)


@given(_VALUES, _VALUES)
def test_search_of_when_fields_are_given_then_their_values_come_back_whole(to: str, subject: str) -> None:
    """Quotes and backslashes in a value are the value's."""
    conditions = Search.of(message_id=to, inbox=subject).conditions
    assert [condition.values for condition in conditions[:2]] == [(f"<{to.strip('<>')}>",), (subject,)]


def test_tag_when_given_then_it_takes_the_place_of_those_before(filled: Archive) -> None:
    """Tags that a message gives itself can be taken away."""
    filled.tag(2, ["Seen"])
    found = filled.get(2)
    assert found is not None
    assert found.tags == ("seen",)
    with pytest.raises(ConfigError):
        filled.tag(2, ["two words"])


def test_archive_when_there_are_too_many_then_the_oldest_go() -> None:
    """By count, and their words with them."""
    archive = Archive(max_messages=3)
    for number in range(5):
        archive.add(received(b"Subject: number%d\r\n\r\n" % number))
    assert [line.id for line in archive.find().lines] == [5, 4, 3]
    assert archive.find("number1").total == 0
    assert archive.last == 5
    archive.close()


def test_archive_when_there_are_too_many_bytes_then_the_oldest_go_but_never_the_last() -> None:
    """One message that is larger than all of the room is still seen."""
    archive = Archive(max_bytes=1000)
    for size in (600, 300, 600, 5000):
        archive.add(received(b"x" * size))
        archive.find()
    assert [line.id for line in archive.find().lines] == [4]
    archive.close()


def test_archive_when_messages_grow_old_then_they_go() -> None:
    """An age is counted from when they came."""
    frozen = FrozenClock()
    archive = Archive(max_age=60)
    with clock.using(frozen):
        archive.add(received(b"a"))
        frozen.advance(59)
        assert archive.count() == 1
        frozen.advance(2)
        assert archive.count() == 0
    archive.close()


def test_delete_when_done_then_listeners_hear_of_it(filled: Archive) -> None:
    """A page that shows the list is told of every change."""
    heard: list[int] = []
    end = filled.subscribe(lambda: heard.append(1))
    assert filled.delete("from:ada") == 2
    assert [line.id for line in filled.find().lines] == [3]
    end()
    filled.delete()
    assert heard == [1]
    assert [(one.inbox, one.messages) for one in filled.tallies()] == []


def test_tallies_when_there_are_inboxes_then_each_is_counted(filled: Archive) -> None:
    """Messages, and those that nobody has looked at."""
    assert [(one.inbox, one.messages, one.unread) for one in filled.tallies()] == [("", 2, 1), ("ci", 1, 1)]


def test_archive_when_the_file_is_another_programs_then_it_is_left_alone(tmp_path: Path) -> None:
    """A wrong file name destroys nothing."""
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE t (x)")
    db.close()
    before = path.read_bytes()
    with pytest.raises(ConfigError, match="is a database, but no inbox of mailkit"):
        Archive(path)
    assert path.read_bytes() == before
    text = tmp_path / "text.txt"
    text.write_text("no database, but a text that is long enough to be taken for a header of one" * 3)
    with pytest.raises(ConfigError, match="is no inbox"):
        Archive(text)
    with pytest.raises(ConfigError, match="cannot be used: Is a directory"):
        Archive(tmp_path)


def test_archive_when_a_message_cannot_be_read_then_it_is_listed_all_the_same(archive: Archive) -> None:
    """Whatever came is shown."""
    for raw in (
        b"",
        b"\0\xff\xfe",
        b"From: <<<\r\nTo: ,,,\r\n\r\n",
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x",
    ):
        archive.add(received(raw))
    assert archive.find().total == 4
    assert archive.find("to:bob@example.com").total == 4


@pytest.mark.parametrize("search", ["", "id:1", "word", "has:html"])
def test_archive_when_closed_then_it_says_so(search: str) -> None:
    """Closing twice is fine, using it is not."""
    archive = Archive()
    archive.close()
    archive.close()
    with pytest.raises(ConfigError, match="the inbox is closed"):
        archive.find(search)


def test_archive_when_the_disk_is_full_then_nothing_that_was_accepted_is_lost(tmp_path: Path) -> None:
    """Readers are told, the next sender is refused for now, and once there is room all is there."""
    path = tmp_path / "mail.db"
    Archive(path).close()
    with sqlite3.connect(path) as db:
        db.execute(
            "CREATE TRIGGER full BEFORE INSERT ON content BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"
        )
    db.close()
    archive = Archive(path)
    catcher = Catcher(archive, Rules())
    answers = [catcher.message(received(b"Subject: %d\r\n\r\n" % number)) for number in range(501)]
    assert answers[:500] == [None] * 500
    assert str(answers[500]).startswith("452 4.3.1 the inbox")
    with pytest.raises(ConfigError, match="the disk is full"):
        archive.find()
    with archive._table.writing():
        archive._table._db.execute("DROP TRIGGER full")
    assert catcher.message(received(b"Subject: last\r\n\r\n")) is None
    assert archive.find().total == 501
    archive.close()


def test_search_of_when_there_is_no_such_field_then_it_says_so() -> None:
    """A slip of the pen does not look for other things."""
    with pytest.raises(ConfigError, match="no field 'subjct'"):
        Search.of(subjct="x")


def test_archive_when_its_file_is_of_before_there_were_folders_then_it_is_brought_up_to_date(tmp_path: Path) -> None:
    """With all that is in it."""
    path = tmp_path / "mail.db"
    archive = Archive(path)
    archive.add(received(b"Subject: kept\r\n\r\nx"), inbox="ci")
    archive.close()
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.executescript(
            "DROP INDEX placed; DROP INDEX unread; DROP INDEX inboxes; DROP TABLE folder; DROP TABLE fact;"
            "ALTER TABLE mail DROP COLUMN folder; ALTER TABLE mail DROP COLUMN flags;"
            "CREATE INDEX unread ON mail (inbox) WHERE unread = 1; CREATE INDEX inboxes ON mail (inbox, size);"
            "PRAGMA user_version = 1"
        )
    archive = Archive(path)
    try:
        archive.add(received(b"Subject: new\r\n\r\nx"), place=Place(7, is_unread=False, flags=(r"\Flagged",)))
        assert [one.subject for one in archive.find().lines] == ["kept"]
        assert [one.subject for one in archive.find("in:anywhere").lines] == ["new", "kept"]
        assert archive.count("in:anywhere is:unread") == archive.count("in:inbox") == 1
        assert [(one.inbox, one.messages) for one in archive.tallies()] == [("ci", 1)]
    finally:
        archive.close()
