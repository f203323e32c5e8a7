"""The list of those who are never written to."""

import io
import sqlite3
import threading
from datetime import timedelta
from pathlib import Path

import pytest

from mailkit import clock
from mailkit.bulk import Recipients, Suppressions, export_csv, import_csv
from mailkit.errors import SuppressionError


def test_find_of_any_spelling_or_of_the_domain_says_why() -> None:
    """The address's own reason goes before that of its domain."""
    with Suppressions(None) as suppressions:
        suppressions.add("Zoe@EXAMPLE.com", "unsubscribed", source="spring")
        suppressions.add("@example.com", "manual")
        assert str(suppressions.find("zoe@example.COM")) == "unsubscribed (spring)"
        assert str(suppressions.find("bob@example.com")) == "manual (@example.com)"
        assert suppressions.find("bob@sub.example.com") is None
        found = suppressions.find_all(["zoe@example.com", "bob@example.com", "x@example.org"])
    assert {key: str(why) for key, why in found.items()} == {
        "zoe@example.com": "unsubscribed (spring)",
        "bob@example.com": "manual (@example.com)",
    }


def test_find_after_it_has_expired_finds_nothing() -> None:
    """A mailbox that was full may be tried again some day."""
    with Suppressions(None) as suppressions:
        suppressions.add("a@x.org", "bounced", expires=clock.now() - timedelta(seconds=1))
        suppressions.add("b@x.org", "bounced", expires=clock.now() + timedelta(days=1))
        assert (suppressions.find("a@x.org"), list(suppressions.find_all(["a@x.org", "b@x.org"]))) == (
            None,
            ["b@x.org"],
        )


def test_add_of_a_bounce_does_not_hide_that_somebody_unsubscribed() -> None:
    """What a person has said outranks what a server says."""
    with Suppressions(None) as suppressions:
        suppressions.add("a@x.org", "unsubscribed")
        suppressions.add("a@x.org", "bounced", expires=clock.now() + timedelta(days=1))
        assert str(suppressions.find("a@x.org")) == "unsubscribed"
        assert suppressions.remove("A@x.org")
        assert suppressions.find("a@x.org") is None


def test_stamp_is_another_one_after_a_change_by_anybody(tmp_path: Path) -> None:
    """By this program, or by another one that has the file open."""
    with Suppressions(tmp_path / "s.db") as here, Suppressions(tmp_path / "s.db") as there:
        first = here.stamp()
        assert here.stamp() == first
        there.add("a@x.org")
        second = here.stamp()
        here.add("b@x.org")
        assert len({first, second, here.stamp()}) == 3


def test_lists_in_many_threads_at_once_keep_everybody(tmp_path: Path) -> None:
    """A web server adds while campaigns read."""

    def work(number: int) -> None:
        with Suppressions(tmp_path / "s.db") as suppressions:
            for place in range(10):
                suppressions.add(f"n{number}-{place}@example.com")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with Suppressions(tmp_path / "s.db") as suppressions:
        assert len(list(suppressions)) == 40


def test_export_is_read_back_the_same(tmp_path: Path) -> None:
    """Reasons, sources and times too; bad rows are told by their line."""
    written = io.StringIO()
    with Suppressions(None) as suppressions:
        suppressions.add("zoë@exämple.com", "complained", source='a "quoted", one')
        suppressions.add("@example.org", expires=clock.now() + timedelta(days=9))
        export_csv(suppressions, written)
        before = list(suppressions)
    path = tmp_path / "s.csv"
    path.write_text(written.getvalue() + "nobody,,,,\n=1+1@x.org,why,,,\n", encoding="utf-8")
    with Suppressions(None) as suppressions:
        done = import_csv(suppressions, Recipients(path))
        assert list(suppressions) == before
    assert (done.taken, done.bad, [line for line, _ in done.problems]) == (2, 2, [4, 5])


def test_file_that_is_no_list_is_refused(tmp_path: Path) -> None:
    """And left as it was."""
    with sqlite3.connect(tmp_path / "x.db") as db:
        db.execute("CREATE TABLE x (y)")
    db.close()
    before = (tmp_path / "x.db").read_bytes()
    with pytest.raises(SuppressionError, match="no list of suppressed"):
        Suppressions(tmp_path / "x.db")
    assert (tmp_path / "x.db").read_bytes() == before
    with pytest.raises(SuppressionError):
        Suppressions(None).add("nobody")
