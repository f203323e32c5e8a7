"""The flags of ``mailkit batch`` that say when, how fast, how often and for how long: each does what its help says."""

import json
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest
from openpyxl import Workbook

from mailkit import Message, clock
from mailkit.bulk import Journal, State
from mailkit.smtp import Reply
from mailkit.testing import FrozenClock
from tests.kit.command import Command, Ended
from tests.kit.relay import relay


@pytest.fixture(autouse=True)
def _files(folder: Path) -> None:
    (folder / "a.txt").write_text("Subject: Hi {{ name }}\n\nDear {{ name }}")
    (folder / "people.csv").write_text("email,name\n" + "".join(f"n{n}@example.com,Zoë {n}\n" for n in range(6)))


def batch(mailkit: Command, *more: object, people: str = "people.csv") -> Ended:
    return mailkit("batch", "a.txt", people, "--from", "ada@example.com", *more)


def sent(ended: Ended) -> dict[str, object]:
    return json.loads(ended.out)  # type: ignore[no-any-return]


def counts(path: Path) -> dict[State, int]:
    with Journal(path, must_exist=True) as journal:
        return journal.account.counts()


# -- what goes out ---------------------------------------------------------------------------------------------------------


def test_sample_writes_messages_to_look_at(mailkit: Command, folder: Path) -> None:
    """As many as were asked for, each as it would go."""
    ended = batch(mailkit, "--dry-run", "--sample", "2")
    assert ended.code == 0
    found = sorted(folder.glob("samples/*.eml"))
    assert [Message.parse(path.read_bytes()).to[0].email for path in found] == ["n0@example.com", "n1@example.com"]


def test_strict_with_a_bad_row_sends_nothing_and_names_it(mailkit: Command, folder: Path) -> None:
    """Without it the others would get theirs."""
    with (folder / "people.csv").open("a") as file:
        file.write("nobody,Nobody\n")
    ended = batch(mailkit, "--via", "file:outbox", "--strict")
    assert (ended.code, "people.csv" in ended.err, list(folder.glob("outbox/*.eml"))) == (2, True, [])
    assert batch(mailkit, "--via", "file:outbox").code == 1
    assert len(list(folder.glob("outbox/*.eml"))) == 6


@pytest.mark.parametrize(("flag", "reached"), [("--preflight", 0), ("--no-preflight", 5)])
def test_preflight_finds_what_fails_for_the_last_before_the_first_is_sent(
    mailkit: Command, folder: Path, flag: str, reached: int
) -> None:
    """A template that is broken for one row is broken for all who come to look; --no-preflight sends up to there."""
    (folder / "a.txt").write_text("Subject: x\n\n{{ 1 / (name[-1:] | int - 5) }}")
    ended = batch(mailkit, "--via", "file:outbox", flag, *(["--strict"] if flag == "--preflight" else []))
    assert ended.code == (1 if reached else 2)
    assert len(list(folder.glob("outbox/*.eml"))) == reached


def test_return_path_with_a_token_is_each_recipients_own(mailkit: Command) -> None:
    """Where a bounce comes back to says whose it is."""
    with relay() as server:
        assert batch(mailkit, "--via", server.url, "--return-path", "bounces+{token}@news.example.com").code == 0
    senders = {received.sender for received in server.received}
    assert len(senders) == 6
    assert all(sender.startswith("bounces+") and sender.endswith("@news.example.com") for sender in senders)


# -- when, and how fast ----------------------------------------------------------------------------------------------------


def test_processes_share_the_work(mailkit: Command, folder: Path) -> None:
    """And each recipient gets one."""
    with relay() as server:
        assert (
            batch(mailkit, "--via", server.url, "--journal", "j.db", "--processes", "2", "--connections", "2").code == 0
        )
    assert sorted(server.copies.values()) == [1] * 6


@pytest.mark.parametrize("rates", [["gmail.com=50/s"], ["200/s"], ["gmail.com=50/s", "200/s"]])
def test_domain_rate_of_a_provider_or_of_all_is_kept_in_the_journal(
    mailkit: Command, folder: Path, rates: list[str]
) -> None:
    """So that the next process, and the next run, go on from there."""
    (folder / "people.csv").write_text("email,name\n" + "".join(f"n{n}@gmail.com,Zoë\n" for n in range(6)))
    flags = [part for rate in rates for part in ("--domain-rate", rate)]
    assert batch(mailkit, "--via", "null:", "--journal", "j.db", *flags).code == 0
    with sqlite3.connect(folder / "j.db") as db:
        (found,) = db.execute("SELECT rate FROM pace WHERE scope = 'google'").fetchone()
    db.close()
    assert found == (50.0 if "gmail.com=50/s" in rates else 200.0)


@pytest.mark.parametrize("rate", ["gmail.com=", "gmail.com=fast", "=", "5/year"])
def test_domain_rate_that_is_none_is_refused(mailkit: Command, folder: Path, rate: str) -> None:
    """Before anything is sent."""
    ended = batch(mailkit, "--via", "file:outbox", "--domain-rate", rate)
    assert (ended.code, list(folder.glob("outbox/*"))) == (2, [])


@pytest.mark.parametrize("zone", ["Europe/Berlin", "UTC"])
def test_between_hours_that_are_not_now_sends_nothing_and_says_when(mailkit: Command, folder: Path, zone: str) -> None:
    """With --wait the command does not stay until then."""
    flags = ["--via", "file:outbox", "--wait", "0", "--json", "--timezone", zone]
    noon = FrozenClock(datetime(2026, 7, 1, 11, 30, tzinfo=UTC))  # 13:30 in Berlin
    with clock.using(noon):
        ended = batch(mailkit, *flags, "--between", "11:00-12:00" if zone != "UTC" else "13:00-14:00")
        assert (ended.code, sent(ended)["sent"], sent(ended)["pending"]) == (1, 0, 6)
        assert batch(mailkit, *flags, "--between", "13:00-14:00" if zone != "UTC" else "11:00-12:00").code == 0


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--between", "9-5"], "09:00-18:00"),
        (["--timezone", "Mars/Base", "--between", "09:00-18:00"], "Mars/Base"),
        (["--warm-up", "fast"], "200x1.5"),
        (["--max-refused", "many"], "100, or 5%"),
    ],
)
def test_time_or_number_that_is_none_is_refused(mailkit: Command, flags: list[str], told: str) -> None:
    """With how it is written."""
    ended = batch(mailkit, "--via", "null:", *flags)
    assert (ended.code, told in ended.err) == (2, True)


@pytest.mark.parametrize(
    "flags", [["--daily-quota", "4"], ["--warm-up", "4"], ["--daily-quota", "9", "--warm-up", "4x3"]]
)
def test_quota_of_the_day_ends_the_run_and_the_next_one_of_the_day_sends_nothing(
    mailkit: Command, folder: Path, flags: list[str]
) -> None:
    """It is the journal's, not the run's."""
    found = [
        sent(batch(mailkit, "--via", "file:outbox", "--journal", "j.db", "--wait", "0", "--json", *flags)) for _ in "ab"
    ]
    assert [(one["sent"], one["pending"], one["exit_code"]) for one in found] == [(4, 2, 1)] * 2
    assert len(list(folder.glob("outbox/*.eml"))) == 4


# -- those who were put off, refused, or are in doubt ------------------------------------------------------------------------


def test_attempts_and_expire_end_it_for_who_is_put_off(mailkit: Command, folder: Path) -> None:
    """Tried once is given up after the first reply; with no hours left, so is everybody who is put off."""
    refuse = {"n1@example.com": Reply.of(450, "4.2.0 later")}
    with relay(refuse=refuse) as server:
        assert batch(mailkit, "--via", server.url, "--journal", "a.db", "--attempts", "1").code == 1
        assert batch(mailkit, "--via", server.url, "--journal", "b.db", "--expire", "0").code == 1
        assert batch(mailkit, "--via", server.url, "--journal", "c.db", "--wait", "0").code == 1
    found = [counts(folder / name) for name in ("a.db", "b.db", "c.db")]
    assert [one.get(State.EXPIRED, 0) for one in found] == [1, 1, 0]
    assert [one.get(State.DEFERRED, 0) for one in found] == [0, 0, 1]


def test_wait_stays_until_who_was_put_off_has_it(mailkit: Command) -> None:
    """And ends at once when nobody waits."""
    refuse = {"n0@example.com": Reply.of(450, "4.2.0 later")}
    with relay(refuse=refuse, on_message=lambda received: refuse.clear()) as server:
        ended = batch(mailkit, "--via", server.url, "--wait", "60", "--json")
    assert (ended.code, sent(ended)["sent"]) == (0, 6)


def test_max_refused_pauses_the_campaign_and_says_how_to_go_on(mailkit: Command, folder: Path) -> None:
    """Providers suspend who goes on all the same."""
    (folder / "people.csv").write_text("email,name\n" + "".join(f"n{n}@example.com,Zoë\n" for n in range(90)))
    refuse = {f"n{n}@example.com": Reply.of(550, "5.7.1 no") for n in range(90)}
    with relay(refuse=refuse) as server:
        ended = batch(mailkit, "--via", server.url, "--journal", "j.db", "--max-refused", "2")
    assert ended.code == 1
    assert "refused" in ended.err
    assert "journal resume" in ended.err
    assert 2 < counts(folder / "j.db")[State.FAILED] < 40  # those that were under way by then are told of too


@pytest.mark.parametrize(
    ("policy", "code", "state"),
    [("hold", 3, State.IN_DOUBT), ("assume-sent", 0, State.SENT), ("resend", 0, State.SENT)],
)
def test_in_doubt_decides_what_becomes_of_whom_nobody_knows(
    mailkit: Command, folder: Path, policy: str, code: int, state: State
) -> None:
    """Held by default; assumed to be sent; or sent again, which may be twice."""
    assert batch(mailkit, "--via", "file:outbox", "--journal", "j.db").code == 0
    with sqlite3.connect(folder / "j.db") as db:
        db.execute("UPDATE recipient SET state = 'in_doubt' WHERE key = 'n2@example.com'")
    db.close()
    assert batch(mailkit, "--via", "file:outbox", "--journal", "j.db", "--in-doubt", policy).code == code
    assert counts(folder / "j.db").get(state) == (1 if state is State.IN_DOUBT else 6)
    assert len(list(folder.glob("outbox/*.eml"))) == (7 if policy == "resend" else 6)


# -- the list --------------------------------------------------------------------------------------------------------------


def test_format_goes_before_the_ending(mailkit: Command, folder: Path) -> None:
    """A list of JSON Lines that is called something else."""
    (folder / "list.dat").write_text('{"email": "zoe@example.com", "name": "Zoë"}\n')
    assert batch(mailkit, "--via", "null:", "--format", "jsonl", people="list.dat").code == 0


def test_sheet_names_one_of_a_workbook(mailkit: Command, folder: Path) -> None:
    """And one that is not there is told, with those that are."""
    book = Workbook()
    book.active.title = "Notes"
    people = book.create_sheet("Guests")
    people.append(["email", "name"])
    people.append(["zoe@example.com", "Zoë"])
    book.save(folder / "list.xlsx")
    ended = batch(mailkit, "--via", "null:", "--sheet", "Guests", "--json", people="list.xlsx")
    assert (ended.code, sent(ended)["sent"]) == (0, 1)
    wrong = batch(mailkit, "--via", "null:", "--sheet", "Gusts", people="list.xlsx")
    assert (wrong.code, "Guests" in wrong.err) == (2, True)


def test_query_asks_a_database(mailkit: Command, folder: Path) -> None:
    """Its columns are the variables; without a query the table cannot be guessed."""
    with sqlite3.connect(folder / "crm.db") as db:
        db.execute("CREATE TABLE person (mail TEXT, first TEXT, is_out INTEGER)")
        db.executemany(
            "INSERT INTO person VALUES (?, ?, ?)", [("zoe@example.com", "Zoë", 0), ("bob@example.com", "B", 1)]
        )
    db.close()
    query = "SELECT mail AS email, first AS name FROM person WHERE NOT is_out"
    ended = batch(mailkit, "--via", "null:", "--query", query, "--json", people="sqlite:///crm.db")
    assert (ended.code, sent(ended)["sent"]) == (0, 1)
    assert batch(mailkit, "--via", "null:", people="sqlite:///crm.db").code == 2
