"""Campaigns: everyone once, whatever happens."""

import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from mailkit import Campaign, Mailer, Retry, Templates
from mailkit.bulk import Helm, Journal, Progress, Recipients, Report, Stage, State, Suppressions
from mailkit.errors import (
    AuthError,
    ConfigError,
    ConnectError,
    JournalError,
    MessageError,
    RecipientsError,
    TemplateBroken,
    TemplateMissing,
    VariableMissing,
)
from mailkit.message import Envelope, Message
from mailkit.smtp import Reply
from mailkit.transport import Outcome, Status, Transport
from mailkit.transport.memory import MemoryTransport
from tests.kit.relay import relay

NOW = Retry(attempts=5, backoff=0)
LATER = Retry(attempts=5, backoff=600, longest=600, deadline=86_400, jitter=False)
TEMPLATE = "Subject: Hello {{ name }}\n\nDear {{ name }},"


def people(count: int) -> list[dict[str, str]]:
    return [{"email": f"n{number}@example.com", "name": f"Zoë {number}"} for number in range(count)]


def listed(path: Path, count: int) -> Path:
    rows = "".join(f"{row['email']},{row['name']}\n" for row in people(count))
    path.write_text("email,name\n" + rows)
    return path


def campaign(recipients: object, **settings: object) -> Campaign:
    given: dict[str, object] = {
        "template": "hello.txt",
        "templates": Templates({"hello.txt": TEMPLATE}),
        "from_": "Ada <ada@example.com>",
        "recipients": recipients,
    }
    return Campaign(**{**given, **settings})  # type: ignore[arg-type]


def everyone(count: int, times: int = 1) -> Counter[str]:
    return Counter({row["email"]: times for row in people(count)})


def again(path: Path) -> None:
    """Let who was put off be tried at once."""
    with Journal(path, must_exist=True) as journal:
        assert journal.control.retry() > 0


class Scripted(Transport):
    """Answers each recipient from a script, then accepts. A script may also hold an exception to raise."""

    name = "scripted:"

    def __init__(self, **script: object) -> None:
        self.script = {f"{name}@example.com": list(answers) for name, answers in script.items()}  # type: ignore[call-overload]
        self.seen: list[tuple[str, str]] = []

    def deliver(self, envelope: Envelope, message: Message) -> tuple[Outcome, ...]:
        return tuple(self._answer(recipient, message) for recipient in envelope.recipients)

    def _answer(self, recipient, message: Message) -> Outcome:
        self.seen.append((recipient.email, message.message_id))
        answers = self.script.get(recipient.email)
        answer = answers.pop(0) if answers else Status.ACCEPTED
        if callable(answer):
            answer = answer()
        if isinstance(answer, BaseException):
            raise answer
        return Outcome(recipient, answer, code=250, relay=self.name, command="end of data", text="said")


# -- everyone once ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("connections", [1, 4])
@pytest.mark.parametrize("journal", [None, "j.db"])
def test_send_over_smtp_gives_everyone_one_message(tmp_path: Path, connections: int, journal: str | None) -> None:
    """Each recipient gets the own message once, over one connection or four."""
    with relay() as server, Mailer(server.url) as mailer:
        report = campaign(people(20), connections=connections, journal=journal and tmp_path / journal).send(mailer)
    assert server.copies == everyone(20)
    assert {message.to[0].email: message.subject for message in server.messages} == {
        row["email"]: f"Hello {row['name']}" for row in people(20)
    }
    assert (report.sent, report.sent_in_run, report.exit_code, report.pending) == (20, 20, 0, 0)


def test_send_a_second_time_sends_nothing(tmp_path: Path) -> None:
    """The journal knows who has it."""
    transport = MemoryTransport()
    one = campaign(listed(tmp_path / "p.csv", 5), journal=tmp_path / "j.db")
    assert one.send(Mailer(transport)).sent_in_run == 5
    again = one.send(Mailer(transport))
    assert (again.sent, again.sent_in_run, again.exit_code) == (5, 0, 0)
    assert len(transport.sent) == 5


def test_send_without_a_journal_a_second_time_sends_again() -> None:
    """Without a journal nothing is known of earlier runs."""
    transport = MemoryTransport()
    for _ in range(2):
        assert campaign(people(2)).send(Mailer(transport)).sent == 2
    assert len(transport.sent) == 4


def test_send_with_a_limit_goes_on_where_it_ended(tmp_path: Path) -> None:
    """Runs of three: three, three, two, none; nobody twice."""
    transport = MemoryTransport()
    one = campaign(listed(tmp_path / "p.csv", 8), journal=tmp_path / "j.db", limit=3, connections=2)
    reports = [one.send(Mailer(transport)) for _ in range(4)]
    assert [report.sent_in_run for report in reports] == [3, 3, 2, 0]
    assert [report.exit_code for report in reports] == [1, 1, 0, 0]
    assert Counter(message.to[0].email for message in transport.messages) == everyone(8)


def stopped(helm: Helm, orders: int) -> None:
    """Wait until so many signals have been heard; the main thread hears them between two steps of the loop."""
    while helm.orders < orders:
        threading.Event().wait(0.001)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_send_after_a_signal_goes_on_where_it_ended(tmp_path: Path, number: int) -> None:
    """Ctrl-C lets the message that is on its way arrive, ends with a report, and nothing is in doubt."""
    helm = Helm()

    def interrupt() -> Status:
        os.kill(os.getpid(), number)
        stopped(helm, 1)
        return Status.ACCEPTED

    transport = Scripted(n3=[interrupt])
    before = signal.getsignal(number)
    one = campaign(listed(tmp_path / "p.csv", 9), journal=tmp_path / "j.db")
    report = one.send(Mailer(transport), helm=helm)
    assert report.is_interrupted
    assert (report.exit_code, report.sent, report.pending, report.in_doubt) == (1, 4, 5, 0)
    assert signal.getsignal(number) is before
    assert one.send(Mailer(transport)).sent == 9
    assert Counter(email for email, _ in transport.seen) == everyone(9)


def test_send_after_a_second_signal_does_not_wait_for_what_is_under_way(tmp_path: Path) -> None:
    """What had been marked as leaving is in doubt, and nothing else is."""
    helm = Helm()
    held = threading.Event()

    def interrupt() -> Status:
        for orders in (1, 2):
            os.kill(os.getpid(), signal.SIGINT)
            stopped(helm, orders)
        held.wait(5)
        return Status.ACCEPTED

    transport = Scripted(n3=[interrupt])
    one = campaign(listed(tmp_path / "p.csv", 9), journal=tmp_path / "j.db")
    releasing = threading.Thread(target=lambda: (stopped(helm, 2), held.set()))
    releasing.start()
    report = one.send(Mailer(transport), helm=helm)
    releasing.join()
    assert (report.sent, report.in_doubt, report.pending, report.exit_code) == (3, 1, 5, 3)
    assert one.send(Mailer(transport)).sent == 8
    assert Counter(email for email, _ in transport.seen) == everyone(9)


def test_send_of_duplicates_sends_once_and_tells_the_lines(tmp_path: Path) -> None:
    """One mailbox, however it is spelt, gets one message."""
    path = tmp_path / "p.csv"
    path.write_text("email\nzoe@exämple.com\n\nZOE@EXÄMPLE.COM\nbob@example.com\nzoe@xn--exmple-cua.com\nno address\n")
    transport = MemoryTransport()
    report = campaign(path, context={"name": "you"}).send(Mailer(transport))
    assert [(row.line, row.kind) for row in report.bad_rows] == [(4, "duplicate"), (6, "duplicate"), (7, "invalid")]
    assert "already on line 2" in report.bad_rows[0].problem
    assert (report.sent, report.duplicates, report.invalid, report.exit_code) == (2, 2, 1, 1)


def test_send_to_an_iterable_with_a_journal_goes_on(tmp_path: Path) -> None:
    """A generator that is made anew each time is the same campaign."""
    transport = MemoryTransport()
    for limit in (2, 0):
        campaign((row for row in people(5)), journal=tmp_path / "j.db", limit=limit, name="spring").send(
            Mailer(transport)
        )
    assert Counter(message.to[0].email for message in transport.messages) == everyone(5)


# -- what is composed ------------------------------------------------------------------------------------------------


def test_message_has_columns_over_context_and_names_for_odd_columns() -> None:
    """Columns are variables, also under names that a template can say; the row itself is there too."""
    text = "Subject: {{ city }} {{ shop }}\n\n{{ first_name }} {{ row['First name'] }} {{ recipient.email }}"
    transport = MemoryTransport()
    campaign(
        [{"email": "zoe@example.com", "First name": "Zoë", "city": "Rome"}],
        templates=Templates({"hello.txt": text}),
        context={"city": "nowhere", "shop": "Tea"},
    ).send(Mailer(transport))
    assert (transport.messages[0].subject, transport.messages[0].text) == ("Rome Tea", "Zoë Zoë zoe@example.com")


def test_message_with_columns_called_row_and_recipient_shows_the_columns() -> None:
    """A column's name is the author's choice."""
    transport = MemoryTransport()
    campaign(
        [{"email": "zoe@example.com", "row": "7", "recipient": "Auntie"}],
        templates=Templates({"hello.txt": "{{ row }} {{ recipient }}"}),
    ).send(Mailer(transport))
    assert transport.messages[0].text == "7 Auntie"


def test_message_of_a_template_with_a_to_line_is_addressed_once() -> None:
    """A template that says To itself, as other mail merges want it, gives no address twice."""
    transport = MemoryTransport()
    campaign(people(1), templates=Templates({"hello.txt": "To: {{ name }} <{{ email }}>\nSubject: x\n\nx"})).send(
        Mailer(transport)
    )
    (sent,) = transport.sent
    assert [address.email for address in sent.message.to] == ["n0@example.com"]
    assert [address.email for address in sent.envelope.recipients] == ["n0@example.com"]


def test_result_of_a_message_with_copies_is_that_of_its_recipient() -> None:
    """What becomes of a copy for the office says nothing about the reader."""
    templates = Templates({"hello.txt": "To: office@example.com\nCc: boss@example.com\n\nx"})
    report = campaign(people(2), templates=templates).send(
        Mailer(Scripted(office=[Status.REFUSED], n1=[Status.REFUSED]))
    )
    assert (report.sent, report.failed) == (1, 1)
    assert report.problems[0][1].key == "n1@example.com"


def test_copies_when_somebody_is_suppressed_then_that_one_gets_none(tmp_path: Path) -> None:
    """Whoever wants no more mail gets none by way of somebody else's row either."""
    rows = [{**row, "cc": "boss@example.com, left@example.com", "bcc": "gone@example.org"} for row in people(2)]
    with Suppressions(None) as suppressions, relay() as server, Mailer(server.url) as mailer:
        suppressions.add("Left@example.com", "unsubscribed")
        suppressions.add("@example.org")
        assert campaign(rows, suppressions=suppressions).send(mailer).sent == 2
    assert server.copies == everyone(2) + Counter({"boss@example.com": 2})


def test_message_id_is_the_same_in_every_attempt_and_run(tmp_path: Path) -> None:
    """A second copy, should there be one, is known by its Message-ID; two readers never share one."""
    transport = Scripted(n0=[Status.DEFERRED] * 3)
    one = campaign(listed(tmp_path / "p.csv", 2), journal=tmp_path / "j.db", retry=LATER, wait=0)
    assert one.send(Mailer(transport)).deferred == 1
    again(tmp_path / "j.db")
    assert replace(one, retry=NOW).send(Mailer(transport)).sent == 2
    ids = {email: {found for address, found in transport.seen if address == email} for email, _ in transport.seen}
    assert [len(found) for found in ids.values()] == [1, 1]
    assert ids["n0@example.com"] != ids["n1@example.com"]
    assert all(str(found).endswith("@example.com>") for each in ids.values() for found in each)
    assert not any("n0" in found for found in ids["n0@example.com"])


# -- before anything is sent -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"template": "nope.txt"}, TemplateMissing),
        ({"templates": Templates({"hello.txt": "{{ nmae }}"})}, VariableMissing),
        ({"templates": Templates({"hello.txt": "{% if %}"})}, TemplateBroken),
        ({"from_": None}, MessageError),
        ({"from_": "nobody"}, MessageError),
        ({"to": "{{ nmae }} <{{ email }}>"}, VariableMissing),
        ({"to": "{{ name"}, TemplateBroken),
        ({"recipients": []}, RecipientsError),
        ({"recipients": [{"mail": "a@example.com"}]}, RecipientsError),
        ({"recipients": [{"email": "a@example.com", "day": date(2026, 1, 1)}]}, RecipientsError),
        ({"recipients": [{"email": "a@example.com", "days": [date(2026, 1, 1)]}]}, RecipientsError),
        ({"recipients": [{"email": "a@example.com", "half": "\ud800"}]}, RecipientsError),
        ({"recipients": "nope.csv"}, RecipientsError),
        ({"journal": "nope/j.db"}, JournalError),
    ],
)
def test_send_with_a_fault_in_the_whole_raises_before_anything_is_sent(
    settings: dict, error: type, tmp_path: Path
) -> None:
    """Nobody gets half a campaign."""
    transport = MemoryTransport()
    if "journal" in settings:
        settings = {"journal": tmp_path / settings["journal"]}
    with pytest.raises(error):
        campaign(**{"recipients": people(3), **settings}).send(Mailer(transport))
    assert transport.sent == []


@pytest.mark.parametrize("settings", [{"connections": 0}, {"limit": -1}])
def test_campaign_with_impossible_settings_is_refused(settings: dict) -> None:
    """What cannot be is told when the campaign is made."""
    with pytest.raises(ConfigError):
        campaign([], **settings)


def test_send_with_rows_that_cannot_be_composed_sends_the_rest(tmp_path: Path) -> None:
    """One row's fault is that row's alone; it is reported with line and reason, and mended by a new list."""
    templates = Templates({"hello.txt": "Subject: {{ name }}\n\n{{ 10 / (age | int) }}"})
    path = tmp_path / "p.csv"
    path.write_text('email,name,age\na@example.com,A,1\nb@example.com,B,0\nc@example.com,"C\nD",1\nd@example.com,D,2\n')
    transport = MemoryTransport()
    one = campaign(path, templates=templates, journal=tmp_path / "j.db")
    report = one.send(Mailer(transport))
    assert [message.to[0].email for message in transport.messages] == ["a@example.com", "d@example.com"]
    assert [(line, result.state) for line, result in report.problems] == [(3, State.SKIPPED), (4, State.SKIPPED)]
    assert "ZeroDivisionError" in report.problems[0][1].text
    assert "line break" in report.problems[1][1].text
    assert (report.sent, report.failed, report.exit_code) == (2, 2, 1)


# -- a changed list --------------------------------------------------------------------------------------------------


def test_send_with_a_changed_list_stops_and_asks(tmp_path: Path) -> None:
    """Another list under the same name may be a mistake."""
    transport = MemoryTransport()
    path = listed(tmp_path / "p.csv", 3)
    campaign(path, journal=tmp_path / "j.db", limit=1).send(Mailer(transport))
    listed(path, 4)
    with pytest.raises(JournalError, match="has changed") as caught:
        campaign(path, journal=tmp_path / "j.db").send(Mailer(transport))
    assert "--accept-changes" in caught.value.hint
    with pytest.raises(JournalError, match="has changed"):
        campaign(path, journal=tmp_path / "j.db").check()
    assert len(transport.sent) == 1


def test_send_with_accepted_changes_sends_to_the_new_rows_only(tmp_path: Path) -> None:
    """Nobody gets it twice, and whoever was taken off the list does not get it."""
    transport = MemoryTransport()
    path = listed(tmp_path / "p.csv", 4)
    campaign(path, journal=tmp_path / "j.db", limit=2).send(Mailer(transport))
    path.write_text("email,name\nnew@example.com,New\nn0@example.com,Zoë\nn3@example.com,Mended\n")
    report = campaign(path, journal=tmp_path / "j.db", accept_changes=True).send(Mailer(transport))
    assert sorted((m.to[0].email, m.subject) for m in transport.messages[2:]) == [
        ("n3@example.com", "Hello Mended"),
        ("new@example.com", "Hello New"),
    ]
    assert (report.sent, report.pending, report.duplicates) == (4, 0, 0)


def test_send_with_a_list_mended_before_the_first_message_takes_the_new_one(tmp_path: Path) -> None:
    """As long as nobody has it, a mended list needs no word."""
    transport = MemoryTransport()
    path = listed(tmp_path / "p.csv", 3)
    broken = Templates({"hello.txt": "{{ nope }}"})
    with pytest.raises(VariableMissing):
        campaign(path, journal=tmp_path / "j.db", templates=broken).send(Mailer(transport))
    listed(path, 2)
    assert campaign(path, journal=tmp_path / "j.db").send(Mailer(transport)).sent == 2


def test_send_under_another_name_is_another_campaign(tmp_path: Path) -> None:
    """One journal file, several campaigns."""
    transport = MemoryTransport()
    for name in ("spring", "autumn"):
        campaign(people(2), journal=tmp_path / "j.db", name=name).send(Mailer(transport))
    assert len(transport.sent) == 4
    assert len({message.message_id for message in transport.messages}) == 4


# -- when it goes wrong ----------------------------------------------------------------------------------------------


def test_send_with_refused_recipients_reports_them_with_the_reply() -> None:
    """A refusal is final, with code and text; a deferral is not."""
    refuse = {
        "n1@example.com": Reply.of(550, "5.1.1 No such user"),
        "n2@example.com": Reply.of(451, "4.7.1 Come back later"),
    }
    with relay(refuse=refuse) as server, Mailer(server.url) as mailer:
        report = campaign(people(4), retry=LATER, wait=0).send(mailer)
    assert server.copies == Counter(["n0@example.com", "n3@example.com"])
    assert (report.sent, report.failed, report.deferred, report.exit_code) == (2, 1, 1, 1)
    (_, failed), (_, deferred) = report.problems
    assert (failed.key, failed.code, failed.enhanced, failed.text, failed.attempts) == (
        *("n1@example.com", 550, "5.1.1"),
        *("No such user", 1),
    )
    assert (deferred.state, deferred.code, deferred.attempts) == (State.DEFERRED, 451, 1)


def test_send_with_a_wrong_password_stops_and_loses_nothing(tmp_path: Path) -> None:
    """The first refusal ends the run; with the right password the same campaign sends to all."""
    path = listed(tmp_path / "p.csv", 6)
    with relay(password="right") as server:
        one = campaign(path, journal=tmp_path / "j.db", connections=2)
        with Mailer(server.url.replace("right", "wrong"), retry=NOW) as mailer, pytest.raises(AuthError) as caught:
            one.send(mailer)
        assert "wrong" not in str(caught.value)
        assert server.received == []
        with Mailer(server.url) as mailer:
            report = one.send(mailer)
    assert (report.sent, report.in_doubt) == (6, 0)
    assert server.copies == everyone(6)


def test_send_when_the_relay_goes_away_stops_and_the_next_run_sends_the_rest(tmp_path: Path) -> None:
    """A relay that is gone is not asked a thousand times; nobody is lost, nobody gets it twice."""
    gone = [ConnectError("nobody answers")] * 20
    transport = Scripted(n5=gone, n6=gone, n7=gone, n8=gone)
    one = campaign(listed(tmp_path / "p.csv", 12), journal=tmp_path / "j.db", wait=0)
    with pytest.raises(ConnectError, match="cannot be reached") as caught:
        one.send(Mailer(transport, retry=Retry(attempts=3, backoff=0)))
    assert "goes on where it ended" in caught.value.hint
    assert Counter(email for email, _ in transport.seen[:5]) == everyone(5)
    assert len(transport.seen) == 8
    back = Scripted()
    report = one.send(Mailer(back))
    assert (report.sent, report.exit_code) == (12, 0)
    assert Counter(email for email, _ in [*transport.seen[:5], *back.seen]) == everyone(12)


def test_send_when_the_relay_hangs_up_after_the_data_leaves_it_in_doubt(tmp_path: Path) -> None:
    """Whether it arrived nobody can know: it is told, and not sent again by the next run."""
    path = listed(tmp_path / "p.csv", 4)
    one = campaign(path, journal=tmp_path / "j.db")

    def hang_up(received: object) -> None:
        if "n1@example.com" in received.recipients:
            raise ConnectError("gone")

    with relay(on_message=hang_up) as server, Mailer(f"{server.url}?window=0") as mailer:
        report = one.send(mailer)
        again = one.send(mailer)
    assert (report.sent, report.in_doubt, report.exit_code) == (3, 1, 3)
    assert (again.sent, again.in_doubt, again.exit_code, again.sent_in_run) == (3, 1, 3, 0)
    assert server.copies == everyone(4)


def test_send_with_deferred_recipients_tries_them_again_when_their_time_has_come(tmp_path: Path) -> None:
    """In the same run if that is soon; else it ends, says so, and a later run goes on. Who is told to wait is not asked at once."""
    transport = Scripted(n1=[Status.DEFERRED] * 2)
    one = campaign(listed(tmp_path / "p.csv", 3), journal=tmp_path / "j.db", retry=LATER, wait=0)
    first = one.send(Mailer(transport))
    assert (first.sent, first.deferred, first.exit_code) == (2, 1, 1)
    assert first.next_attempt_at is not None
    assert one.send(Mailer(transport)).sent_in_run == 0
    again(tmp_path / "j.db")
    second = replace(one, retry=NOW).send(Mailer(transport))
    assert (second.sent, second.deferred, second.exit_code) == (3, 0, 0)


def test_send_with_recipients_put_off_for_ever_lets_them_expire(tmp_path: Path) -> None:
    """After all attempts they count as failed, with what was said last; "try later" is never lost silently."""
    transport = Scripted(n1=[Status.DEFERRED] * 9)
    report = campaign(listed(tmp_path / "p.csv", 3), journal=tmp_path / "j.db", retry=NOW).send(Mailer(transport))
    assert (report.sent, report.failed, report.deferred, report.exit_code) == (2, 1, 0, 1)
    ((_, result),) = report.problems
    assert (result.state, result.attempts, result.text) == (State.EXPIRED, NOW.attempts, "said")


def test_send_with_a_fault_in_the_transport_leaves_that_message_in_doubt(tmp_path: Path) -> None:
    """After an error that nobody foresaw, the message may be anywhere; the others are pending."""
    transport = Scripted(n1=[RuntimeError("a bug")])
    one = campaign(listed(tmp_path / "p.csv", 4), journal=tmp_path / "j.db")
    with pytest.raises(RuntimeError, match="a bug"):
        one.send(Mailer(transport))
    report = one.send(Mailer(transport))
    assert (report.sent, report.in_doubt, report.exit_code) == (3, 1, 3)
    assert Counter(email for email, _ in transport.seen) == everyone(4)


@pytest.mark.slow
@pytest.mark.parametrize("connections", [1, 3])
def test_send_in_a_process_that_is_killed_goes_on_without_loss_or_copy(tmp_path: Path, connections: int) -> None:
    """kill -9 in the middle: at most the messages on their way are in doubt, and those are never sent again."""
    script = """
import sys
from mailkit import Campaign, Mailer, Templates
Campaign(template="hello.txt", templates=Templates({"hello.txt": "Subject: x\\n\\n{{ name }}"}), recipients=sys.argv[1],
         from_="ada@example.com", journal=sys.argv[2], connections=int(sys.argv[4])).send(Mailer(sys.argv[3]))
"""
    path = listed(tmp_path / "p.csv", 40)
    child: list[subprocess.Popen[bytes]] = []
    started = threading.Event()

    def kill(received: object) -> Reply | None:
        if len(server.received) == 15:
            started.wait()
            child[0].kill()
        return None

    with relay(on_message=kill) as server:
        arguments = [sys.executable, "-c", script, path, tmp_path / "j.db", f"{server.url}?window=0", str(connections)]
        child.append(subprocess.Popen(arguments))
        started.set()
        assert child[0].wait(timeout=60) == -signal.SIGKILL
        templates = Templates({"hello.txt": "Subject: x\n\n{{ name }}"})
        with Mailer(server.url) as mailer:
            report = campaign(path, templates=templates, journal=tmp_path / "j.db").send(mailer)
            campaign(path, templates=templates, journal=tmp_path / "j.db").send(mailer)
    assert report.sent + report.in_doubt == 40
    assert 1 <= report.in_doubt <= connections
    assert report.exit_code == 3
    assert max(server.copies.values()) == 1
    doubtful = {result.key for _, result in report.problems}
    assert set(everyone(40)) - doubtful <= set(server.copies)


# -- the pre-flight --------------------------------------------------------------------------------------------------


def test_check_sends_nothing_and_makes_no_journal(tmp_path: Path) -> None:
    """The pre-flight leaves no trace."""
    report = campaign(listed(tmp_path / "p.csv", 3), journal=tmp_path / "j.db").check()
    assert report.is_dry_run
    assert (report.pending, report.sent, report.exit_code) == (3, 0, 0)
    assert report.sample.startswith(
        "From: Ada <ada@example.com>\nTo: Zoë 0 <n0@example.com>\nSubject: Hello Zoë 0\n\nDear Zoë 0,"
    )
    assert list(tmp_path.iterdir()) == [tmp_path / "p.csv"]


def test_check_finds_every_row_that_would_fail(tmp_path: Path) -> None:
    """All faults in one go, bad rows among them."""
    path = tmp_path / "p.csv"
    path.write_text(
        "email,name,age\na@example.com,A,1\nb@example.com,B,0\nnobody,X,1\nc@example.com,C,0\na@example.com,A,1\n"
    )
    templates = Templates({"hello.txt": "{{ 10 / (age | int) }}"})
    report = campaign(path, templates=templates).check()
    assert [(line, result.key) for line, result in report.problems] == [(3, "b@example.com"), (5, "c@example.com")]
    assert (report.pending, report.failed, report.invalid, report.duplicates, report.exit_code) == (1, 2, 1, 1, 1)


def test_check_with_a_journal_leaves_out_who_has_it(tmp_path: Path) -> None:
    """The pre-flight of a campaign that has begun is about the rest."""
    path = listed(tmp_path / "p.csv", 5)
    one = campaign(path, journal=tmp_path / "j.db")
    campaign(path, journal=tmp_path / "j.db", limit=2).send(Mailer(Scripted(n1=[Status.REFUSED])))
    report = one.check()
    assert (report.pending, report.sent, report.failed) == (3, 1, 1)
    assert one.send(Mailer(MemoryTransport())).sent_in_run == 3


def test_check_with_a_limit_composes_no_more() -> None:
    """A quick look at the first message of many."""
    composed: list[str] = []
    templates = Templates(
        {"hello.txt": "{{ name | noted }}"}, filters={"noted": lambda name: composed.append(name) or name}
    )
    campaign(people(5), templates=templates, limit=2).check()
    assert composed == ["Zoë 0", "Zoë 1"]


def test_check_with_a_template_that_is_missing_tells_every_row() -> None:
    """Also when nothing can be composed there is a report."""
    report: Report = campaign(people(2), template="nope.txt").check()
    assert (report.failed, report.sample, report.exit_code) == (2, "", 1)


# -- progress --------------------------------------------------------------------------------------------------------


def test_progress_is_told_from_none_to_all() -> None:
    """The observer hears of the reading of the list, of the beginning, and of every message."""
    heard: list[Progress] = []
    campaign(people(3), limit=2).send(Mailer(Scripted(n1=[Status.REFUSED])), progress=heard.append)
    assert (heard[0].stage, heard[0].done, heard[0].total, heard[0].seconds_left) == (Stage.READING, 3, 0, None)
    sending = [moment for moment in heard if moment.stage is Stage.SENDING]
    assert [(moment.done, moment.total) for moment in (sending[0], sending[-1])] == [(0, 2), (2, 2)]
    assert heard[-1].counts == {State.SENT: 1, State.FAILED: 1}


def test_progress_of_the_preflight_says_how_many_have_been_checked(tmp_path: Path) -> None:
    """Also what takes long before the first message is shown; and it is not done again when the run goes on."""
    heard: list[Progress] = []
    one = campaign(listed(tmp_path / "p.csv", 3), journal=tmp_path / "j.db")
    one.send(Mailer("null:"), progress=heard.append)
    assert [(moment.done, moment.total) for moment in heard if moment.stage is Stage.CHECKING] == [(3, 3)]
    again: list[Progress] = []
    one.send(Mailer("null:"), progress=again.append)
    assert {moment.stage for moment in again} == {Stage.SENDING}


def test_progress_with_nothing_done_has_no_estimate() -> None:
    """Rates and estimates are figures, or nothing."""
    assert (Progress(10).rate, Progress(10).seconds_left) == (0.0, None)
    moment = Progress(10, {State.SENT: 4, State.FAILED: 1}, seconds=2.0)
    assert (moment.done, moment.rate, moment.seconds_left) == (5, 2.5, 2.0)


def test_recipients_given_as_an_object_keep_their_settings(tmp_path: Path) -> None:
    """Encoding and delimiter can be said."""
    path = tmp_path / "p.csv"
    path.write_bytes("email;name\nzoe@example.com;Zoë\n".encode("cp1252"))
    transport = MemoryTransport()
    campaign(Recipients(path, encoding="cp1252", delimiter=";")).send(Mailer(transport))
    assert transport.messages[0].subject == "Hello Zoë"


def test_check_with_thousands_of_bad_rows_counts_all_and_shows_a_thousand() -> None:
    """A dry run over a list that is wrong as a whole keeps its memory flat."""
    people = [{"email": f"p{number}@example.com", "note": "x"} for number in range(1_100)]
    templates = Templates({"t.txt": "Subject: Hi\n\n{{ nope }}"})
    report = Campaign(template="t.txt", templates=templates, recipients=people, from_="ada@example.com").check()
    assert report.failed == 1_100
    assert len(report.problems) == 1_000
    assert report.ready == report.pending == 0


def test_send_from_a_domain_literal_writes_a_legal_message_id() -> None:
    """RFC 5322 3.6.4: the right side of an id may be a literal, in its brackets."""
    transport = MemoryTransport()
    campaign = Campaign(
        template="t.txt",
        templates=Templates({"t.txt": "Subject: Hi\n\nHi"}),
        recipients=[{"email": "zoe@example.com"}],
        from_="ada@[IPv6:2001:db8::1]",
    )
    campaign.send(Mailer(transport))
    assert transport.messages[0].message_id.endswith("@[IPv6:2001:db8::1]>")
