"""How fast a campaign may send: slots that no two processes share, and rates that obey the relay."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest

from mailkit import clock
from mailkit.bulk import Entry, Journal
from mailkit.bulk.clerk import Clerk, Rules
from mailkit.bulk.domains import group_of
from mailkit.bulk.hours import Hours, Quota
from mailkit.bulk.pacing import HORIZON, RELAY, Pacing, is_too_fast
from mailkit.bulk.state import Result, State
from mailkit.bulk.tally import Budget, Tally
from mailkit.errors import ConfigError
from mailkit.testing import FrozenClock

NOW = 1_800_000_000.0


@pytest.fixture
def db() -> sqlite3.Connection:
    """The tables of a journal."""
    journal = Journal(None, name="spring")
    journal.roll.begin()
    journal.roll.add([Entry(f"n{number}@gmail.com", number, {}) for number in range(1, 50)])
    with journal.store.reading() as found:
        return found


def entries(count: int, domain: str = "example.com") -> list[Entry]:
    return [Entry(f"n{number}@{domain}", number, {}, id=number) for number in range(1, count + 1)]


def test_slots_of_two_processes_never_come_faster_than_the_rate(db: sqlite3.Connection) -> None:
    """Each admits what the other has not: in every second at most the rate, and one."""
    first, second = Pacing("40/s"), Pacing("40/s")
    slots: list[float] = []
    for step in range(100):
        for pacing in (first, second):
            slots += [due for _, due in pacing.admit(db, entries(20), NOW + step * 0.1).admitted]
    slots.sort()
    assert len(slots) > 390
    assert all(later - earlier >= 1 / 40 - 1e-6 for earlier, later in pairwise(slots))


def test_slots_are_for_the_near_future_only(db: sqlite3.Connection) -> None:
    """What is claimed long before its time would be lost to others."""
    found = Pacing("10/s").admit(db, entries(20), NOW)
    assert [round(due - NOW, 3) for _, due in found.admitted] == [0.0, 0.1, 0.2]
    assert NOW < found.next_at <= NOW + HORIZON


def test_provider_that_is_slow_does_not_hold_up_the_others(db: sqlite3.Connection) -> None:
    """Its recipients are parked for later; those of others go."""
    pacing = Pacing(None, {"gmail.com": "1/s"})
    found = pacing.admit(db, [*entries(9, "gmail.com"), *entries(9)], NOW)
    assert [entry.key for entry, _ in found.admitted] == ["n1@gmail.com", *(one.key for one in entries(9))]
    assert len(found.parked) == 8
    assert [until for _, until in found.parked] == sorted(until for _, until in found.parked)
    assert group_of("x@googlemail.com") == group_of("x@gmail.com")


def test_line_of_a_provider_that_is_long_is_not_looked_through_again_and_again(db: sqlite3.Connection) -> None:
    """Its 49 are spread over half of the time that they take, and not found again at once."""
    pacing = Pacing(None, {"gmail.com": "1/s"})
    waiting = entries(49, "gmail.com")
    looked_at = 0
    for step in range(60):
        rows = db.execute("SELECT id FROM recipient WHERE next_attempt_at <= ? AND state = 'pending'", (NOW + step,))
        due = [waiting[identifier - 1] for (identifier,) in rows.fetchall()]
        looked_at += len(due)
        for entry, _ in pacing.admit(db, due, NOW + step).admitted:
            db.execute("UPDATE recipient SET state = 'sent' WHERE id = ?", (entry.id,))
    (left,) = db.execute("SELECT count(*) FROM recipient WHERE state = 'pending'").fetchone()
    assert left == 0
    assert looked_at < 49 * 8


def test_relay_that_is_too_slow_is_sent_half_as_fast_and_faster_again(db: sqlite3.Connection) -> None:
    """Also after a restart; and messages that were under way together count once."""
    pacing = Pacing()
    db.execute("UPDATE recipient SET state = 'sent', updated_at = ? + id * 0.01 WHERE id <= 40", (NOW - 0.41,))
    assert pacing.slow(db, 1, RELAY, NOW) == pytest.approx(50.0)
    assert pacing.slow(db, 1, RELAY, NOW + 0.5) is None
    assert pacing.slow(db, 1, RELAY, NOW + 2) == pytest.approx(25.0)
    restarted = Pacing()
    restarted.admit(db, [], NOW + 3)
    assert restarted.rates() == {RELAY: pytest.approx(25.0)}
    restarted.admit(db, [], NOW + 23)
    assert restarted.rates()[RELAY] == pytest.approx(25 * 1.25**4)
    restarted.admit(db, [], NOW + 1_000)
    assert restarted.rates() == {}


def test_rate_that_is_halved_is_what_was_sent_and_not_what_was_asked_for(db: sqlite3.Connection) -> None:
    """Half of what was never reached would change nothing; and the first message of all says nothing of a rate."""
    db.execute("UPDATE recipient SET state = 'sent', updated_at = ? WHERE id <= 40", (NOW - 2,))
    asked = {"gmail.com": "90/s"}
    assert Pacing(None, asked).slow(db, 1, "google", NOW) == 10.0
    restarted = Pacing(None, asked)
    restarted.admit(db, [], NOW + 1)
    assert restarted.rates() == {"google": 10.0}
    restarted.admit(db, [], NOW + 21)
    assert restarted.rates()["google"] == pytest.approx(10 * 1.25**4)
    restarted.admit(db, [], NOW + 1_000)
    assert restarted.rates() == {"google": 90.0}
    assert Pacing().slow(db, 1, RELAY, NOW + 1_000) == 0.5


@pytest.mark.parametrize("jump", [-3_600.0, 3_600.0])
def test_clock_that_jumps_an_hour_does_not_stop_anything(db: sqlite3.Connection, jump: float) -> None:
    """A slot an hour away is none that was given."""
    Pacing("10/s").admit(db, entries(3), NOW)
    assert Pacing("10/s").admit(db, entries(3), NOW + jump).admitted


@pytest.mark.parametrize(
    ("code", "enhanced", "expected"),
    [
        (421, "", True),
        (454, "4.7.0", True),
        (450, "4.7.1", True),
        (451, "4.7.500", True),
        (452, "4.5.3", True),
        (450, "4.2.1", False),
        (451, "4.3.0", False),
        (452, "4.2.2", False),
        (550, "5.7.1", False),
    ],
)
def test_replies_that_say_too_fast(code: int, enhanced: str, expected: bool) -> None:
    """Throttling, and not a full mailbox or a greylist."""
    assert is_too_fast(code, enhanced) is expected


# -- hours and quota -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("between", "now", "expected"),
    [
        ("09:00-18:00", 1_767_250_800.0, 3_600.0),  # 07:00 UTC is 08:00 in Berlin
        ("09:00-18:00", 1_767_258_000.0, 0.0),
        ("22:00-06:00", 1_767_250_800.0, 14 * 3_600.0),
        ("22:00-06:00", 1_767_236_400.0, 0.0),
        ("", 0.0, 0.0),
    ],
)
def test_hours_open_when_they_say(between: str, now: float, expected: float) -> None:
    """Over midnight too."""
    assert Hours(between, "Europe/Berlin").opens_in(now) == expected


@pytest.mark.parametrize("between", ["9-18", "09:00-09:00", "25:00-26:00", "09:61-10:00"])
def test_hours_that_are_none_are_refused(between: str) -> None:
    """By an error that shows how to write them."""
    with pytest.raises(ConfigError):
        Hours(between)


def test_quota_counts_what_is_under_way_and_grows_by_days_with_mail(db: sqlite3.Connection) -> None:
    """So that several processes cannot overdraw it."""
    quota = Quota(1_000, "100x1.5", Hours("", "UTC"))
    assert quota.left(db, NOW, under_way=30) == 70
    quota.use(db, NOW, 90)
    assert quota.left(db, NOW, under_way=30) == 0
    assert quota.left(db, NOW + 86_400, under_way=0) == 150
    for day in range(1, 9):
        quota.use(db, NOW + day * 86_400, 1)
    assert quota.left(db, NOW + 9 * 86_400, under_way=0) == 1_000


def test_budget_that_is_overdrawn_says_why() -> None:
    """A number in the run, or a share of the last thousand, of which there must be a hundred."""
    tally = Tally(Budget("2"))
    assert [tally.add(Result(str(number), State.FAILED)) for number in range(3)] == [
        *[""] * 2,
        "3 recipients were refused",
    ]
    share = Tally(Budget("5%"))
    told = [share.add(Result(str(number), State.FAILED if number % 10 == 0 else State.SENT)) for number in range(200)]
    assert next(number for number, reason in enumerate(told) if reason) == 100
    with pytest.raises(ConfigError):
        Budget("many")


def test_claim_that_waited_for_another_process_gives_no_slot_of_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Time passes while the journal is locked: what was planned by the other one meanwhile stands."""
    source, theirs = FrozenClock(), []
    with clock.using(source), Journal(tmp_path / "j.db", name="spring") as journal:
        journal.roll.begin()
        journal.roll.add([Entry(f"n{number}@example.com", number, {}) for number in range(1, 9)])
        writing = journal.store.writing

        @contextmanager
        def waiting() -> Iterator[sqlite3.Connection]:
            with writing() as db:
                source.advance(3)
                theirs[:] = [due for _, due in Pacing("10/s").admit(db, entries(2), source.now().timestamp()).admitted]
                yield db

        async def claim() -> list[float]:
            clerk = Clerk(journal, Rules(pacing=Pacing("10/s")), clock.Steady())
            monkeypatch.setattr(journal.store, "writing", waiting)
            claimed = await clerk.claim(2)
            ours = [due for _, due in claimed.entries]
            planned = list(theirs)
            await clerk.close()
            return [due - planned[-1] for due in ours]

        assert asyncio.run(claim())[0] == pytest.approx(0.1)
