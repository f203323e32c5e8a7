"""Mailers: what is tried again and what is not, what a receipt says, and what is raised. Both twins, one list."""

import logging
import pickle
from dataclasses import dataclass, field

import pytest

from mailkit import Envelope, MessageBuilder, Receipt, Retry, clock
from mailkit.delivery import Throttle
from mailkit.errors import (
    AuthError,
    ConfigError,
    ConnectError,
    DataRefused,
    MailkitError,
    RecipientsRefused,
    RemoteProtocolError,
    ReplyError,
    RetriesExhausted,
    SenderRefused,
    TlsError,
    TransportTimeout,
)
from mailkit.message import Message
from mailkit.net import Listener
from mailkit.smtp import Reply, ServerProfile
from mailkit.testing import FrozenClock
from mailkit.testing.peer import Closes, Hears, Says
from mailkit.transport import MemoryTransport, Outcome, Status, Transport
from tests.kit.peers import Authority, HearsLines, HearsMessage, Postbox, RawStep, Resets, ScriptedServer
from tests.kit.twins import MAILERS, MailerTwin

ANN, BOB, EVE = "ann@example.com", "bob@example.com", "eve@example.com"
AT_ONCE = Retry(backoff=0)


@pytest.fixture(params=MAILERS, ids=["Mailer", "AsyncMailer"])
def mailer_of(request: pytest.FixtureRequest) -> MailerTwin:
    found: MailerTwin = request.param
    return found


def message(*to: str) -> Message:
    return MessageBuilder().from_("ada@example.com").to(*(to or (BOB,))).subject("Hi").text("Hello").build()


Said = dict[str, tuple[Status, int]] | MailkitError


@dataclass
class Relay(Transport):
    """Answers each attempt as told, and accepts when nothing more is told. Remembers who was tried."""

    said: list[Said] = field(default_factory=list)
    command: str = "RCPT"
    tried: list[list[str]] = field(default_factory=list)
    name: str = "relay:"

    def deliver(self, envelope: Envelope, message: Message) -> tuple[Outcome, ...]:
        self.tried.append([recipient.email for recipient in envelope.recipients])
        answer = self.said.pop(0) if self.said else {}
        if isinstance(answer, MailkitError):
            raise answer
        return tuple(self._outcome(recipient, answer) for recipient in envelope.recipients)

    def _outcome(self, recipient, answer) -> Outcome:
        status, code = answer.get(recipient.email, (Status.ACCEPTED, 250))
        return Outcome(recipient, status, code=code, text="so be it", relay=self.name, command=self.command)


LATER = (Status.DEFERRED, 450)
NEVER = (Status.REFUSED, 550)
DOUBT = (Status.IN_DOUBT, 0)


def summary(receipt: Receipt) -> list[tuple[str, str, int]]:
    return [(outcome.recipient.local, str(outcome.status), outcome.attempts) for outcome in receipt.outcomes]


# -- what is tried again -----------------------------------------------------------------------------------------------


def test_send_when_all_is_well_then_everybody_is_accepted_at_the_first_attempt(mailer_of: MailerTwin) -> None:
    """The receipt lists the recipients in their order."""
    relay = Relay()
    with mailer_of(relay, retry=AT_ONCE) as mailer:
        receipt = mailer.send(message(EVE, ANN, BOB))
    assert summary(receipt) == [("eve", "accepted", 1), ("ann", "accepted", 1), ("bob", "accepted", 1)]
    assert receipt.is_complete
    assert relay.tried == [[EVE, ANN, BOB]]


def test_send_when_some_are_deferred_then_only_they_are_tried_again(mailer_of: MailerTwin) -> None:
    """Nobody who has the message, or was refused, is asked twice."""
    relay = Relay([{ANN: LATER, BOB: NEVER}, {ANN: LATER}])
    with mailer_of(relay, retry=AT_ONCE) as mailer:
        receipt = mailer.send(message(ANN, BOB, EVE))
    assert relay.tried == [[ANN, BOB, EVE], [ANN], [ANN]]
    assert summary(receipt) == [("ann", "accepted", 3), ("bob", "refused", 1), ("eve", "accepted", 1)]
    assert not receipt.is_complete


def test_send_when_refused_for_good_then_there_is_one_attempt(mailer_of: MailerTwin) -> None:
    """5yz is final: trying again costs time and reputation."""
    relay = Relay([{BOB: NEVER}])
    with mailer_of(relay, retry=AT_ONCE) as mailer, pytest.raises(RecipientsRefused):
        mailer.send(message())
    assert len(relay.tried) == 1


def test_send_when_in_doubt_then_it_is_never_tried_again(mailer_of: MailerTwin) -> None:
    """The message may have been taken; sending it again would make a duplicate. It is not an exception either."""
    relay = Relay([{BOB: DOUBT, ANN: LATER}])
    with mailer_of(relay, retry=AT_ONCE) as mailer:
        receipt = mailer.send(message(ANN, BOB))
    assert relay.tried == [[ANN, BOB], [ANN]]
    assert [outcome.recipient.email for outcome in receipt.in_doubt] == [BOB]
    assert [outcome.recipient.email for outcome in receipt.accepted] == [ANN]


@pytest.mark.parametrize(
    "error",
    [ConnectError("cut"), TransportTimeout("slow"), RemoteProtocolError("garbled")],
    ids=lambda error: error.slug,
)
def test_send_when_the_connection_fails_then_it_is_tried_again(mailer_of: MailerTwin, error: MailkitError) -> None:
    """Nothing was accepted."""
    relay = Relay([error, error])
    with mailer_of(relay, retry=AT_ONCE) as mailer:
        receipt = mailer.send(message())
    assert summary(receipt) == [("bob", "accepted", 3)]


@pytest.mark.parametrize("error", [TlsError("not trusted"), AuthError("wrong password")], ids=lambda error: error.slug)
def test_send_when_no_retry_can_mend_it_then_the_error_comes_out_at_once(
    mailer_of: MailerTwin, error: MailkitError
) -> None:
    """A wrong password is still wrong a second later, and locks the account the third time."""
    relay = Relay([error])
    with mailer_of(relay, retry=AT_ONCE) as mailer, pytest.raises(type(error)):
        mailer.send(message())
    assert len(relay.tried) == 1


def test_send_when_a_later_attempt_fails_for_good_then_earlier_successes_are_not_hidden(mailer_of: MailerTwin) -> None:
    """An exception now would say that nobody has the message."""
    relay = Relay([{BOB: LATER}, AuthError("the password was changed meanwhile")])
    with mailer_of(relay, retry=AT_ONCE) as mailer:
        receipt = mailer.send(message(ANN, BOB))
    assert summary(receipt) == [("ann", "accepted", 1), ("bob", "refused", 2)]
    assert "password was changed" in receipt.refused[0].text


@pytest.mark.parametrize("attempts", [1, 2, 5])
def test_send_when_attempts_are_used_up_then_it_stops_and_says_how_many(mailer_of: MailerTwin, attempts: int) -> None:
    """There is an end to patience."""
    relay = Relay([{BOB: LATER}] * 9)
    policy = Retry(attempts=attempts, backoff=0)
    with mailer_of(relay, retry=policy) as mailer, pytest.raises(RetriesExhausted) as caught:
        mailer.send(message())
    assert len(relay.tried) == caught.value.attempts == attempts
    assert summary(caught.value.receipt) == [("bob", "deferred", attempts)]


def test_send_when_the_deadline_would_pass_then_no_attempt_begins(mailer_of: MailerTwin) -> None:
    """The next attempt would come too late, so there is no waiting for it either."""
    relay = Relay([{BOB: LATER}] * 9)
    policy = Retry(attempts=9, deadline=30.0, backoff=60.0, jitter=False)
    with mailer_of(relay, retry=policy) as mailer, pytest.raises(RetriesExhausted):
        mailer.send(message())
    assert len(relay.tried) == 1


# -- over a wire -------------------------------------------------------------------------------------------------------

READY: list[RawStep] = [Says(b"220 hi\r\n"), HearsLines(), Says(b"250 ok\r\n")]
ENVELOPE: list[RawStep] = [HearsLines(), Says(b"250 ok\r\n"), HearsLines(), Says(b"250 ok\r\n")]
BODY: list[RawStep] = [Hears(b"DATA\r\n"), Says(b"354 go\r\n"), HearsMessage()]
TAKEN: list[RawStep] = [*ENVELOPE, *BODY, Says(b"250 ok\r\n")]
QUIT: list[RawStep] = [Hears(b"QUIT\r\n"), Says(b"221 bye\r\n")]


@pytest.mark.parametrize(
    "failing",
    [
        [Closes()],
        [Says(b"421 busy\r\n"), Closes()],
        [Says(b"garbage\r\n"), Closes()],
        [*READY, Resets()],
        [*READY, *ENVELOPE, Closes()],
        [*READY, *ENVELOPE, Hears(b"DATA\r\n"), Closes()],
        [*READY, *ENVELOPE, Hears(b"DATA\r\n"), Says(b"421 bye\r\n"), Closes()],
        [*READY, *ENVELOPE, *BODY, Says(b"451 later\r\n"), Hears(b"RSET\r\n"), Says(b"250 ok\r\n"), *QUIT],
    ],
)
def test_send_when_a_connection_fails_before_the_message_is_taken_then_a_fresh_one_takes_it(
    mailer_of: MailerTwin, failing: list[RawStep]
) -> None:
    """The user does not notice, and the recipient gets it once."""
    with ScriptedServer(failing, [*READY, *TAKEN, *QUIT]) as server:
        with mailer_of(f"smtp://{server.host}:{server.port}", retry=AT_ONCE) as mailer:
            receipt = mailer.send(message())
        assert server.connections == 2
    assert summary(receipt) == [("bob", "accepted", 2)]


@pytest.mark.parametrize("end", [Closes(), Resets()], ids=lambda step: type(step).__name__)
def test_send_when_the_connection_fails_after_the_end_of_data_then_there_is_no_second_attempt(
    mailer_of: MailerTwin, end: Closes | Resets
) -> None:
    """This is where other libraries make duplicates."""
    with ScriptedServer([*READY, *ENVELOPE, *BODY, end], [*READY, *TAKEN, *QUIT]) as server:
        with mailer_of(f"smtp://{server.host}:{server.port}", retry=AT_ONCE) as mailer:
            receipt = mailer.send(message())
        assert server.connections == 1
    assert summary(receipt) == [("bob", "in doubt", 1)]


def test_send_when_quit_fails_after_the_message_was_taken_then_it_is_no_error(mailer_of: MailerTwin) -> None:
    """250 is 250."""
    with (
        ScriptedServer([*READY, *TAKEN, Hears(b"QUIT\r\n"), Resets()]) as server,
        mailer_of(f"smtp://{server.host}:{server.port}?max_messages=1", retry=AT_ONCE) as mailer,
    ):
        receipt = mailer.send(message())
    assert receipt.is_complete


def test_send_when_a_real_server_defers_one_recipient_then_the_other_gets_one_copy(mailer_of: MailerTwin) -> None:
    """Greylisting for one must not mean two copies for the other."""
    postbox = Postbox(recipients={ANN: [Reply.of(450, "4.2.0 Greylisted")] * 2})
    with Listener(postbox) as server, mailer_of(f"smtp://{server.host}:{server.port}", retry=AT_ONCE) as mailer:
        receipt = mailer.send(message(ANN, BOB))
    assert summary(receipt) == [("ann", "accepted", 3), ("bob", "accepted", 1)]
    assert (postbox.taken_for(ANN), postbox.taken_for(BOB)) == (1, 1)


# -- what is raised ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "kind"),
    [("MAIL", SenderRefused), ("RCPT", RecipientsRefused), ("DATA", DataRefused), ("end of data", DataRefused)],
)
def test_send_when_nobody_gets_it_then_the_error_says_which_command_was_refused(
    mailer_of: MailerTwin, command: str, kind: type[ReplyError]
) -> None:
    """Sender, recipients or content; the receipt is on the error."""
    relay = Relay([{ANN: NEVER, BOB: NEVER}], command=command)
    with mailer_of(relay, retry=AT_ONCE) as mailer, pytest.raises(kind) as caught:
        mailer.send(message(ANN, BOB))
    error = caught.value
    assert (error.command, error.reply.code, error.is_temporary) == (command, 550, False)
    assert len(error.receipt.refused) == 2
    assert pickle.loads(pickle.dumps(error)).receipt == error.receipt


def test_deliver_when_nobody_gets_it_then_there_is_a_receipt_and_no_exception(mailer_of: MailerTwin) -> None:
    """For callers who look at outcomes anyway, such as campaigns."""
    with mailer_of(Relay([{BOB: NEVER}]), retry=AT_ONCE) as mailer:
        assert summary(mailer.deliver(message())) == [("bob", "refused", 1)]


def test_send_when_retries_are_exhausted_by_a_broken_wire_then_the_cause_is_kept(mailer_of: MailerTwin) -> None:
    """What went wrong underneath is one `__cause__` away, and its hint is passed on."""
    relay = Relay([ConnectError("cut", hint="Plug it in.")] * 4)
    with mailer_of(relay, retry=AT_ONCE) as mailer, pytest.raises(RetriesExhausted, match="cut") as caught:
        mailer.send(message())
    assert isinstance(caught.value.__cause__, ConnectError)
    assert caught.value.hint == "Plug it in."
    assert caught.value.is_temporary


def test_send_when_the_relay_turns_us_away_for_good_then_the_reply_is_on_the_error(mailer_of: MailerTwin) -> None:
    """A 554 greeting is about us, and not about the message."""
    with (
        ScriptedServer([Says(b"554 5.7.1 listed\r\n"), Closes()]) as server,
        mailer_of(f"smtp://{server.host}:{server.port}", retry=AT_ONCE) as mailer,
        pytest.raises(ReplyError) as caught,
    ):
        mailer.send(message())
    assert (caught.value.reply.code, caught.value.is_temporary) == (554, False)


@pytest.mark.parametrize("given", ["nonsense", "smtp://host?tsl=off"])
def test_mailer_when_the_url_is_wrong_then_it_fails_when_made(mailer_of: MailerTwin, given: str) -> None:
    """At the start of the program, not at its first mail."""
    with pytest.raises(ConfigError):
        mailer_of(given)


# -- envelopes, receipts, pace -----------------------------------------------------------------------------------------


def test_send_when_an_envelope_is_given_then_it_decides_who_gets_the_message(mailer_of: MailerTwin) -> None:
    """The header says what it says."""
    memory = MemoryTransport()
    with mailer_of(memory) as mailer:
        receipt = mailer.send(message(BOB), envelope=Envelope("bounce@example.com", EVE))
    assert [outcome.recipient.email for outcome in receipt.outcomes] == [EVE]
    assert memory.sent[0].envelope == Envelope("bounce@example.com", EVE)


def test_receipt_when_read_then_every_outcome_is_in_exactly_one_list(mailer_of: MailerTwin) -> None:
    """Accepted, deferred, refused, in doubt: nobody is lost."""
    relay = Relay([{ANN: LATER, BOB: NEVER, EVE: DOUBT}])
    to = message(ANN, BOB, EVE, "zoe@example.com")
    with mailer_of(relay, retry=Retry.NEVER) as mailer:
        receipt = mailer.send(to)
    lists = (receipt.accepted, receipt.deferred, receipt.refused, receipt.in_doubt)
    assert [[outcome.recipient.local for outcome in found] for found in lists] == [["zoe"], ["ann"], ["bob"], ["eve"]]
    assert receipt.message_id == to.message_id


def test_send_when_there_is_a_rate_then_every_attempt_takes_a_place_in_the_line(mailer_of: MailerTwin) -> None:
    """Retries count too: the relay does not care why a message comes."""
    frozen = FrozenClock()
    with clock.using(frozen):
        throttle = Throttle(1e6)
        with mailer_of(Relay([{BOB: LATER}] * 2), retry=AT_ONCE, rate=throttle) as mailer:
            mailer.send(message())
        assert throttle.reserve() == pytest.approx(3e-6)


def test_mailer_when_the_rate_is_text_then_it_is_read_and_checked(mailer_of: MailerTwin) -> None:
    """The words of the command line."""
    with mailer_of("memory:", rate="1000000/s") as mailer:
        assert mailer.send(message()).is_complete
    with pytest.raises(ConfigError):
        mailer_of("memory:", rate="fast")


# -- secrets -----------------------------------------------------------------------------------------------------------


def test_send_when_everything_is_logged_then_the_password_is_not(
    mailer_of: MailerTwin, caplog: pytest.LogCaptureFixture, authority: Authority
) -> None:
    """Not when it works, and not when it fails; neither plain nor in base64."""
    caplog.set_level(logging.DEBUG)
    profile = ServerProfile(auth=True, auth_required=True)
    shown = ""
    with Listener(Postbox(passwords={"ada": "hunter2"}), profile=profile, tls=authority.context()) as server:
        for password in ("hunter2", "hunter3"):
            url = f"smtp://ada:{password}@localhost:{server.port}?ca={authority.ca_file}"
            with mailer_of(url, retry=AT_ONCE) as mailer:
                shown += repr(mailer)
                try:
                    shown += repr(mailer.send(message()))
                except AuthError as error:
                    shown += f"{error!r} {error} {error.__dict__}"
    shown += caplog.text + "".join(repr(record.__dict__) for record in caplog.records)
    assert "bob@example.com" in shown
    for secret in ("hunter2", "hunter3", "aHVudGVy", "AGFkYQ"):
        assert secret not in shown


def test_send_when_it_is_logged_then_the_record_has_the_outcome_as_data(
    mailer_of: MailerTwin, caplog: pytest.LogCaptureFixture
) -> None:
    """Structured, one record for each recipient and attempt."""
    caplog.set_level(logging.INFO, logger="mailkit")
    with mailer_of(Relay([{BOB: LATER}]), retry=AT_ONCE) as mailer:
        mailer.send(message())
    logged = [record.mailkit for record in caplog.records if hasattr(record, "mailkit")]
    assert [(entry["attempt"], entry["outcome"].status) for entry in logged] == [
        (1, Status.DEFERRED),
        (2, Status.ACCEPTED),
    ]
