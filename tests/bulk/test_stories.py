"""What has gone wrong with mailings elsewhere, each kind once: lost, sent twice, stuck, or banned.

Kinds that have a file of their own are there: killed processes in ``tests/torture``, lists in ``tests/bulk/source``, full disks
in ``test_disk.py``, links to unsubscribe in ``test_unsubscribe.py``.
"""

import sqlite3
import threading
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from mailkit import Mailer, Retry
from mailkit.bulk import Helm, InDoubt, Journal, Progress, State, Suppressions
from mailkit.delivery import Hook
from mailkit.errors import ConnectError, MailkitError
from mailkit.smtp import Received, Reply
from mailkit.transport import Status
from mailkit.transport.settings import SmtpSettings
from tests.bulk.test_campaign import NOW, Scripted, campaign, everyone, listed, people
from tests.kit.relay import relay

SOON = Retry(attempts=9, backoff=0.05, longest=0.05, jitter=False)


# -- lost, or unfinished ---------------------------------------------------------------------------------------------------


def test_lost_by_a_cursor_that_moves_when_recipients_are_fetched(tmp_path: Path) -> None:
    """A run that ends right after it has claimed hundreds leaves them to the next one."""
    transport, helm = Scripted(), Helm()
    transport.script["n3@example.com"] = [lambda: helm.stop() or Status.ACCEPTED]
    one = campaign(listed(tmp_path / "p.csv", 600), journal=tmp_path / "j.db")
    first = one.send(Mailer(transport), helm=helm)
    assert first.sent < 10
    assert one.send(Mailer(transport)).sent == 600
    assert Counter(email for email, _ in transport.seen) == everyone(600)


@pytest.mark.parametrize("reply", ["450 4.7.1 slow down", "451 4.7.0 later", "454 throttled", "421 4.7.0 busy"])
def test_lost_by_taking_put_off_for_refused(tmp_path: Path, reply: str) -> None:
    """Who is put off when mail comes too fast is tried again, and gets it."""
    code, _, text = reply.partition(" ")
    seen: Counter[str] = Counter()

    def answer(received: Received) -> Reply | None:
        seen[received.recipients[0]] += 1
        is_first = seen[received.recipients[0]] == 1 and received.recipients[0] in ("n1@example.com", "n4@example.com")
        return Reply.of(int(code), text) if is_first else None

    one = campaign(listed(tmp_path / "p.csv", 8), journal=tmp_path / "j.db", retry=SOON)
    with relay(on_message=answer) as server, Mailer(server.url) as mailer:
        report = one.send(mailer)
    assert (report.sent, report.exit_code) == (8, 0)
    assert set(server.copies) == set(everyone(8))


def test_lost_by_counting_instead_of_knowing_who(tmp_path: Path) -> None:
    """Who was refused is known by name and reason, and can be sent to again: they alone."""
    one = campaign(listed(tmp_path / "p.csv", 6), journal=tmp_path / "j.db")
    refuse = {"n2@example.com": Reply.of(550, "5.7.1 not you"), "n4@example.com": Reply.of(550, "5.7.1 not you")}
    with relay(refuse=refuse) as server, Mailer(server.url) as mailer:
        assert one.send(mailer).failed == 2
        with Journal(tmp_path / "j.db", must_exist=True) as journal:
            lines = {line.result.key: line.result.state for line in journal.account.lines()}
            assert set(server.refuse) == {key for key, state in lines.items() if state is State.FAILED}
            assert journal.control.retry([State.FAILED]) == 2
        server.refuse.clear()
        assert one.send(mailer).sent == 6
    assert server.copies == everyone(6)


def test_lost_by_a_worker_that_died_with_recipients_in_hand(tmp_path: Path) -> None:
    """They are pending again, at once on this machine, and nothing has to be cleared by hand."""
    path = tmp_path / "j.db"
    one = campaign(listed(path.with_suffix(".csv"), 5), journal=path)
    assert replace(one, limit=1).send(Mailer(Scripted())).sent == 1
    with sqlite3.connect(path) as db:  # as a process leaves it that was killed
        db.execute("UPDATE recipient SET state = 'claimed', worker = 99, epoch = epoch + 1 WHERE state = 'pending'")
        db.execute(
            "INSERT INTO worker (id, campaign, host, process, began_at, lease_until) "
            "SELECT 99, 1, host, 4194399, began_at, lease_until + 9e9 FROM worker LIMIT 1"
        )
    db.close()
    assert one.send(Mailer(Scripted())).sent == 5


# -- sent twice ------------------------------------------------------------------------------------------------------------


def test_twice_by_resuming_at_the_beginning_after_an_error(tmp_path: Path) -> None:
    """A run that stops at an error goes on behind those who have it."""
    transport = Scripted(n4=[MailkitError("the relay is out of order")])
    one = campaign(listed(tmp_path / "p.csv", 9), journal=tmp_path / "j.db")
    with pytest.raises(MailkitError, match="out of order"):
        one.send(Mailer(transport, retry=Retry.NEVER))
    one.send(Mailer(transport))
    arrived = Counter(email for email, _ in transport.seen)
    assert all(count == 1 for email, count in arrived.items() if email != "n4@example.com")
    assert set(arrived) == set(everyone(9))


def test_twice_by_two_runs_at_once_on_one_list(tmp_path: Path) -> None:
    """As two lines of a crontab do: they share the work."""
    one = campaign(listed(tmp_path / "p.csv", 120), journal=tmp_path / "j.db")
    with relay() as server:

        def run() -> None:
            with Mailer(server.url) as mailer:
                one.send(mailer)

        runs = [threading.Thread(target=run) for _ in range(3)]
        for thread in runs:
            thread.start()
        for thread in runs:
            thread.join()
    assert server.copies == everyone(120)


def test_twice_by_one_refusal_that_fails_its_whole_batch(tmp_path: Path) -> None:
    """A 554 is one recipient's, however many were under way beside it."""
    one = campaign(listed(tmp_path / "p.csv", 40), journal=tmp_path / "j.db", connections=4)

    def answer(received: Received) -> Reply | None:
        return Reply.of(554, "5.6.0 no") if received.recipients[0] == "n7@example.com" else None

    with relay(on_message=answer) as server, Mailer(server.url) as mailer:
        report = one.send(mailer)
        one.send(mailer)
    assert (report.sent, report.failed) == (39, 1)
    assert server.copies == everyone(40)


class Faulty(Hook):
    """An observer with a fault of its own, after the relay has taken the message."""

    def observe(self, parcel: object, receipt: object) -> None:
        raise ZeroDivisionError


def test_twice_by_a_fault_behind_the_relays_yes(tmp_path: Path) -> None:
    """What the relay has taken is sent, whatever breaks afterwards."""
    one = campaign(listed(tmp_path / "p.csv", 3), journal=tmp_path / "j.db")
    with relay() as server, Mailer(server.url, hooks=[Faulty()]) as mailer:
        assert one.send(mailer).sent == 3
        assert one.send(mailer).sent_in_run == 0
    assert server.copies == everyone(3)


def test_twice_by_giving_up_on_a_slow_final_reply() -> None:
    """RFC 5321 4.5.3.2.6 wants ten minutes for it: who waits for less sends again what has arrived."""
    assert SmtpSettings("mx.example.com").profile("").timeouts.end_of_data >= 600


def test_twice_by_sending_again_what_a_lost_reply_left_open(tmp_path: Path) -> None:
    """It is in doubt, is named as that, and stays so until somebody decides."""

    def answer(received: Received) -> Reply | None:
        if received.recipients[0] == "n1@example.com":
            raise ConnectError("gone")
        return None

    one = campaign(listed(tmp_path / "p.csv", 3), journal=tmp_path / "j.db")
    with relay(on_message=answer) as server, Mailer(f"{server.url}?window=0", retry=NOW) as mailer:
        reports = [one.send(mailer), one.send(mailer)]
        assert [(report.sent, report.in_doubt, report.exit_code) for report in reports] == [(2, 1, 3)] * 2
        assert replace(one, in_doubt=InDoubt.ASSUME_SENT).send(mailer).sent == 3
    assert server.copies == everyone(3)


def test_twice_by_a_person_on_the_list_under_two_spellings(tmp_path: Path) -> None:
    """One mailbox, one message; and the second line is told."""
    rows = [{"email": "Zoe@Example.COM", "name": "Zoë"}, {"email": " zoe@example.com", "name": "Z."}]
    with relay() as server, Mailer(server.url) as mailer:
        report = campaign(rows, journal=tmp_path / "j.db").send(mailer)
    assert (report.sent, report.duplicates, len(server.received)) == (1, 1, 1)


# -- sessions that cost mail -----------------------------------------------------------------------------------------------


def test_session_that_is_spoilt_by_a_refused_recipient_before(tmp_path: Path) -> None:
    """After a 450 to RCPT the next transaction on the connection begins cleanly; no 503 follows."""
    refuse = {f"n{number}@example.com": Reply.of(450, "4.2.0 try later") for number in (0, 3, 4)}
    one = campaign(listed(tmp_path / "p.csv", 8), journal=tmp_path / "j.db", wait=0)
    with relay(refuse=refuse) as server, Mailer(server.url) as mailer:
        report = one.send(mailer)
    assert (report.sent, report.deferred, report.failed) == (5, 3, 0)
    assert {code for reason in report.reasons for code in [reason.code]} <= {450}


def test_session_that_takes_so_many_messages_and_no_more(tmp_path: Path) -> None:
    """A relay that says 421 to the next message and hangs up gets the rest by new connections: all of them."""
    taken: Counter[str] = Counter()

    def answer(received: Received) -> Reply | None:
        taken["all"] += 1
        return Reply.of(421, "4.7.0 too many messages in this connection") if taken["all"] % 4 == 0 else None

    one = campaign(listed(tmp_path / "p.csv", 12), journal=tmp_path / "j.db", retry=SOON)
    with relay(on_message=answer) as server, Mailer(server.url, retry=NOW) as mailer:
        report = one.send(mailer)
    assert (report.sent, report.exit_code) == (12, 0)
    assert set(server.copies) == set(everyone(12))


# -- stuck, or banned ------------------------------------------------------------------------------------------------------


def test_stuck_by_a_rate_that_every_worker_keeps_by_itself(tmp_path: Path) -> None:
    """Four connections under one rate are given turns, each of its own, and nobody sleeps for ever."""
    transport = Scripted()
    report = campaign(people(60), connections=4, rate="500/s").send(Mailer(transport))
    assert report.sent == 60


def test_stuck_by_a_pause_that_comes_back_at_every_start(tmp_path: Path) -> None:
    """What was refused before does not count against the budget of the next run."""
    refuse = {f"n{number}@example.com": Reply.of(550, "5.7.1 no") for number in range(5)}
    one = campaign(listed(tmp_path / "p.csv", 20), journal=tmp_path / "j.db", max_refused="3")
    with relay(refuse=refuse) as server, Mailer(server.url) as mailer:
        first = one.send(mailer)
        assert "refused" in first.paused
        with Journal(tmp_path / "j.db", must_exist=True) as journal:
            journal.control.resume()
        second = one.send(mailer)
    assert (second.paused, second.sent, second.failed) == ("", 15, 5)


def test_banned_for_writing_again_to_those_who_do_not_exist(tmp_path: Path) -> None:
    """An address that a server has said is none is left out of the next mailing."""
    suppressed = tmp_path / "suppressed.db"
    settings = {"suppressions": suppressed}
    refuse = {"n1@example.com": Reply.of(550, "5.1.1 no such user")}
    with relay(refuse=refuse) as server, Mailer(server.url) as mailer:
        first = campaign(listed(tmp_path / "p.csv", 3), journal=tmp_path / "a.db", **settings).send(mailer)
        second = campaign(listed(tmp_path / "p.csv", 3), journal=tmp_path / "b.db", **settings).send(mailer)
    assert (first.failed, second.suppressed, second.failed) == (1, 1, 0)
    with Suppressions(suppressed) as suppressions:
        assert suppressions.find("n1@example.com") is not None


def test_unknown_how_far_it_is(tmp_path: Path) -> None:
    """Somebody can ask at any time, and from outside, who has it and who has not."""
    heard: list[Progress] = []
    one = campaign(listed(tmp_path / "p.csv", 7), journal=tmp_path / "j.db", limit=4)
    one.send(Mailer(Scripted()), progress=heard.append)
    with Journal(tmp_path / "j.db", must_exist=True) as journal:
        assert journal.account.counts() == {State.SENT: 4, State.PENDING: 3}
    assert heard[-1].done == 4
