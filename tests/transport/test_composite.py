"""Failover and round robin: who is asked next, who is left out, and that nobody gets a message twice."""

import asyncio
import logging
import pickle
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import pytest

from mailkit import Envelope, Mailer, Message, MessageBuilder, Outcome, Retry, Status, Transport, clock, open_transport
from mailkit.errors import (
    AuthError,
    CapabilityMissing,
    ConfigError,
    ConnectError,
    LocalProtocolError,
    MailkitError,
    MessageError,
    RemoteProtocolError,
    RetriesExhausted,
    TlsError,
    TransportTimeout,
)
from mailkit.smtp import Reply
from mailkit.testing import FrozenClock
from mailkit.transport import FailoverTransport, MemoryTransport, RoundRobinTransport
from tests.kit.peers import free_port
from tests.kit.relay import relay
from tests.kit.twins import TRANSPORTS, TransportTwin

BOB, EVE, ZOE = "bob@example.com", "eve@example.com", "zoe@example.com"
MESSAGE = MessageBuilder().from_("ada@example.com").to(BOB, EVE, ZOE).text("Hello").build()
SECRET = "hunter2"

Answer = MailkitError | dict[str, Status] | Status


class Says(Transport):
    """Gives its answers in order, the last one for ever: an error, a status for all, or one for each recipient."""

    def __init__(self, name: str, *answers: Answer, command: str = "end of data") -> None:
        self.name = name
        self.asked: list[list[str]] = []
        self.closed = 0
        self._answers = list(answers)
        self._command = command

    def deliver(self, envelope: Envelope, message: Message) -> tuple[Outcome, ...]:
        self.asked.append([recipient.email for recipient in envelope.recipients])
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, MailkitError):
            raise answer
        return tuple(
            Outcome(
                recipient,
                answer if isinstance(answer, Status) else answer.get(recipient.email, Status.ACCEPTED),
                text=self.name,
                relay=self.name,
                command=self._command,
            )
            for recipient in envelope.recipients
        )

    async def adeliver(self, envelope: Envelope, message: Message) -> tuple[Outcome, ...]:
        return self.deliver(envelope, message)

    def close(self) -> None:
        self.closed += 1

    async def aclose(self) -> None:
        self.closed += 1


def lost() -> ConnectError:
    return ConnectError("connection refused", hint="Is it running?")


@pytest.fixture(params=TRANSPORTS, ids=lambda twin: twin.__name__)
def twin(request: pytest.FixtureRequest) -> TransportTwin:
    found: TransportTwin = request.param
    return found


@pytest.fixture
def frozen() -> Iterator[FrozenClock]:
    found = FrozenClock()
    with clock.using(found):
        yield found


def statuses(outcomes: Sequence[Outcome]) -> list[tuple[str, str]]:
    return [(outcome.status.value, outcome.relay) for outcome in outcomes]


# -- whom it goes to ---------------------------------------------------------------------------------------------------


def test_failover_when_the_first_one_works_then_the_others_are_not_asked(twin: TransportTwin) -> None:
    """The order is the order of preference."""
    first, second = Says("a", Status.ACCEPTED), Says("b", Status.ACCEPTED)
    with twin(FailoverTransport([first, second])) as transport:
        outcomes = transport.deliver(MESSAGE)
    assert statuses(outcomes) == [("accepted", "a")] * 3
    assert second.asked == []


@pytest.mark.parametrize(
    "error",
    [
        ConnectError("no route"),
        TransportTimeout("too slow"),
        TlsError("expired"),
        AuthError("not let in"),
        CapabilityMissing("no SMTPUTF8", capability="SMTPUTF8"),
        RemoteProtocolError("garbled"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_failover_when_one_fails_before_anything_was_accepted_then_the_next_one_gets_the_message(
    twin: TransportTwin, error: MailkitError
) -> None:
    """By the contract of a transport an error means that nobody has the message."""
    second = Says("b", Status.ACCEPTED)
    with twin(FailoverTransport([Says("a", error), second])) as transport:
        outcomes = transport.deliver(MESSAGE)
    assert statuses(outcomes) == [("accepted", "b")] * 3
    assert second.asked == [[BOB, EVE, ZOE]]


@pytest.mark.parametrize(
    "error",
    [MessageError("cannot be written"), LocalProtocolError("about to break the protocol"), ConfigError("no")],
    ids=lambda error: type(error).__name__,
)
def test_failover_when_the_message_itself_is_at_fault_then_no_other_is_bothered(
    twin: TransportTwin, error: MailkitError
) -> None:
    """It would be at fault there too."""
    second = Says("b", Status.ACCEPTED)
    with twin(FailoverTransport([Says("a", error), second])) as transport, pytest.raises(type(error)):
        transport.deliver(MESSAGE)
    assert second.asked == []


def test_failover_when_some_are_put_off_then_only_these_go_to_the_next(twin: TransportTwin) -> None:
    """Accepted is accepted, refused is refused, and in doubt is in doubt: none of them goes out again."""
    dan = "dan@example.com"
    message = MessageBuilder().from_("ada@example.com").to(BOB, EVE, ZOE, dan).text("x").build()
    first = Says("a", {BOB: Status.DEFERRED, EVE: Status.REFUSED, ZOE: Status.IN_DOUBT})
    second = Says("b", Status.ACCEPTED)
    with twin(FailoverTransport([first, second])) as transport:
        outcomes = transport.deliver(message)
    assert statuses(outcomes) == [("accepted", "b"), ("refused", "a"), ("in doubt", "a"), ("accepted", "a")]
    assert [outcome.recipient.email for outcome in outcomes] == [BOB, EVE, ZOE, dan]
    assert second.asked == [[BOB]]


def test_failover_when_all_is_in_doubt_then_nothing_is_sent_again(twin: TransportTwin) -> None:
    """It may have been accepted."""
    second = Says("b", Status.ACCEPTED)
    with twin(FailoverTransport([Says("a", Status.IN_DOUBT), second])) as transport:
        outcomes = transport.deliver(MESSAGE)
    assert statuses(outcomes) == [("in doubt", "a")] * 3
    assert second.asked == []


def test_failover_when_all_put_it_off_then_the_last_word_counts(twin: TransportTwin) -> None:
    """A mailer tries again later."""
    members = [Says("a", Status.DEFERRED), Says("b", {BOB: Status.DEFERRED}), Says("c", Status.DEFERRED)]
    with twin(FailoverTransport(members)) as transport:
        outcomes = transport.deliver(MESSAGE)
    assert statuses(outcomes) == [("deferred", "c"), ("accepted", "b"), ("accepted", "b")]
    assert [member.asked for member in members] == [[[BOB, EVE, ZOE]], [[BOB, EVE, ZOE]], [[BOB]]]


def test_failover_when_the_next_one_fails_then_what_the_first_one_said_stays(twin: TransportTwin) -> None:
    """An exception would hide that somebody has the message."""
    with twin(FailoverTransport([Says("a", {BOB: Status.DEFERRED}), Says("b", lost())])) as transport:
        outcomes = transport.deliver(MESSAGE)
    assert statuses(outcomes) == [("deferred", "a"), ("accepted", "a"), ("accepted", "a")]


@pytest.mark.parametrize(
    ("errors", "chosen"),
    [
        ([lost, lambda: AuthError("b")], ConnectError),
        ([lambda: AuthError("a"), lost], ConnectError),
        ([lambda: AuthError("a"), lambda: TlsError("b")], TlsError),
        ([lambda: TransportTimeout("a"), lost], ConnectError),
    ],
)
def test_failover_when_every_one_fails_then_the_error_is_one_that_a_retry_may_mend(
    twin: TransportTwin, errors: list[Callable[[], MailkitError]], chosen: type[MailkitError]
) -> None:
    """While one of them may come back, trying again is worth it. The other errors are notes under it."""
    members = [Says(str(number), make()) for number, make in enumerate(errors)]
    with twin(FailoverTransport(members)) as transport, pytest.raises(chosen) as caught:
        transport.deliver(MESSAGE)
    assert sum(note.startswith("also: ") for note in caught.value.__notes__) == 1
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_failover_when_a_message_goes_on_then_it_and_its_envelope_are_what_they_were(twin: TransportTwin) -> None:
    """What a transport makes of a message must not reach the next one."""
    memory = MemoryTransport()
    before = pickle.dumps((MESSAGE, MESSAGE.envelope()))
    with twin(FailoverTransport([Says("a", {BOB: Status.DEFERRED}), memory])) as transport:
        transport.deliver(MESSAGE)
    assert memory.messages[0] is MESSAGE
    assert pickle.dumps((MESSAGE, MESSAGE.envelope())) == before


# -- who is left out ---------------------------------------------------------------------------------------------------


def test_failover_when_one_is_dead_then_it_is_left_out_for_a_while_and_then_asked_again(
    twin: TransportTwin, frozen: FrozenClock, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody waits for the same time-out with every message."""
    first, second = Says("a", lost(), Status.ACCEPTED), Says("b", Status.ACCEPTED)
    with caplog.at_level(logging.WARNING, "mailkit.transport"), twin(FailoverTransport([first, second])) as transport:
        relays = []
        for _ in range(4):
            relays.append(transport.deliver(MESSAGE)[0].relay)
            frozen.advance(25)
    assert relays == ["b", "b", "b", "a"]
    assert len(first.asked) == 2
    assert [record.message for record in caplog.records] == ["a is left out for 60 seconds: connection refused"]


@pytest.mark.parametrize(
    ("answer", "command", "is_left_out"),
    [
        (Status.DEFERRED, "MAIL", True),
        (Status.DEFERRED, "end of data", True),
        (Status.IN_DOUBT, "end of data", True),
        (Status.DEFERRED, "RCPT", False),
        (Status.REFUSED, "MAIL", False),
        ({BOB: Status.DEFERRED}, "end of data", False),
        (CapabilityMissing("no SMTPUTF8", capability="SMTPUTF8"), "", False),
    ],
)
def test_failover_when_recipients_are_put_off_then_only_a_relay_in_trouble_is_left_out(
    twin: TransportTwin, frozen: FrozenClock, answer: Answer, command: str, is_left_out: bool
) -> None:
    """One address that is busy says nothing about the relay, and one message nothing about the next."""
    first = Says("a", answer, command=command)
    with twin(FailoverTransport([first, Says("b", Status.ACCEPTED)])) as transport:
        transport.deliver(MESSAGE)
        transport.deliver(MESSAGE)
    assert len(first.asked) == (1 if is_left_out else 2)


def test_failover_when_all_are_dead_then_all_are_tried(twin: TransportTwin, frozen: FrozenClock) -> None:
    """Giving up at once would be worse than asking once more."""
    first, second = Says("a", lost()), Says("b", lost(), Status.ACCEPTED)
    with twin(FailoverTransport([first, second])) as transport:
        with pytest.raises(ConnectError):
            transport.deliver(MESSAGE)
        outcomes = transport.deliver(MESSAGE)
    assert statuses(outcomes) == [("accepted", "b")] * 3
    assert (len(first.asked), len(second.asked)) == (2, 2)


def test_failover_when_a_dead_one_works_again_then_it_is_alive_at_once(
    twin: TransportTwin, frozen: FrozenClock
) -> None:
    """The time that it was to be left out is over."""
    only = Says("a", lost(), Status.ACCEPTED)
    other = Says("b", lost())
    with twin(FailoverTransport([only, other])) as transport:
        with pytest.raises(ConnectError):
            transport.deliver(MESSAGE)
        transport.deliver(MESSAGE)
        transport.deliver(MESSAGE)
    assert (len(only.asked), len(other.asked)) == (3, 1)


# -- round robin -------------------------------------------------------------------------------------------------------


def test_roundrobin_when_all_work_then_each_has_its_turn(twin: TransportTwin) -> None:
    """A message each."""
    members = [Says(name, Status.ACCEPTED) for name in "abc"]
    with twin(RoundRobinTransport(members)) as transport:
        relays = [transport.deliver(MESSAGE)[0].relay for _ in range(7)]
    assert "".join(relays) == "abcabca"


def test_roundrobin_when_one_is_dead_then_the_others_share_its_messages(
    twin: TransportTwin, frozen: FrozenClock
) -> None:
    """And it is asked once, not with every round."""
    dead = Says("b", lost())
    with twin(RoundRobinTransport([Says("a", Status.ACCEPTED), dead, Says("c", Status.ACCEPTED)])) as transport:
        relays = [transport.deliver(MESSAGE)[0].relay for _ in range(6)]
    assert set(relays) == {"a", "c"}
    assert len(dead.asked) == 1


def test_roundrobin_when_threads_share_it_then_every_turn_is_taken_once() -> None:
    """The next turn is one step, whatever the others do."""
    members = [Says(name, Status.ACCEPTED) for name in "abcd"]
    transport = RoundRobinTransport(members)

    def send() -> None:
        for _ in range(25):
            transport.deliver(MESSAGE.envelope(), MESSAGE)

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [len(member.asked) for member in members] == [25] * 4


# -- URLs --------------------------------------------------------------------------------------------------------------


def test_open_when_composites_are_nested_then_the_tree_is_built_and_names_hide_passwords() -> None:
    """One text for the whole tree."""
    transport = open_transport(
        f"""
        failover(
            smtp://ada:{SECRET}@a.example.com:25
            roundrobin(smtps://b.example.com  gmail://ada%40gmail.com:{SECRET}@)?dead_for=5
            null:
        )?dead_for=0.5
        """
    )
    assert isinstance(transport, FailoverTransport)
    inner = transport.members[1]
    assert isinstance(inner, RoundRobinTransport)
    assert (transport.dead_for, inner.dead_for) == (0.5, 5.0)
    assert transport.name == (
        "failover(smtp://ada@a.example.com:25 "
        "roundrobin(smtps://b.example.com:465 smtp://ada@gmail.com@smtp.gmail.com:587) null:)"
    )
    assert SECRET not in repr(transport)


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("failover()", "needs transports"),
        ("roundrobin(  )", "needs transports"),
        ("failover(null:", "parentheses"),
        ("failover(null:))", "parentheses"),
        ("failover(null: (smtp://a))", "place 2"),
        ("failover(null: null)", "place 2"),
        ("failover(null:)dead_for=1", "parentheses"),
        ("failover(null:)?dead_for=0", "positive"),
        ("failover(null:)?retry=1", "no option 'retry'"),
        ("failover(null: gopher://a)", "no transport 'gopher'"),
        ("failover:null:", "needs transports"),
        ("null(null:)", "no transports in parentheses"),
        ("smtp(null:)", "no transports in parentheses"),
        ("gmail(null:)", "no transports in parentheses"),
        ("fallover(null:)", "no transport 'fallover'"),
        ("failover(" * 12 + "null:" + ")" * 12, "nested more than"),
        ("failover(" * 50_000, "nested more than"),
    ],
)
def test_open_when_a_composite_is_wrong_then_the_error_says_how(url: str, problem: str) -> None:
    """At once, not with the first message."""
    with pytest.raises(ConfigError, match=problem):
        open_transport(url)


@pytest.mark.parametrize(
    "url",
    [
        f"failover(smtp://ada:{SECRET}@a?tsl=off null:)",
        f"failover(null: smtp://ada:{SECRET}@a:99999)",
        f"failover(null: smtp://ada:{SECRET})",
        f"failover(smtp://ada:two {SECRET}@a null:)",
        f"failover(smtp://ada:12 {SECRET}@a null:)",
        f"failover(smtp://ada:12 {SECRET}:x@a null:)",
        f"failover(smtp://ada:a){SECRET}@a null:)",
        f"failover(smtp://ada:a({SECRET}@a null:)",
        f"failover(smtp://ada:{SECRET}@a",
        f"failover(smtp://ada:{SECRET}@a null:)?x",
        f"failover(smtp://ada:{SECRET}@a gopher://b)",
        f"fallover(smtp://ada:{SECRET}@a)",
        f"failover(roundrobin(smtp://ada:{SECRET}@a)?x=1)",
        f"redirect(smtp://ada:{SECRET}@a)",
        f"null(smtp://ada:{SECRET}@a)",
    ],
)
def test_open_when_a_composite_is_wrong_then_no_password_within_is_shown(url: str) -> None:
    """However the text falls apart."""
    with pytest.raises(ConfigError) as caught:
        open_transport(url)
    assert SECRET not in f"{caught.value} {caught.value!r} {caught.value.hint}".lower()


def test_a_password_when_it_has_parentheses_that_match_then_it_needs_no_encoding() -> None:
    """They are counted."""
    transport = open_transport("failover(smtp://ada:pa(ss)word@a.example.com null:)")
    assert isinstance(transport, FailoverTransport)
    credentials = getattr(transport.members[0], "settings").credentials  # noqa: B009 - of an SMTP transport
    assert credentials.password.reveal() == "pa(ss)word"


# -- the rest of a transport -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "close", [lambda transport: transport.close(), lambda transport: asyncio.run(transport.aclose())]
)
def test_close_when_called_then_every_member_is_closed_even_when_one_fails(close: Callable[[Transport], None]) -> None:
    """No connection is left behind."""

    class Stuck(Says):
        def close(self) -> None:
            raise OSError("stuck")

        async def aclose(self) -> None:
            raise OSError("stuck")

    first, last = Says("a", Status.ACCEPTED), Says("c", Status.ACCEPTED)
    with pytest.raises(OSError, match="stuck"):
        close(FailoverTransport([first, Stuck("b", lost()), last]))
    assert (first.closed, last.closed) == (1, 1)


def test_verify_when_called_then_every_member_is_asked_by_name() -> None:
    """A relay that is there for the worst case is found to be wrong before that."""
    lines = FailoverTransport([MemoryTransport(), Says("b", lost())]).verify()
    assert lines == ("memory:: there is nothing to check", "b: there is nothing to check")
    with pytest.raises(ConnectError):
        open_transport(f"failover(null: smtp://127.0.0.1:{free_port()})").verify()


def test_failover_when_relays_are_real_then_each_recipient_is_reached_once(twin: TransportTwin) -> None:
    """One relay is not there, one puts a recipient off, one takes it."""
    with relay(refuse={EVE: Reply.of(450, "4.2.0 busy")}) as busy, relay() as spare:
        with twin(f"failover(smtp://127.0.0.1:{free_port()} {busy.url} {spare.url})") as transport:
            outcomes = transport.deliver(MESSAGE)
        assert {outcome.status for outcome in outcomes} == {Status.ACCEPTED}
        assert dict(busy.copies) == {BOB: 1, ZOE: 1}
        assert dict(spare.copies) == {EVE: 1}


def test_mailer_when_a_failover_puts_somebody_off_then_it_tries_these_again() -> None:
    """Patience is the mailer's, and it has an attempt for all members each time."""
    first, second = Says("a", {BOB: Status.DEFERRED}, Status.ACCEPTED), Says("b", Status.DEFERRED)
    retry = Retry(attempts=3, backoff=0.001)
    receipt = Mailer(FailoverTransport([first, second]), retry=retry).send(MESSAGE)
    assert receipt.is_complete
    assert first.asked == [[BOB, EVE, ZOE], [BOB]]
    down = FailoverTransport([Says("a", lost()), Says("b", lost())])
    with pytest.raises(RetriesExhausted) as caught:
        Mailer(down, retry=replace(retry, attempts=2)).send(MESSAGE)
    assert caught.value.attempts == 2
