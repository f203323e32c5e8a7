"""The journal: states that survive, claims that are fenced, and what a person may tell it."""

import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from mailkit.bulk import Entry, InDoubt, Journal, Result, State, Verdict
from mailkit.bulk.journal import Worker, schema
from mailkit.errors import ConfigError, JournalError

NOW = 1_800_000_000.0


def entries(count: int, first: int = 1) -> list[Entry]:
    return [Entry(f"n{number}@example.com", number, {"name": str(number)}) for number in range(first, first + count)]


def loaded(path: Path | None, count: int = 5) -> Journal:
    journal = Journal(path, name="spring")
    journal.roll.begin()
    assert journal.roll.add(entries(count)) == []
    journal.roll.finish(source="p.csv", fingerprint="1")
    return journal


class Desk:
    """A worker, each step in a transaction of its own."""

    def __init__(self, journal: Journal, *, now: float = NOW, policy: InDoubt = InDoubt.HOLD) -> None:
        self.journal = journal
        with journal.store.writing() as db:
            self.worker = Worker.enter(db, journal.campaign, now, policy=policy, lease=60.0)

    def claim(self, count: int, now: float = NOW) -> list[Entry]:
        with self.journal.store.writing() as db:
            found = self.worker.find(db, now, count)
            self.worker.claim(db, found, now)
        return found

    def mark(self, *marked: Entry) -> set[int]:
        with self.journal.store.writing() as db:
            return self.worker.mark(db, [(entry, f"<{entry.id}@x>") for entry in marked], NOW)

    def settle(self, entry: Entry, state: State, **facts: object) -> None:
        with self.journal.store.writing() as db:
            self.worker.settle(db, [(entry, Result(entry.key, state, **facts))], NOW)  # type: ignore[arg-type]

    def sweep(self, now: float) -> int:
        with self.journal.store.writing() as db:
            return self.worker.sweep(db, now)


def states(journal: Journal) -> dict[str, int]:
    return {str(state): count for state, count in journal.account.counts().items()}


def test_claim_gives_each_recipient_to_one_worker_only() -> None:
    """In the order of the list, and none twice."""
    journal = loaded(None)
    first, second = Desk(journal), Desk(journal)
    assert [entry.line for entry in (*first.claim(2), *second.claim(9))] == [1, 2, 3, 4, 5]
    assert first.claim(9) == []
    assert states(journal) == {"claimed": 5}


def test_settle_of_a_marked_recipient_keeps_everything(tmp_path: Path) -> None:
    """Code, text, relay, queue and Message-ID are there when the journal is opened again."""
    with loaded(tmp_path / "j.db", 1) as journal:
        desk = Desk(journal)
        (entry,) = desk.claim(1)
        assert desk.mark(entry) == {entry.id}
        facts = {"code": 250, "enhanced": "2.0.0", "text": "ok", "relay": "r", "queue_id": "Q", "message_id": "<m>"}
        desk.settle(entry, State.SENT, attempts=1, **facts)
    with Journal(tmp_path / "j.db", must_exist=True) as journal:
        (found,) = journal.account.lines()
    assert {name: getattr(found.result, name) for name in facts} == facts
    assert (found.line, found.result.state, found.result.attempts, found.result.updated_at) == (1, State.SENT, 1, NOW)


def test_deferred_is_not_found_before_its_time() -> None:
    """And is found then, with the attempts that it has had."""
    journal = loaded(None, 1)
    desk = Desk(journal)
    (entry,) = desk.claim(1)
    desk.settle(entry, State.DEFERRED, attempts=1, next_attempt_at=NOW + 60)
    assert desk.claim(1, NOW + 59) == []
    assert journal.account.next_time() == NOW + 60
    (again,) = desk.claim(1, NOW + 60)
    assert (again.attempts, again.first_attempt_at, again.epoch) == (1, NOW, entry.epoch + 1)


# -- when somebody is gone -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (InDoubt.HOLD, {"in_doubt": 1, "pending": 4}),
        (InDoubt.ASSUME_SENT, {"sent": 1, "pending": 4}),
        (InDoubt.RESEND, {"pending": 5}),
    ],
)
def test_sweep_of_a_lease_that_is_over_takes_what_was_claimed(policy: InDoubt, expected: dict[str, int]) -> None:
    """What is claimed has not been sent; what is marked may have been, and the policy decides."""
    journal = loaded(None)
    gone = Desk(journal)
    first, _ = gone.claim(2)
    gone.mark(first)
    other = Desk(journal, policy=policy)
    assert other.sweep(NOW + 59) == 0
    assert other.sweep(NOW + 61) == 2
    assert states(journal) == expected


def test_mark_of_a_worker_that_was_stopped_past_its_lease_is_refused() -> None:
    """Fencing (a worker woken late): whoever has it now sends it, and the late one does not, even after a new claim of its own."""
    journal = loaded(None, 1)
    late, other = Desk(journal), Desk(journal)
    (old,) = late.claim(1)
    other.sweep(NOW + 61)
    assert late.mark(old) == set()
    (new,) = other.claim(1)
    assert late.mark(old) == set()
    late.settle(old, State.SENT)
    assert states(journal) == {"claimed": 1}
    assert other.mark(new) == {new.id}
    with journal.store.writing() as db:
        assert not late.worker.renew(db, NOW + 62)


def test_reply_that_comes_late_settles_what_was_in_doubt() -> None:
    """The lease was over, but the reply was read all the same: it is what has happened."""
    journal = loaded(None, 1)
    late, other = Desk(journal), Desk(journal)
    (entry,) = late.claim(1)
    late.mark(entry)
    other.sweep(NOW + 61)
    assert states(journal) == {"in_doubt": 1}
    late.settle(entry, State.SENT, code=250)
    assert states(journal) == {"sent": 1}


def test_sweep_after_the_clock_was_set_back_does_not_wait_for_an_hour() -> None:
    """A lease that ends later than any can is over."""
    journal = loaded(None)
    Desk(journal, now=NOW + 3_600).claim(2)
    assert Desk(journal).claim(9) == Desk(journal).claim(9) + journal_entries(journal)


def journal_entries(journal: Journal) -> list[Entry]:
    """Those in hand, as the worker that took them all over sees them."""
    with journal.store.reading() as db:
        rows = db.execute(
            "SELECT r.key, r.line, r.id, r.epoch, r.first_attempt_at FROM recipient r WHERE state = 'claimed' "
            "ORDER BY r.next_attempt_at, r.id"
        ).fetchall()
    return [
        Entry(key, line, {"name": str(line)}, identifier, epoch, 0, first)
        for key, line, identifier, epoch, first in rows
    ]


def test_leave_gives_back_what_was_not_sent() -> None:
    """A run that ends in order leaves nothing in hand."""
    journal = loaded(None)
    desk = Desk(journal)
    desk.claim(3)
    with journal.store.writing() as db:
        desk.worker.leave(db, NOW)
    assert states(journal) == {"pending": 5}


# -- what a person tells it ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verdict", "state"), [(Verdict.SENT, "sent"), (Verdict.FAILED, "failed"), (Verdict.RESEND, "pending")]
)
def test_resolve_changes_those_in_doubt_only(verdict: Verdict, state: str) -> None:
    """All of them, or those that are named."""
    journal = loaded(None, 3)
    desk = Desk(journal)
    first, second, third = desk.claim(3)
    desk.settle(first, State.IN_DOUBT)
    desk.settle(second, State.IN_DOUBT)
    desk.settle(third, State.SENT)
    assert journal.control.resolve(verdict, keys=[first.key, third.key]) == 1
    assert journal.control.resolve(verdict) == 1
    assert states(journal) == ({"sent": 3} if state == "sent" else {"sent": 1, state: 2})


def test_retry_lets_the_deferred_go_at_once_and_never_who_has_it() -> None:
    """Who is sent or in doubt must not be tried again by it."""
    journal = loaded(None, 2)
    desk = Desk(journal)
    first, second = desk.claim(2)
    desk.settle(first, State.DEFERRED, attempts=1, next_attempt_at=NOW + 999)
    desk.settle(second, State.FAILED)
    assert journal.control.retry() == 1
    assert [entry.key for entry in desk.claim(9)] == [first.key]
    assert journal.control.retry([State.FAILED]) == 1
    for state in (State.SENT, State.IN_DOUBT, State.SUPPRESSED):
        with pytest.raises(ConfigError, match="cannot be tried again"):
            journal.control.retry([state])


# -- the list --------------------------------------------------------------------------------------------------------


def test_list_read_again_keeps_who_has_it_and_drops_who_is_gone() -> None:
    """Nobody gets it twice because the list was edited."""
    journal = loaded(None, 3)
    desk = Desk(journal)
    desk.settle(desk.claim(1)[0], State.SENT)
    journal.roll.begin()
    assert [entry.line for entry, _ in journal.roll.add([*entries(2), *entries(1), *entries(1, first=9)])] == [1]
    journal.roll.finish(source="p.csv", fingerprint="2")
    assert [(one.line, one.result.state) for one in journal.account.lines()] == [
        (1, State.SENT),
        (2, State.PENDING),
        (9, State.PENDING),
    ]


def test_turn_to_read_the_list_is_one_processs_at_a_time() -> None:
    """And passes on when that one is gone."""
    journal = loaded(None)
    first, second = Desk(journal), Desk(journal)
    assert journal.roll.take_turn(first.worker.id)
    assert not journal.roll.take_turn(second.worker.id)
    second.sweep(NOW + 61)
    assert journal.roll.take_turn(second.worker.id)


# -- the file --------------------------------------------------------------------------------------------------------


def test_journals_of_two_campaigns_in_one_file_are_apart(tmp_path: Path) -> None:
    """Each has its own recipients and secret."""
    with loaded(tmp_path / "j.db", 2) as spring, Journal(tmp_path / "j.db", name="summer") as summer:
        assert spring.secret != summer.secret
        assert (len(states(spring)), states(summer)) == (1, {})
    assert Journal.names(tmp_path / "j.db") == ["spring", "summer"]
    with pytest.raises(JournalError, match="2 campaigns") as caught:
        Journal(tmp_path / "j.db", must_exist=True)
    assert "--name 'spring' or --name 'summer'" in caught.value.hint


def other_database(path: Path) -> None:
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE x (y)")


def newer(path: Path) -> None:
    loaded(path).close()
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: path.write_text("no database at all, but quite some text " * 100), "is no journal"),
        (other_database, "is a database, but no mailkit journal"),
        (newer, "another version of mailkit"),
        (lambda path: path.mkdir(), "cannot be used"),
    ],
)
def test_journal_of_a_file_that_is_none_is_refused(tmp_path: Path, make: Callable[[Path], object], said: str) -> None:
    """And the file is left as it was."""
    path = tmp_path / "j.db"
    make(path)
    before = path.read_bytes() if path.is_file() else b""
    with pytest.raises(JournalError, match=said):
        Journal(path, name="x")
    assert (path.read_bytes() if path.is_file() else b"") == before


def test_journal_in_many_threads_at_once_is_made_once(tmp_path: Path) -> None:
    """Whoever is first makes it; the others wait."""
    found: list[bytes] = []

    def work() -> None:
        with Journal(tmp_path / "j.db", name="spring") as journal:
            found.append(journal.secret)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1


_VERSION_1 = """
CREATE TABLE campaign (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, secret BLOB NOT NULL, source TEXT NOT NULL,
    fingerprint TEXT NOT NULL, is_loaded INTEGER NOT NULL DEFAULT 0, generation INTEGER NOT NULL DEFAULT 0, created_at TEXT NOT NULL);
CREATE TABLE recipient (campaign INTEGER NOT NULL REFERENCES campaign (id), key TEXT NOT NULL, line INTEGER NOT NULL,
    generation INTEGER NOT NULL, data TEXT NOT NULL, state TEXT NOT NULL DEFAULT 'pending', attempts INTEGER NOT NULL DEFAULT 0,
    code INTEGER NOT NULL DEFAULT 0, enhanced TEXT NOT NULL DEFAULT '', text TEXT NOT NULL DEFAULT '', relay TEXT NOT NULL DEFAULT '',
    queue_id TEXT NOT NULL DEFAULT '', message_id TEXT NOT NULL DEFAULT '', owner TEXT NOT NULL DEFAULT '', epoch INTEGER NOT NULL DEFAULT 0,
    lease_until REAL, next_attempt_at REAL, updated_at TEXT NOT NULL, PRIMARY KEY (campaign, key)) WITHOUT ROWID;
CREATE INDEX recipient_by_state ON recipient (campaign, state, line);
CREATE TABLE bad_row (campaign INTEGER NOT NULL REFERENCES campaign (id), line INTEGER NOT NULL, kind TEXT NOT NULL,
    problem TEXT NOT NULL, PRIMARY KEY (campaign, line)) WITHOUT ROWID;
INSERT INTO campaign VALUES (1, 'spring', x'0102', 'p.csv', 'f', 1, 1, '2026-01-01T00:00:00+00:00');
INSERT INTO recipient (campaign, key, line, generation, data, state, attempts, updated_at)
    VALUES (1, 'b@x.org', 1, 1, '{"name": "B"}', 'sent', 1, '2026-01-01T00:00:00+00:00'),
           (1, 'a@x.org', 2, 1, '{"name": "A"}', 'claimed', 0, '2026-01-01T00:00:00+00:00'),
           (1, 'c@x.org', 3, 1, '{"name": "C"}', 'in doubt', 1, '2026-01-01T00:00:00+00:00'),
           (1, 'd@x.org', 4, 1, '{"name": "D"}', 'pending', 0, '2026-01-01T00:00:00+00:00');
INSERT INTO bad_row VALUES (1, 5, 'invalid', 'no address');
"""


def test_journal_of_the_first_version_is_brought_up_to_date(tmp_path: Path) -> None:
    """Who has it keeps it; what was claimed then may have been sent, and is in doubt."""
    with sqlite3.connect(tmp_path / "j.db") as db:
        db.executescript(_VERSION_1)
        db.execute(f"PRAGMA application_id = {schema.APPLICATION}")
        db.execute("PRAGMA user_version = 1")
    db.close()
    with Journal(tmp_path / "j.db", name="spring") as journal:
        assert [(one.result.key, one.result.state) for one in journal.account.lines()] == [
            ("b@x.org", State.SENT),
            ("a@x.org", State.IN_DOUBT),
            ("c@x.org", State.IN_DOUBT),
            ("d@x.org", State.PENDING),
        ]
        assert journal.secret == b"\x01\x02"
        assert (journal.roll.is_loaded, journal.roll.fingerprint) == (True, "f")
        assert journal.account.bad_rows(limit=9) == ([(5, "invalid", "no address")], {"invalid": 1})
        assert [entry.data for entry in Desk(journal).claim(9)] == [{"name": "D"}]


def test_journal_without_a_file_when_there_is_no_room_says_where_it_is_wanted() -> None:
    """It has no path to tell, and nothing of it is kept: no word of the same command that goes on."""
    with Journal(None, name="spring") as journal:
        with journal.store.reading() as db:
            db.execute("PRAGMA max_page_count = 40")
        journal.roll.begin()
        with pytest.raises(JournalError, match="no room for a temporary one") as raised:
            journal.roll.add([Entry(f"n{number}@example.com", number, {"x": "y" * 999}) for number in range(999)])
    assert "--journal FILE" in raised.value.hint
