"""Campaigns that are sent by several processes, for asyncio, with a list of the suppressed, and again after a doubt."""

import asyncio
import json
import signal
import subprocess
import sys
import threading
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from mailkit import AsyncMailer, Mailer, Message, Retry, Templates
from mailkit.bulk import Helm, InDoubt, Journal, Progress, State, Suppressions
from mailkit.errors import ConfigError, ConnectError, RecipientsError
from mailkit.smtp import Reply
from mailkit.transport import Status
from mailkit.transport.memory import MemoryTransport
from tests.bulk.test_campaign import TEMPLATE, Scripted, campaign, everyone, listed, people
from tests.kit.relay import relay

# -- several processes -----------------------------------------------------------------------------------------------


def test_send_by_three_processes_gives_everyone_one_message(tmp_path: Path) -> None:
    """They share the list and the connections, and the report is of them all."""
    heard: list[Progress] = []
    one = campaign(listed(tmp_path / "p.csv", 60), journal=tmp_path / "j.db", connections=6, processes=3)
    with relay() as server, Mailer(server.url) as mailer:
        report = one.send(mailer, progress=heard.append)
        assert one.send(mailer).sent_in_run == 0
    assert server.copies == everyone(60)
    assert (report.sent, report.sent_in_run, report.exit_code) == (60, 60, 0)
    assert (heard[-1].done, heard[-1].total) == (60, 60)


def test_send_by_processes_with_a_limit_sends_no_more(tmp_path: Path) -> None:
    """Each has its share of it."""
    one = campaign(listed(tmp_path / "p.csv", 20), journal=tmp_path / "j.db", processes=3, limit=7)
    with relay() as server, Mailer(server.url) as mailer:
        assert one.send(mailer).sent_in_run == 7
    assert sum(server.copies.values()) == 7


def test_send_by_processes_to_a_relay_that_is_not_there_raises_what_they_raise(tmp_path: Path) -> None:
    """And nothing is lost."""
    one = campaign(listed(tmp_path / "p.csv", 5), journal=tmp_path / "j.db", processes=2)
    with pytest.raises(ConnectError, match="cannot be reached"):
        one.send(Mailer("smtp://127.0.0.1:1", retry=Retry.NEVER))
    with Journal(tmp_path / "j.db", must_exist=True) as journal:
        assert journal.account.counts() == {State.PENDING: 5}


def test_send_by_processes_without_a_journal_is_refused() -> None:
    """There would be nothing that they share."""
    with pytest.raises(ConfigError, match="journal"):
        campaign(people(2), processes=2)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_to_the_command_ends_its_processes_in_order(tmp_path: Path, number: int) -> None:
    """What is under way arrives, the report is printed, and nothing is in doubt. It is the parent only that is told."""
    listed(tmp_path / "p.csv", 400)
    (tmp_path / "hello.txt").write_text(TEMPLATE)
    child: list[subprocess.Popen[str]] = []
    started = threading.Event()

    def tell(received: object) -> None:
        if len(server.received) == 20:
            started.wait()
            child[0].send_signal(number)

    with relay(on_message=tell) as server:
        command = ["batch", "hello.txt", "p.csv", "--from", "ada@example.com", "--via", f"{server.url}?window=0"]
        options = ["--journal", "j.db", "--processes", "2", "--connections", "2", "--rate", "100/s", "--yes", "--json"]
        child.append(
            subprocess.Popen(
                [sys.executable, "-m", "mailkit", *command, *options],
                cwd=tmp_path,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
        started.set()
        printed, errors = child[0].communicate(timeout=60)
    assert "Traceback" not in errors
    report = json.loads(printed)
    assert (child[0].returncode, report["interrupted"], report["in_doubt"]) == (1, True, 0)
    assert report["sent"] == sum(server.copies.values()) < 400
    assert report["sent"] + report["pending"] == 400


# -- for asyncio -----------------------------------------------------------------------------------------------------


def test_asend_leaves_the_callers_event_loop_free(tmp_path: Path) -> None:
    """Progress is told in the caller's thread, and another task goes on meanwhile."""
    threads: set[int] = set()

    async def main(url: str) -> int:
        async with AsyncMailer(url) as mailer:
            one = campaign(people(9), connections=2)
            task = asyncio.create_task(one.asend(mailer, progress=lambda _: threads.add(threading.get_ident())))
            await asyncio.sleep(0)
            assert not task.done()
            return (await task).sent

    with relay() as server:
        assert asyncio.run(main(server.url)) == 9
    assert threads == {threading.get_ident()}


def test_asend_that_is_cancelled_ends_in_order(tmp_path: Path) -> None:
    """What is under way arrives, nothing is in doubt, and the next run goes on."""
    held, begun = threading.Event(), threading.Event()

    def hold() -> Status:
        begun.set()
        held.wait()
        return Status.ACCEPTED

    transport = Scripted(n2=[hold])
    one = campaign(listed(tmp_path / "p.csv", 6), journal=tmp_path / "j.db")

    async def main() -> None:
        task = asyncio.create_task(one.asend(Mailer(transport)))
        await asyncio.to_thread(begun.wait)
        task.cancel()
        await asyncio.sleep(0)
        held.set()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    report = one.send(Mailer(transport))
    assert (report.sent, report.in_doubt) == (6, 0)
    assert Counter(email for email, _ in transport.seen) == everyone(6)


def test_send_within_an_event_loop_says_what_to_use(tmp_path: Path) -> None:
    """It would block the loop."""

    async def main() -> None:
        campaign(people(2)).send(Mailer("memory:"))

    with pytest.raises(ConfigError, match="block the event loop"):
        asyncio.run(main())


def test_helm_that_is_told_before_the_run_begins_sends_nothing() -> None:
    """As a web application does whose user has thought better of it."""
    helm = Helm()
    helm.stop()
    report = campaign(people(3)).send(Mailer("memory:"), helm=helm)
    assert (report.sent, report.pending, report.is_interrupted) == (0, 3, True)


# -- suppression -----------------------------------------------------------------------------------------------------


def test_send_with_suppressed_recipients_leaves_them_out(tmp_path: Path) -> None:
    """An address, in any spelling, or a whole domain; and that is well, since they want none."""
    transport = MemoryTransport()
    with Suppressions(None) as suppressions:
        suppressions.add("N1@Example.com", "unsubscribed")
        suppressions.add("@example.org", "manual")
        rows = [*people(3), {"email": "x@example.org", "name": "X"}]
        report = campaign(rows, suppressions=suppressions).send(Mailer(transport))
    assert sorted(message.to[0].email for message in transport.messages) == ["n0@example.com", "n2@example.com"]
    assert (report.sent, report.suppressed, report.exit_code) == (2, 2, 0)


def test_unsubscribe_between_claim_and_dot_is_still_in_time() -> None:
    """Everybody was claimed together; who unsubscribes while the first message is on its way gets none."""
    with Suppressions(None) as suppressions:

        def unsubscribe() -> Status:
            suppressions.add("n2@example.com", "unsubscribed")
            return Status.ACCEPTED

        transport = Scripted(n0=[unsubscribe])
        report = campaign(people(4), suppressions=suppressions).send(Mailer(transport))
    assert [email for email, _ in transport.seen] == ["n0@example.com", "n1@example.com", "n3@example.com"]
    assert (report.sent, report.suppressed) == (3, 1)


def test_address_that_does_not_exist_is_not_written_to_again(tmp_path: Path) -> None:
    """A 550 5.1.1 is a bounce; a 550 for other reasons is not."""
    refuse = {
        "n1@example.com": Reply.of(550, "5.1.1 No such user"),
        "n2@example.com": Reply.of(550, "5.7.1 We do not like you"),
    }
    with Suppressions(tmp_path / "s.db") as suppressions, relay(refuse=refuse) as server, Mailer(server.url) as mailer:
        campaign(people(4), suppressions=tmp_path / "s.db").send(mailer)
        assert [(one.address, str(one)) for one in suppressions] == [("n1@example.com", "bounced (5.1.1)")]


# -- in doubt --------------------------------------------------------------------------------------------------------


def hang_up_once(server: list[object]):  # type: ignore[no-untyped-def]
    def hang_up(received: object) -> None:
        if not server:
            server.append(received)
            raise ConnectError("gone")

    return hang_up


@pytest.mark.parametrize(
    ("policy", "copies", "code"), [(InDoubt.HOLD, 1, 3), (InDoubt.ASSUME_SENT, 1, 0), (InDoubt.RESEND, 2, 0)]
)
def test_policy_decides_what_becomes_of_those_in_doubt(policy: InDoubt, copies: int, code: int) -> None:
    """And a message that is sent again is the same to the byte."""
    with relay(on_message=hang_up_once([])) as server, Mailer(f"{server.url}?window=0") as mailer:
        report = campaign(people(1), in_doubt=policy, retry=Retry(attempts=3, backoff=0)).send(mailer)
    assert (sum(server.copies.values()), report.exit_code) == (copies, code)
    assert len({bytes(message) for message in server.messages}) == 1


def test_policy_given_later_settles_those_who_were_held(tmp_path: Path) -> None:
    """The same command with --in-doubt resend sends to them."""
    one = campaign(listed(tmp_path / "p.csv", 2), journal=tmp_path / "j.db")
    with relay(on_message=hang_up_once([])) as server, Mailer(f"{server.url}?window=0") as mailer:
        assert one.send(mailer).in_doubt == 1
        report = replace(one, in_doubt=InDoubt.RESEND).send(mailer)
    assert (report.sent, report.in_doubt, sum(server.copies.values())) == (2, 0, 3)


# -- what is the recipient's own -------------------------------------------------------------------------------------


def test_return_path_with_a_token_is_the_recipients_own(tmp_path: Path) -> None:
    """On every attempt the same (VERP), and it gives nothing away."""
    transport = MemoryTransport()
    one = campaign(listed(tmp_path / "p.csv", 2), journal=tmp_path / "j.db", return_path="bounces+{token}@example.com")
    one.send(Mailer(transport))
    senders = [str(sent.envelope.sender) for sent in transport.sent]
    assert len(set(senders)) == 2
    for sent, sender in zip(transport.sent, senders, strict=True):
        assert sender.startswith("bounces+")
        assert sent.message.message_id[1:27] in sender


def test_copies_of_a_message_that_is_tried_again_are_not_sent_twice() -> None:
    """The reader in Cc had it with the first attempt."""
    transport = Scripted(n0=[Status.DEFERRED])
    rows = [{"email": "n0@example.com", "name": "N", "cc": "boss@example.com"}]
    assert campaign(rows, retry=Retry(attempts=3, backoff=0)).send(Mailer(transport)).sent == 1
    assert Counter(email for email, _ in transport.seen) == {"n0@example.com": 2, "boss@example.com": 1}


def test_refusals_beyond_the_budget_pause_the_campaign(tmp_path: Path) -> None:
    """High error rates cost a sender its good name; the rest waits until somebody has looked."""
    transport = Scripted(**{f"n{number}": [Status.REFUSED] for number in range(5)})
    one = campaign(listed(tmp_path / "p.csv", 20), journal=tmp_path / "j.db", max_refused="3")
    report = one.send(Mailer(transport))
    assert report.paused == "4 recipients were refused"
    assert report.pending == 16
    assert one.send(Mailer(transport)).sent == 0


# -- the pre-flight --------------------------------------------------------------------------------------------------

BROKEN = [*people(2), {"email": "x@example.com", "name": "X", "header:X-A": "a\nb"}]


def test_run_makes_every_message_before_the_first_one_is_sent(tmp_path: Path) -> None:
    """And a run that goes on with the same list does not do it again."""
    made: list[str] = []
    transport = Scripted()
    path = listed(tmp_path / "p.csv", 4)

    def name(value: str) -> str:
        made.append(f"{value} {len(transport.seen)}")
        return value

    templates = Templates({"hello.txt": "Subject: x\n\n{{ show(name) }}"})
    one = campaign(path, templates=templates, context={"show": name}, journal=tmp_path / "j.db", wait=0)
    one.send(Mailer(transport))
    before = [one for one in made if one.endswith(" 0")]
    assert {one.rpartition(" ")[0] for one in before} == {row["name"] for row in people(4)}
    made.clear()
    one.send(Mailer(transport))
    assert made == []


@pytest.mark.parametrize("settings", [{}, {"limit": 1}, {"preflight": False}])
def test_strict_run_with_a_row_that_would_fail_sends_nothing(settings: dict[str, object]) -> None:
    """Whatever else is said; without it the others are sent to."""
    transport = MemoryTransport()
    one = campaign(BROKEN, strict=True, **settings)
    with pytest.raises(RecipientsError, match="cannot be made: 1") as caught:
        one.send(Mailer(transport))
    assert "line 3" in caught.value.hint
    assert transport.sent == []
    assert replace(one, strict=False, limit=0).send(Mailer(transport)).sent == 2


def test_strict_run_with_a_bad_row_sends_nothing() -> None:
    """A row without an address counts too."""
    with pytest.raises(RecipientsError, match="bad rows: 1"):
        campaign([*people(2), {"email": "nobody", "name": "N"}], strict=True).send(Mailer("memory:"))


def test_samples_are_written_to_look_at(tmp_path: Path) -> None:
    """As many as were asked for, as any mail program opens them; nothing of the list is in their names."""
    report = campaign(people(5)).check(samples=tmp_path / "samples", count=2)
    assert [Path(path).name for path in report.samples] == ["sample-001.eml", "sample-002.eml"]
    assert [Message.parse(Path(path).read_bytes()).to[0].email for path in report.samples] == [
        "n0@example.com",
        "n1@example.com",
    ]
