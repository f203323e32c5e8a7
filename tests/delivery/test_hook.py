"""What an application has a say in: hooks, keys that are used once, and spans. Both twins, one list."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mailkit import Address, Envelope, Message, MessageBuilder, Receipt, Retry, clock
from mailkit.delivery import Hook, Ledger
from mailkit.errors import AuthError, ConnectError, DeliveryError, DeliveryVetoed, MailkitError, RetriesExhausted
from mailkit.testing import FrozenClock
from mailkit.transport import MemoryTransport, Outcome, Parcel, Status, Transport
from tests.kit.twins import MAILERS, MailerTwin


@pytest.fixture(params=MAILERS, ids=["Mailer", "AsyncMailer"])
def mailer_of(request: pytest.FixtureRequest) -> MailerTwin:
    found: MailerTwin = request.param
    return found


def message(to: str = "bob@example.com") -> Message:
    return MessageBuilder().from_("ada@example.com").to(to).subject("Hi").text("Hello").build()


class Noting(Hook):
    """Notes what it is asked."""

    def __init__(self, objection: str = "") -> None:
        self.objection = objection
        self.seen: list[str] = []
        self.receipts: list[Receipt] = []

    def edit(self, parcel: Parcel) -> Parcel:
        self.seen.append("edit")
        return parcel

    def veto(self, parcel: Parcel) -> str:
        self.seen.append("veto")
        return self.objection

    def observe(self, parcel: Parcel, receipt: Receipt) -> None:
        self.seen.append("observe")
        self.receipts.append(receipt)


class ToStaging(Hook):
    """Sends everything to one address."""

    def edit(self, parcel: Parcel) -> Parcel:
        return Parcel(Envelope(parcel.envelope.sender, "staging@example.com"), parcel.message)


# -- hooks -------------------------------------------------------------------------------------------------------------


def test_hook_when_a_message_is_sent_then_it_is_asked_and_told_in_order(mailer_of: MailerTwin) -> None:
    """Edit, veto, and in the end what became of it."""
    hook = Noting()
    with mailer_of(MemoryTransport(), hooks=[hook]) as mailer:
        receipt = mailer.send(message())
        list(mailer.send_many([message()]))
    assert hook.seen == ["edit", "veto", "observe"] * 2
    assert hook.receipts[0] == receipt


def test_hook_when_it_edits_then_that_is_what_is_sent_and_what_the_next_one_sees(mailer_of: MailerTwin) -> None:
    """Hooks build on each other; the message itself is never changed."""
    outbox, original = MemoryTransport(), message()
    before = bytes(original)

    class Tagging(Hook):
        def edit(self, parcel: Parcel) -> Parcel:
            assert parcel.envelope.recipients == (Address.parse("staging@example.com"),)
            return parcel

    with mailer_of(outbox, hooks=[ToStaging(), Tagging()]) as mailer:
        receipt = mailer.send(original)
    assert [outcome.recipient.email for outcome in receipt.outcomes] == ["staging@example.com"]
    assert bytes(original) == before


def test_hook_when_it_objects_then_nothing_is_sent_and_the_reason_is_told(mailer_of: MailerTwin) -> None:
    """By an error with the receipt, or by the receipt alone."""
    outbox, hook = MemoryTransport(), Noting(objection="bob has unsubscribed")
    with mailer_of(outbox, hooks=[hook]) as mailer:
        with pytest.raises(DeliveryVetoed, match="bob has unsubscribed") as caught:
            mailer.send(message())
        receipt = mailer.deliver(message())
        (of_many,) = mailer.send_many([message()])
    assert outbox.messages == []
    assert caught.value.receipt.refused[0].text == "bob has unsubscribed"
    assert receipt.refused[0].command == of_many.refused[0].command == "veto"
    assert hook.seen.count("observe") == 3


def test_hook_when_the_first_one_objects_then_the_others_are_not_asked(mailer_of: MailerTwin) -> None:
    """One is enough; all are told."""
    second = Noting()
    with mailer_of(MemoryTransport(), hooks=[Noting(objection="no"), second]) as mailer:
        mailer.deliver(message())
    assert second.seen == ["edit", "observe"]


def test_hook_when_it_fails_before_sending_then_nothing_is_sent(mailer_of: MailerTwin) -> None:
    """Its error comes out as it is."""

    class Broken(Hook):
        def veto(self, parcel: Parcel) -> str:
            raise LookupError("the list of the unsubscribed cannot be read")

    outbox = MemoryTransport()
    with mailer_of(outbox, hooks=[Broken()]) as mailer, pytest.raises(LookupError):
        mailer.send(message())
    assert outbox.messages == []


def test_hook_when_it_fails_to_observe_then_the_receipt_is_there_all_the_same(
    mailer_of: MailerTwin, caplog: pytest.LogCaptureFixture
) -> None:
    """The message has left; an error now would make somebody send it again."""

    class Broken(Hook):
        def observe(self, parcel: Parcel, receipt: Receipt) -> None:
            raise LookupError("no database")

    with mailer_of(MemoryTransport(), hooks=[Broken()]) as mailer:
        assert mailer.send(message()).is_complete
    assert "failed to observe" in caplog.text


# -- keys --------------------------------------------------------------------------------------------------------------


class Relay(Transport):
    """Answers as it is told, one answer for a call."""

    name = "relay:"

    def __init__(self, *said: Status | Exception) -> None:
        self.said = list(said)
        self.calls = 0

    def deliver(self, envelope: Envelope, message: Message) -> tuple[Outcome, ...]:
        self.calls += 1
        answer = self.said.pop(0) if self.said else Status.ACCEPTED
        if isinstance(answer, Exception):
            raise answer
        return tuple(Outcome(one, answer, code=250, text="so be it") for one in envelope.recipients)


def test_key_when_it_was_used_then_nothing_is_sent_and_the_receipt_is_the_first_one(mailer_of: MailerTwin) -> None:
    """A request that is repeated, a task that runs twice: one message."""
    relay = Relay()
    with mailer_of(relay) as mailer:
        first = mailer.send(message(), idempotency_key="order-42")
        second = mailer.send(message(), idempotency_key="order-42")
        mailer.send(message(), idempotency_key="order-43")
    assert relay.calls == 2
    assert first.outcomes == second.outcomes


@pytest.mark.parametrize("answer", [Status.REFUSED, Status.DEFERRED, ConnectError("cut"), AuthError("no")])
def test_key_when_the_message_reached_nobody_then_it_may_be_used_again(
    mailer_of: MailerTwin, answer: Status | Exception
) -> None:
    """Nothing has left, so there is nothing to do twice."""
    relay = Relay(answer)
    with mailer_of(relay, retry=Retry.NEVER) as mailer:
        with pytest.raises(MailkitError):
            mailer.send(message(), idempotency_key="order-42")
        assert mailer.send(message(), idempotency_key="order-42").is_complete
    assert relay.calls == 2


def test_key_when_the_message_is_in_doubt_then_it_is_not_sent_again(mailer_of: MailerTwin) -> None:
    """It may have arrived."""
    relay = Relay(Status.IN_DOUBT)
    with mailer_of(relay) as mailer:
        mailer.send(message(), idempotency_key="order-42")
        again = mailer.send(message(), idempotency_key="order-42")
    assert relay.calls == 1
    assert len(again.in_doubt) == 1


def test_key_when_the_ledger_is_a_file_then_another_process_knows_it(mailer_of: MailerTwin, tmp_path: Path) -> None:
    """Two objects on one file stand for two processes."""
    relay = Relay()
    for _ in range(2):
        ledger = Ledger(tmp_path / "sent.db")
        with mailer_of(relay, ledger=ledger) as mailer:
            receipt = mailer.send(message("Zoë <zoë@exämple.com>"), idempotency_key="order-42")
        ledger.close()
    assert relay.calls == 1
    assert receipt.outcomes[0].recipient.email == "zoë@exämple.com"
    assert (receipt.outcomes[0].status, receipt.outcomes[0].code) == (Status.ACCEPTED, 250)


def test_key_when_the_process_ended_while_it_sent_then_the_message_is_in_doubt(
    mailer_of: MailerTwin, tmp_path: Path
) -> None:
    """A claim without an end: the message may have left, and is not sent a second time by itself."""
    path, relay = tmp_path / "sent.db", Relay()
    Ledger(path).claim("order-42", [Address.parse("bob@example.com")])
    with mailer_of(relay, ledger=Ledger(path)) as mailer:
        receipt = mailer.send(message(), idempotency_key="order-42")
        assert relay.calls == 0
        assert "may have been sent" in receipt.in_doubt[0].text
        Ledger(path).free("order-42")
        assert mailer.send(message(), idempotency_key="order-42").is_complete


def test_key_when_somebody_presses_ctrl_c_then_the_claim_stays(tmp_path: Path) -> None:
    """Nobody knows how far it came."""
    path = tmp_path / "sent.db"

    class Interrupted(Relay):
        def deliver(self, envelope: Envelope, message: Message) -> tuple[Outcome, ...]:
            raise KeyboardInterrupt

    with MAILERS[0](Interrupted(), ledger=Ledger(path)) as mailer, pytest.raises(KeyboardInterrupt):
        mailer.send(message(), idempotency_key="order-42")
    assert Ledger(path).claim("order-42", [Address.parse("bob@example.com")]) is not None


def test_key_when_it_is_old_then_it_is_forgotten(mailer_of: MailerTwin) -> None:
    """A ledger does not grow for ever."""
    frozen, relay = FrozenClock(), Relay()
    with clock.using(frozen), mailer_of(relay, ledger=Ledger(keep=3600)) as mailer:
        mailer.send(message(), idempotency_key="order-42")
        frozen.advance(3601)
        mailer.send(message(), idempotency_key="order-42")
    assert relay.calls == 2


def test_ledger_when_it_cannot_be_used_then_nothing_is_sent(mailer_of: MailerTwin, tmp_path: Path) -> None:
    """Without it a message could go out twice."""
    with pytest.raises(DeliveryError, match="cannot be used"):
        Ledger(tmp_path)
    path, relay = tmp_path / "sent.db", Relay()
    ledger = Ledger(path)
    sqlite3.connect(path).execute("DROP TABLE sent")
    with mailer_of(relay, ledger=ledger) as mailer, pytest.raises(DeliveryError, match="ledger"):
        mailer.send(message(), idempotency_key="order-42")
    assert relay.calls == 0


# -- spans -------------------------------------------------------------------------------------------------------------


class Span:
    """The part of OpenTelemetry's span that is used."""

    def __init__(self, name: str, attributes: dict[str, Any]) -> None:
        self.name, self.attributes = name, dict(attributes)
        self.errors: list[BaseException] = []
        self.ends = 0

    def set_attribute(self, name: str, value: Any) -> None:
        self.attributes[name] = value

    def record_exception(self, error: BaseException) -> None:
        self.errors.append(error)

    def end(self) -> None:
        self.ends += 1


class Tracer:
    def __init__(self) -> None:
        self.spans: list[Span] = []

    def start_span(self, name: str, attributes: dict[str, Any]) -> Span:
        self.spans.append(Span(name, attributes))
        return self.spans[-1]


@pytest.mark.parametrize(
    "send", [lambda mailer: mailer.send(message()), lambda mailer: list(mailer.send_many([message()]))]
)
def test_span_when_a_message_is_sent_then_it_has_its_facts_and_no_address(
    mailer_of: MailerTwin, send: Callable[[Any], object]
) -> None:
    """Addresses are personal data, and belong in no trace."""
    tracer = Tracer()
    with mailer_of("memory:", tracer=tracer) as mailer:
        send(mailer)
    (span,) = tracer.spans
    assert span.ends == 1
    assert span.attributes["mailkit.accepted"] == 1
    assert span.attributes["messaging.destination.name"] == "memory:"
    assert "example.com" not in str({k: v for k, v in span.attributes.items() if k != "messaging.message.id"})


def test_span_when_sending_fails_then_it_ends_with_the_error(mailer_of: MailerTwin) -> None:
    """A trace that never ends tells nothing."""
    tracer = Tracer()
    with mailer_of(Relay(AuthError("no")), tracer=tracer) as mailer, pytest.raises(AuthError):
        mailer.send(message())
    (span,) = tracer.spans
    assert span.ends == 1
    assert isinstance(span.errors[0], AuthError)


def test_span_when_nobody_got_the_message_then_it_says_so(mailer_of: MailerTwin) -> None:
    """Retries are inside of one span."""
    tracer = Tracer()
    relay = Relay(*[Status.DEFERRED] * 2)
    with (
        mailer_of(relay, retry=Retry(attempts=2, backoff=0), tracer=tracer) as mailer,
        pytest.raises(RetriesExhausted),
    ):
        mailer.send(message())
    (span,) = tracer.spans
    assert (span.ends, span.attributes["mailkit.deferred"]) == (1, 1)


def test_span_when_the_tracer_is_opentelemetrys_own_then_it_is_exported_with_its_attributes(
    mailer_of: MailerTwin,
) -> None:
    """The real library, and what its exporter gets."""
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("tests")
    with mailer_of("memory:", tracer=tracer) as mailer:
        mailer.send(message())
        list(mailer.send_many([message()]))
    with mailer_of(Relay(AuthError("no")), tracer=tracer) as mailer, pytest.raises(AuthError):
        mailer.send(message())
    first, second, failed = exporter.get_finished_spans()
    assert first.name == second.name == "mailkit.send"
    assert first.attributes is not None
    assert (first.attributes["messaging.system"], first.attributes["mailkit.accepted"]) == ("smtp", 1)
    assert [event.name for event in failed.events] == ["exception"]
    provider.shutdown()
