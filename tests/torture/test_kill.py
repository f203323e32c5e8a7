"""Nobody gets it twice, and nobody is lost without a trace, whoever is killed, and when."""

import sys
from pathlib import Path

import pytest

from tests.torture.account import ASSUME_SENT, RESEND, Account
from tests.torture.arena import Trial
from tests.torture.scene import killed, stopped, together

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="processes are found in /proc"),
]

FAULTS = (
    *(
        f"{what}:0.004"
        for what in (
            *("greeting:close", "mail:reset", "rcpt:450", "rcpt:550", "rcpt:close"),
            *("data:reset", "body:close", "record:552", "record:close", "reply:close", "reply:reset", "reply:half"),
        )
    ),
    # These say that messages come too fast, and are obeyed: each one halves the rate.
    *(
        f"{what}:0.0004"
        for what in ("mail:454", "mail:421", "rcpt:452", "data:451", "body:421", "record:451", "record:421")
    ),
)


def well(found: Account) -> Account:
    """Return an account in which nothing is wrong."""
    assert not found.complaints, str(found)
    assert (found.lost, found.recipients) == (0, sum(found.states.values()))
    return found


def test_bulk_killed_25_times_holds_what_is_in_doubt(tmp_path: Path) -> None:
    """At most one copy for each, nobody lost, and no more in doubt than was on its way at the kills."""
    found = well(killed(Trial(recipients=6_000, connections=8, kills=25, seed=1), tmp_path))
    assert found.duplicates == 0
    assert 0 < found.in_doubt <= 25 * 8  # none at all would mean that the kills have missed


def test_bulk_killed_and_assumed_sent_has_no_second_copy(tmp_path: Path) -> None:
    """What is in doubt is taken for sent."""
    trial = Trial(recipients=1_500, kills=5, policy=ASSUME_SENT, hesitate=0.002, seed=2)
    found = well(killed(trial, tmp_path))
    assert (found.duplicates, found.in_doubt) == (0, 0)


def test_bulk_killed_and_sent_again_sends_the_same_bytes(tmp_path: Path) -> None:
    """Under resend everybody has it, some twice, byte by byte the same, with the same Message-ID."""
    found = well(killed(Trial(recipients=2_000, kills=8, policy=RESEND, seed=3), tmp_path))
    assert 0 < found.duplicates <= 8 * 8
    assert found.in_doubt == 0


def test_bulk_by_chunks_killed_knows_what_was_on_its_way(tmp_path: Path) -> None:
    """With many messages on their way in each connection, all of them, and none else, are in doubt."""
    well(killed(Trial(recipients=3_000, kills=8, is_chunking=True, seed=4), tmp_path))


def test_bulk_of_three_processes_survives_the_death_of_each(tmp_path: Path) -> None:
    """One worker dies, or the parent, or all."""
    well(killed(Trial(recipients=3_000, connections=4, processes=3, kills=10, seed=5), tmp_path))


def test_bulk_of_three_commands_on_one_journal_survives_the_death_of_each(tmp_path: Path) -> None:
    """They share the work, and one takes over what another one has left."""
    well(together(Trial(recipients=3_000, connections=4, kills=6, seed=6), tmp_path))


def test_bulk_that_slept_past_its_lease_sends_nothing_that_another_one_has_sent(tmp_path: Path) -> None:
    """Who wakes up late, believing that it owns its messages, is stopped before the end of data."""
    trial = Trial(recipients=1_800, connections=4, kills=3, ponder=0.015, delay=0.005, seed=7)
    assert well(stopped(trial, tmp_path)).duplicates == 0


def test_bulk_with_a_server_that_fails_in_every_phase_is_accounted_for(tmp_path: Path) -> None:
    """Every refusal has its reason, and only replies that did not come leave a doubt."""
    trial = Trial(recipients=1_500, kills=2, faults=FAULTS, arguments=("--attempts", "1"), seed=8)
    assert well(killed(trial, tmp_path)).duplicates == 0
