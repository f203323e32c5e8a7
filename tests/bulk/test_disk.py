"""A journal that cannot be written: nothing leaves that is not marked on the disk, and with room the same command goes on."""

import json
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from mailkit import Mailer, MessageBuilder, clock
from mailkit.bulk import Addressing, Entry, Journal, Recipients, State
from mailkit.bulk.clerk import Rules
from mailkit.bulk.helm import Helm
from mailkit.bulk.limits import Limits
from mailkit.bulk.load import load
from mailkit.bulk.runner import Runner
from mailkit.clock import SystemSource
from mailkit.errors import JournalError
from mailkit.message import Message
from mailkit.smtp import Received, Reply
from mailkit.transport import Status
from tests.bulk.test_campaign import TEMPLATE, Scripted, everyone, listed, people
from tests.kit.daemon import need
from tests.kit.relay import Relay, relay
from tests.kit.room import Room, missing, room

COUNT = 60
CONNECTIONS = 4
AFTER = 20  # messages that arrive before something happens to the disk
ROOT = Path(__file__).parents[2]
GONE = Reply.of(550, "5.1.1 No such user")

slow = pytest.mark.slow  # those that start commands


class Ahead(SystemSource):
    """The machine's clock two minutes later, behind the end of every lease."""

    def now(self) -> datetime:
        return super().now() + timedelta(minutes=2)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Room]:
    """Four megabytes, with the list and the template beside it on the disk of the tests."""
    need("a disk in memory", missing())
    listed(tmp_path / "p.csv", COUNT)
    (tmp_path / "hello.txt").write_text(TEMPLATE)
    (tmp_path / "disk").mkdir()
    with room(tmp_path / "disk", size=4 << 20) as made:
        yield made


def batch(folder: Path, server: Relay, *more: object) -> list[str]:
    """The command that sends, the same every time."""
    url = f"{server.url}?window=0"  # one message on its way in each connection
    command = [sys.executable, "-m", "mailkit", "batch", folder / "hello.txt", folder / "p.csv", "--via", url]
    command += ["--from", "ada@example.com", "--connections", CONNECTIONS, "--no-preflight", "--yes", "--json", *more]
    return list(map(str, command))


def start(command: list[str]) -> subprocess.Popen[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAILKIT_")}
    environment["PYTHONPATH"] = str(ROOT)
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def ended(process: subprocess.Popen[str]) -> subprocess.CompletedProcess[str]:
    with process:
        try:
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return ended(start(command))


def stops(done: subprocess.CompletedProcess[str], *said: str) -> None:
    """The command has ended with an error for people."""
    assert done.returncode == 2, done.stderr
    told = f"{json.loads(done.stdout)} {done.stderr}"
    assert "Traceback" not in told
    assert all(word in told for word in said), told


def states(journal: Path, copy: Path) -> dict[str, State]:
    """The state of each recipient as it is in the files, whoever has them open: what a power cut would leave."""
    copy.mkdir()
    for path in sorted(journal.parent.glob(f"{journal.name}*")):
        if not path.name.endswith("-shm"):
            shutil.copy(path, copy)
    with closing(sqlite3.connect(copy / journal.name)) as db:
        found = {key: State(state) for key, state in db.execute("SELECT key, state FROM recipient")}
    shutil.rmtree(copy)
    return found


class Watch:
    """Looks into the journal whenever a message has arrived whole, before the relay answers; at one moment something happens."""

    def __init__(self, journal: Path, copies: Path, *, after: int = AFTER) -> None:
        self.journal, self.copies, self.after = journal, copies, after
        self.seen: list[tuple[str, State]] = []
        self.then = lambda: None

    def __call__(self, received: Received) -> None:
        (address,) = received.recipients
        known = states(self.journal, self.copies / f"copy-{address}")
        self.seen.append((address, known[address]))
        if len(self.seen) == self.after:
            self.then()


def judge(server: Relay, done: subprocess.CompletedProcess[str], *, count: int = COUNT) -> dict[str, int]:
    """Nobody twice, nobody lost without being told, and no more in doubt than was on its way."""
    report: dict[str, int] = json.loads(done.stdout)
    assert max(server.copies.values()) == 1
    assert server.copies <= everyone(count)
    assert report["sent"] + report["in_doubt"] == count
    assert report["in_doubt"] <= CONNECTIONS
    assert len(server.copies) >= report["sent"]
    assert done.returncode == (3 if report["in_doubt"] else 0)
    assert "Traceback" not in done.stderr
    return report


# -- no room -----------------------------------------------------------------------------------------------------------


@slow
@pytest.mark.parametrize("processes", [1, 2])
def test_journal_when_its_disk_is_full_then_sending_stops_and_goes_on_with_room(
    disk: Room, tmp_path: Path, processes: int
) -> None:
    """Whatever has left was marked on the disk before; with room the same command sends the rest."""
    watch = Watch(disk.seen / "j.db", tmp_path)
    watch.then = disk.fill
    with relay(on_message=watch) as server:
        command = disk.within(*batch(tmp_path, server, "--journal", "j.db", "--processes", processes))
        stops(run(command), "the disk is full", "Make room")
        before = len(server.received)
        assert AFTER <= before < AFTER + 2 * CONNECTIONS  # some may have been marked while the disk became full
        known = states(disk.seen / "j.db", tmp_path / "copy")
        assert {known[address] for address in server.copies} <= {State.DOT, State.SENT}
        stops(run(command), "the disk is full")
        assert len(server.received) == before
        disk.clear()
        done = run(command)
    assert judge(server, done)["in_doubt"] > 0  # of the last one the journal does not know that it has arrived
    assert {state for _, state in watch.seen} == {State.DOT}


@slow
def test_journal_when_its_disk_is_too_small_for_the_list_then_nothing_is_sent(disk: Room, tmp_path: Path) -> None:
    """Half a list is none: with room it is read again, and everybody gets one."""
    listed(tmp_path / "p.csv", 3_000)
    disk.fill()
    os.truncate(disk.seen / "ballast", (4 << 20) - (256 << 10))
    with relay() as server:
        command = disk.within(*batch(tmp_path, server, "--journal", "j.db", "--limit", COUNT))
        stops(run(command), "the disk is full")
        assert server.received == []
        disk.clear()
        report = json.loads(run(command).stdout)
    assert (report["sent"], report["pending"], report["in_doubt"]) == (COUNT, 3_000 - COUNT, 0)
    assert server.copies == everyone(COUNT)


@slow
@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="the limits of another process are set on Linux only")
def test_journal_when_its_disk_fails_then_sending_stops_and_goes_on_when_it_is_well(tmp_path: Path) -> None:
    """Not full, but an error in the middle of a run."""
    journal = tmp_path / "j.db"
    listed(tmp_path / "p.csv", COUNT)
    (tmp_path / "hello.txt").write_text(TEMPLATE)
    watch = Watch(journal, tmp_path)
    with relay(on_message=watch) as server:
        command = batch(tmp_path, server, "--journal", journal)
        process = start(command)

        def fail() -> None:
            size = Path(f"{journal}-wal").stat().st_size
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (size, size))  # files get no longer

        watch.then = fail
        stops(ended(process), "disk I/O error", "Check the path")
        assert len(server.received) < AFTER + 2 * CONNECTIONS
        done = run(command)
    judge(server, done)
    assert {state for _, state in watch.seen} == {State.DOT}


# -- read-only ---------------------------------------------------------------------------------------------------------


@slow
def test_journal_when_its_disk_is_read_only_then_nothing_is_sent(disk: Room, tmp_path: Path) -> None:
    """Not one message without the journal, neither at the beginning of a campaign nor in the middle."""
    with relay() as server:
        command = disk.within(*batch(tmp_path, server, "--journal", "j.db"))
        for sent in (0, 7):
            disk.lock()
            stops(run(command), "cannot be used", "Check the path, its rights and the disk.")
            assert len(server.received) == sent
            disk.unlock()
            if not sent:
                assert run([*command, "--limit", "7"]).returncode == 1
        done = run(command)
    judge(server, done)
    assert server.copies == everyone(COUNT)


def test_journal_when_it_becomes_read_only_in_a_run_then_the_run_ends_with_its_error(tmp_path: Path) -> None:
    """What was marked when that happened is in doubt, and the rest waits for the next run."""
    with Journal(tmp_path / "j.db", name="spring") as journal:
        load(Recipients(people(9)), journal, Addressing(), accept_changes=False)

        def lock() -> Status:
            with journal.store.reading() as db:
                db.execute("PRAGMA query_only = ON")
            return Status.ACCEPTED

        transport = Scripted(n3=[lock])
        with pytest.raises(JournalError, match=r"j\.db.*readonly"):
            Helm().run(runner(journal, transport))
    assert [email for email, _ in transport.seen] == [f"n{number}@example.com" for number in range(4)]
    # The first run could not say that it is over, and this process lives: its lease has to run out.
    with clock.using(Ahead()), Journal(tmp_path / "j.db", name="spring") as journal:
        again = Scripted()
        Helm().run(runner(journal, again))
        assert journal.account.counts() == {State.SENT: 8, State.IN_DOUBT: 1}
    assert Counter(email for email, _ in [*transport.seen, *again.seen]) == everyone(9)


def runner(journal: Journal, transport: Scripted) -> Runner:
    def compose(entry: Entry) -> Message:
        return MessageBuilder().from_("ada@example.com").to(entry.key).text("Hello").build()

    mailer = Mailer(transport)
    return Runner(journal, transport, mailer.desk, compose, rules=Rules(), limits=Limits(), reconnect=mailer.retry)


# -- the list of those who are never written to ------------------------------------------------------------------------


@slow
def test_suppressions_when_their_disk_is_full_then_sending_stops_and_the_gone_are_noted_with_room(
    disk: Room, tmp_path: Path
) -> None:
    """Who does not exist is not forgotten because there was no room to write that down."""
    refuse = {f"n{number}@example.com": GONE for number in (25, 50)}

    def fill(received: Received) -> None:
        if len(server.received) == AFTER:
            disk.fill()

    with relay(refuse=refuse, on_message=fill) as server:
        more = ("--journal", tmp_path / "j.db", "--suppressions", "s.db")
        command = disk.within(*batch(tmp_path, server, *more))
        stops(run(command), "list of suppressed addresses", "the disk is full", "Make room")
        assert AFTER <= len(server.received) < COUNT - 2
        disk.clear()
        report = json.loads(run(command).stdout)
        shown = run(
            disk.within(sys.executable, "-m", "mailkit", "suppress", "list", "--suppressions", "s.db", "--json")
        )
    assert max(server.copies.values()) == 1
    assert (report["failed"], report["sent"] + report["in_doubt"]) == (2, COUNT - 2)
    assert report["in_doubt"] <= CONNECTIONS
    assert {one["entry"] for one in json.loads(shown.stdout)["suppressions"]} == set(refuse)


@slow
def test_suppressions_when_their_disk_is_read_only_then_nothing_is_sent(disk: Room, tmp_path: Path) -> None:
    """It is not sent without the list; and with it, not to those who are on it."""
    with relay() as server:
        command = disk.within(*batch(tmp_path, server, "--journal", tmp_path / "j.db", "--suppressions", "s.db"))
        add = disk.within(
            sys.executable, "-m", "mailkit", "suppress", "add", "n7@example.com", "--suppressions", "s.db"
        )
        assert run(add).returncode == 0
        disk.lock()
        stops(run(command), "list of suppressed addresses", "cannot be used")
        assert server.received == []
        disk.unlock()
        assert run(command).returncode == 0
    assert server.copies == everyone(COUNT) - Counter(["n7@example.com"])
