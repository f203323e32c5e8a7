"""The journal: what it knows, and that it keeps it."""

import os
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from mailkit.bulk import Entry, Journal, Result, State
from mailkit.errors import JournalError


def entries(count: int) -> list[Entry]:
    return [Entry(f"{n}@example.com", n + 2, {"email": f"{n}@example.com", "name": f"Zoë {n}"}) for n in range(count)]


def loaded(path: Path | None, count: int, name: str = "spring") -> Journal:
    journal = Journal(path, name=name)
    journal.begin_loading()
    journal.load(entries(count))
    journal.finish_loading(source="people.csv", fingerprint="f")
    return journal


def test_claim_gives_each_recipient_once_in_the_order_of_lines() -> None:
    """Nobody is handed out twice."""
    with loaded(None, 3) as journal:
        assert [journal.claim() for _ in range(4)] == [*entries(3), None]
        assert journal.counts() == {State.CLAIMED: 3}


def test_claim_after_a_result_writes_it_down() -> None:
    """The last recipient's end and the next one's claim are one step."""
    with loaded(None, 2) as journal:
        first = journal.claim()
        second = journal.claim(after=Result(first.key, State.SENT, code=250, queue_id="q1", attempts=2))
        assert second.line == 3
        assert journal.claim(after=Result(second.key, State.FAILED, code=550, enhanced="5.1.1", text="no")) is None
        assert journal.counts() == {State.SENT: 1, State.FAILED: 1}
        assert journal.results(State.FAILED, limit=9) == [(3, Result(second.key, State.FAILED, 550, "5.1.1", "no"))]
        assert journal.results(State.SENT, limit=9)[0][1].attempts == 2


@pytest.mark.parametrize("state", list(State))
def test_write_with_every_state_keeps_it(state: State) -> None:
    """All states of the design can be kept."""
    with loaded(None, 1) as journal:
        journal.write(Result("0@example.com", state))
        assert journal.counts() == {state: 1}


@pytest.mark.parametrize(
    "state", [State.SENT, State.FAILED, State.SKIPPED, State.IN_DOUBT, State.SUPPRESSED, State.EXPIRED]
)
def test_begin_run_with_an_end_state_leaves_it(state: State) -> None:
    """What is definite is not tried again."""
    with loaded(None, 1) as journal:
        journal.write(Result("0@example.com", state, attempts=1))
        journal.begin_run()
        assert journal.claim() is None


def test_begin_run_with_deferred_recipients_gives_them_another_chance() -> None:
    """A later run tries the deferred again, and attempts add up."""
    with loaded(None, 1) as journal:
        journal.write(Result("0@example.com", State.DEFERRED, attempts=3))
        assert journal.claim() is None
        journal.begin_run()
        entry = journal.claim()
        journal.write(Result(entry.key, State.SENT, attempts=1))
        assert journal.results(State.SENT, limit=1)[0][1].attempts == 4


def test_load_with_a_recipient_that_is_there_tells_the_first_line() -> None:
    """A campaign knows everyone once."""
    with Journal(None, name="x") as journal:
        journal.begin_loading()
        twin = Entry("0@example.com", 9, {})
        assert journal.load([*entries(1), twin]) == [(twin, 2)]
        assert journal.load([twin]) == [(twin, 2)]
        assert journal.counts() == {State.PENDING: 1}


def test_pending_goes_through_all_without_claiming() -> None:
    """Looking changes nothing, however many there are."""
    with loaded(None, 1200) as journal:
        assert [entry.line for entry in journal.pending()] == list(range(2, 1202))
        assert journal.peek() == entries(1)[0]
        assert journal.counts() == {State.PENDING: 1200}


def test_bad_rows_are_kept_and_counted(tmp_path: Path) -> None:
    """What was not sent, and why, is in the journal too."""
    with loaded(tmp_path / "j.db", 1) as journal:
        journal.note_bad_rows([(7, "duplicate", "d"), (5, "invalid", "i"), (6, "invalid", "j")])
    with Journal(tmp_path / "j.db", name="spring") as journal:
        rows = [(5, "invalid", "i"), (6, "invalid", "j")]
        assert journal.bad_rows(limit=2) == (rows, {"invalid": 2, "duplicate": 1})


def test_journal_after_closing_knows_everything(tmp_path: Path) -> None:
    """List, states, secret and fingerprint outlive the program."""
    with loaded(tmp_path / "j.db", 3) as journal:
        first = journal.claim()
        journal.write(Result(first.key, State.SENT))
        secret = journal.secret
    with Journal(tmp_path / "j.db", name="spring") as journal:
        assert journal.is_loaded
        assert journal.has_begun
        assert (journal.fingerprint, journal.secret) == ("f", secret)
        assert journal.counts() == {State.SENT: 1, State.PENDING: 2}
        assert journal.peek() == entries(2)[1]


def test_journal_with_several_campaigns_keeps_them_apart(tmp_path: Path) -> None:
    """One file may hold many campaigns; each has its own list, states and secret."""
    with loaded(tmp_path / "j.db", 2) as spring:
        spring.write(Result("0@example.com", State.SENT))
        secret = spring.secret
    with loaded(tmp_path / "j.db", 3, name="autumn") as autumn:
        assert autumn.counts() == {State.PENDING: 3}
        assert autumn.secret != secret
        assert len(secret) == 32


def test_journal_that_was_left_with_a_claim_has_it_in_doubt(tmp_path: Path) -> None:
    """What was on its way when the run ended may have arrived: it is never sent again by itself."""
    with loaded(tmp_path / "j.db", 2) as journal:
        journal.claim()
    with Journal(tmp_path / "j.db", name="spring") as journal:
        assert journal.counts() == {State.IN_DOUBT: 1, State.PENDING: 1}
        assert "cut off" in journal.results(State.IN_DOUBT, limit=1)[0][1].text
        journal.begin_run()
        assert journal.claim().line == 3
        assert journal.claim() is None


@pytest.mark.slow
def test_journal_of_a_process_that_was_killed_has_lost_nothing(tmp_path: Path) -> None:
    """What was written down before the kill is there after it."""
    script = """
import os, signal, sys
from mailkit.bulk import Entry, Journal, Result, State
journal = Journal(sys.argv[1], name="spring")
journal.begin_loading()
journal.load([Entry(f"{n}@example.com", n, {}) for n in range(5)])
journal.finish_loading(source="", fingerprint="")
first = journal.claim()
journal.claim(after=Result(first.key, State.SENT))
os.kill(os.getpid(), signal.SIGKILL)
"""
    ended = subprocess.run([sys.executable, "-c", script, tmp_path / "j.db"], timeout=60, check=False)
    assert ended.returncode == -9
    with Journal(tmp_path / "j.db", name="spring") as journal:
        assert journal.counts() == {State.SENT: 1, State.IN_DOUBT: 1, State.PENDING: 3}


@pytest.mark.slow
def test_journal_in_use_refuses_a_second_run(tmp_path: Path) -> None:
    """Two runs at once would send twice."""
    with loaded(tmp_path / "j.db", 1), pytest.raises(JournalError, match="in use by another run"):
        Journal(tmp_path / "j.db", name="spring")


@pytest.mark.slow
def test_journal_in_use_by_another_process_refuses_a_second_run(tmp_path: Path) -> None:
    """Two runs at once would send twice, wherever they run."""
    script = "import sys; from mailkit.bulk import Journal; Journal(sys.argv[1], name='x')"
    with loaded(tmp_path / "j.db", 1):
        ended = subprocess.run(
            [sys.executable, "-c", script, tmp_path / "j.db"], timeout=60, check=False, capture_output=True
        )
    assert b"in use by another run" in ended.stderr


@pytest.mark.parametrize("content", [b"email,name\n" * 200, b"\0" * 5000, b"SQLite format 3\0" + b"x" * 500])
def test_journal_that_is_another_file_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    """Naming the list in place of the journal does no harm."""
    path = tmp_path / "people.csv"
    path.write_bytes(content)
    with pytest.raises(JournalError) as caught:
        Journal(path, name="x")
    assert str(path) in str(caught.value)
    assert path.read_bytes() == content
    assert sorted(tmp_path.iterdir()) == [path]


def test_journal_that_is_another_programs_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    """Not a byte of another database is changed."""
    path = tmp_path / "theirs.db"
    other = sqlite3.connect(path)
    other.executescript("CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1);")
    other.close()
    before = path.read_bytes()
    with pytest.raises(JournalError, match="no mailkit journal"):
        Journal(path, name="x")
    assert path.read_bytes() == before
    assert sorted(tmp_path.iterdir()) == [path]


def test_journal_of_another_version_is_refused(tmp_path: Path) -> None:
    """A format of the future is not guessed at."""
    loaded(tmp_path / "j.db", 1).close()
    other = sqlite3.connect(tmp_path / "j.db")
    other.execute("PRAGMA user_version = 99")
    other.close()
    with pytest.raises(JournalError, match="format 99"):
        Journal(tmp_path / "j.db", name="spring")


def test_journal_that_is_an_empty_file_is_begun(tmp_path: Path) -> None:
    """An empty file, as mktemp makes it, becomes a journal."""
    (tmp_path / "j.db").touch()
    with loaded(tmp_path / "j.db", 1) as journal:
        assert journal.counts() == {State.PENDING: 1}


@pytest.mark.parametrize("name", ["nope/j.db", "file/j.db", "."])
def test_journal_that_cannot_be_made_is_refused(tmp_path: Path, name: str) -> None:
    """Nothing is sent without a journal that can be written."""
    (tmp_path / "file").touch()
    with pytest.raises(JournalError, match="cannot be used") as caught:
        Journal(tmp_path / name, name="x")
    assert caught.value.hint


def test_journal_in_a_folder_without_rights_is_refused(tmp_path: Path) -> None:
    """A folder that cannot be written to holds no journal."""
    folder = tmp_path if os.geteuid() else Path("/proc")  # nothing else stops root
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(JournalError):
            Journal(folder / "j.db", name="x")
    finally:
        tmp_path.chmod(0o700)


def test_journal_in_many_threads_hands_nobody_out_twice(tmp_path: Path) -> None:
    """The claims of eight threads do not overlap."""
    claimed: list[str] = []
    with loaded(tmp_path / "j.db", 80) as journal:

        def work() -> None:
            result = None
            while entry := journal.claim(after=result):
                claimed.append(entry.key)
                result = Result(entry.key, State.SENT)

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(claimed) == sorted(entry.key for entry in entries(80))
        assert journal.counts() == {State.SENT: 80}


def test_begin_loading_before_anything_was_sent_forgets_the_old_list() -> None:
    """A list that was read half, or mended before the first message, is simply read anew."""
    with loaded(None, 3) as journal:
        journal.note_bad_rows([(9, "invalid", "x")])
        journal.begin_loading()
        assert not journal.is_loaded
        assert journal.counts() == {}
        assert journal.bad_rows(limit=9) == ([], {})


def test_finish_loading_after_sending_began_takes_the_new_list_as_the_truth() -> None:
    """Whoever has the message keeps its state; the rest are those on the new list, with its data."""
    with loaded(None, 4) as journal:
        journal.write(Result("0@example.com", State.SENT, attempts=1))
        journal.write(Result("1@example.com", State.DEFERRED, attempts=1))
        journal.begin_loading()
        journal.load([Entry("3@example.com", 2, {"name": "mended"}), Entry("9@example.com", 3, {})])
        journal.finish_loading(source="people.csv", fingerprint="g")
        journal.begin_run()
        assert journal.counts() == {State.SENT: 1, State.PENDING: 2}
        assert [journal.claim(), journal.claim()] == [
            Entry("3@example.com", 2, {"name": "mended"}),
            Entry("9@example.com", 3, {}),
        ]


def test_journal_on_a_full_disk_says_so_and_loses_nothing(tmp_path: Path) -> None:
    """What did not fit is rolled back as a whole; when there is room again, the journal goes on."""
    with Journal(tmp_path / "j.db", name="spring") as journal:
        journal.begin_loading()
        pages = journal._db.execute("PRAGMA page_count").fetchone()[0]
        journal._db.execute(f"PRAGMA max_page_count = {pages + 1}")
        big = [Entry(f"{number}@example.com", number, {"text": "x" * 50_000}) for number in range(3)]
        with pytest.raises(JournalError, match="full"):
            journal.load(big)
        assert journal.counts() == {}
        journal._db.execute("PRAGMA max_page_count = 100000")
        assert journal.load(big) == []
        assert journal.counts() == {State.PENDING: 3}
