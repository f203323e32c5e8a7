"""Many messages through a mailer: what is tried again, what is raised, and when receipts come. Both twins, one list."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

import pytest

from mailkit import AsyncMailer, Envelope, Mailer, Message, MessageBuilder, Receipt, Retry, clock
from mailkit.errors import AuthError, CapabilityMissing, ConnectError, MailkitError
from mailkit.net import Listener
from mailkit.smtp import Reply
from mailkit.testing import FrozenClock
from mailkit.transport import MemoryTransport, Outcome, Status, Transport
from tests.kit.peers import Postbox
from tests.kit.twins import MAILERS, MailerTwin

AT_ONCE = Retry(backoff=0)


@pytest.fixture(params=MAILERS, ids=["Mailer", "AsyncMailer"])
def mailer_of(request: pytest.FixtureRequest) -> MailerTwin:
    found: MailerTwin = request.param
    return found


def message(number: int, *to: str) -> Message:
    people = to or (f"r{number}@example.com",)
    return MessageBuilder().from_("ada@example.com").to(*people).subject(str(number)).text("Hello").build()


def messages(count: int) -> list[Message]:
    return [message(number) for number in range(count)]


@dataclass
class Relay(Transport):
    """Answers for each address what it is told, in order, and accepts when it is told nothing more."""

    said: dict[str, list[Status | MailkitError]] = field(default_factory=dict)
    tried: list[str] = field(default_factory=list)
    name: str = "relay:"

    def deliver(self, envelope: Envelope, message: Message) -> tuple[Outcome, ...]:
        outcomes = []
        for recipient in envelope.recipients:
            self.tried.append(recipient.local)
            answers = self.said.get(recipient.local)
            answer = answers.pop(0) if answers else Status.ACCEPTED
            if isinstance(answer, MailkitError):
                raise answer
            outcomes.append(Outcome(recipient, answer, relay=self.name, command="RCPT"))
        return tuple(outcomes)


def shown(receipts: Iterator[Receipt]) -> list[str]:
    return [
        " ".join(f"{one.recipient.local} {one.status} {one.attempts}" for one in receipt.outcomes)
        for receipt in receipts
    ]


def test_send_many_when_all_is_well_then_receipts_come_in_order(mailer_of: MailerTwin) -> None:
    """One for each message."""
    with mailer_of(MemoryTransport()) as mailer:
        assert shown(mailer.send_many(messages(3))) == ["r0 accepted 1", "r1 accepted 1", "r2 accepted 1"]


def test_send_many_when_there_are_none_then_there_is_no_receipt(mailer_of: MailerTwin) -> None:
    """And no connection."""
    with mailer_of("smtp://nobody.invalid:25?tls=off") as mailer:
        assert list(mailer.send_many([])) == []


def test_send_many_when_envelopes_are_given_then_they_decide(mailer_of: MailerTwin) -> None:
    """As for one message."""
    with mailer_of(MemoryTransport()) as mailer:
        pair = (Envelope("ada@example.com", "other@example.com"), message(1))
        assert shown(mailer.send_many([pair, message(2)])) == ["other accepted 1", "r2 accepted 1"]


def test_send_many_when_some_are_deferred_then_only_they_are_tried_again_and_come_last(mailer_of: MailerTwin) -> None:
    """The others do not wait for them."""
    relay = Relay({"r1": [Status.DEFERRED, Status.DEFERRED], "r2": [Status.DEFERRED]})
    with mailer_of(relay, retry=AT_ONCE) as mailer:
        assert shown(mailer.send_many(messages(4))) == [
            "r0 accepted 1",
            "r3 accepted 1",
            "r2 accepted 2",
            "r1 accepted 3",
        ]
    assert relay.tried == ["r0", "r1", "r2", "r3", "r1", "r2", "r1"]


def test_send_many_when_one_recipient_of_two_is_deferred_then_the_other_gets_one_copy(mailer_of: MailerTwin) -> None:
    """Per recipient, as always."""
    relay = Relay({"ann": [Status.DEFERRED]})
    with mailer_of(relay, retry=AT_ONCE) as mailer:
        assert shown(mailer.send_many([message(1, "ann@example.com", "bob@example.com")])) == [
            "ann accepted 2 bob accepted 1"
        ]
    assert relay.tried == ["ann", "bob", "ann"]


def test_send_many_when_attempts_are_used_up_then_there_is_a_receipt_all_the_same(mailer_of: MailerTwin) -> None:
    """Nothing is raised for a message that reached nobody; its receipt says so."""
    relay = Relay({"r0": [Status.DEFERRED] * 9})
    with mailer_of(relay, retry=Retry(attempts=3, backoff=0)) as mailer:
        assert shown(mailer.send_many(messages(2))) == ["r1 accepted 1", "r0 deferred 3"]


@pytest.mark.parametrize("status", [Status.REFUSED, Status.IN_DOUBT])
def test_send_many_when_the_outcome_is_final_then_it_is_never_tried_again(
    mailer_of: MailerTwin, status: Status
) -> None:
    """Neither what was refused nor what nobody can know."""
    relay = Relay({"r0": [status]})
    with mailer_of(relay, retry=AT_ONCE) as mailer:
        assert shown(mailer.send_many(messages(2))) == [f"r0 {status} 1", "r1 accepted 1"]
    assert relay.tried == ["r0", "r1"]


def test_send_many_when_a_connection_fails_then_that_message_is_tried_again(mailer_of: MailerTwin) -> None:
    """And has its outcome."""
    relay = Relay({"r0": [ConnectError("cut")]})
    with mailer_of(relay, retry=AT_ONCE) as mailer:
        assert shown(mailer.send_many(messages(2))) == ["r1 accepted 1", "r0 accepted 2"]


def test_send_many_when_a_message_needs_what_the_relay_lacks_then_the_others_are_sent(mailer_of: MailerTwin) -> None:
    """Its receipt says why."""
    relay = Relay({"r0": [CapabilityMissing("no SMTPUTF8", capability="SMTPUTF8")]})
    with mailer_of(relay, retry=AT_ONCE) as mailer:
        first, second = mailer.send_many(messages(2))
    assert "no SMTPUTF8" in first.refused[0].text
    assert second.is_complete


def test_send_many_when_nothing_can_be_sent_at_all_then_the_error_comes_out(mailer_of: MailerTwin) -> None:
    """A wrong password is the same for the next thousand."""
    relay = Relay({"r1": [AuthError("no")]})
    with mailer_of(relay) as mailer, pytest.raises(AuthError):
        list(mailer.send_many(messages(3)))
    assert relay.tried == ["r0", "r1"]


def test_send_many_when_the_list_fails_then_its_error_comes_out(mailer_of: MailerTwin) -> None:
    """After what was under way has arrived."""
    postbox = Postbox()

    def broken() -> Iterator[Message]:
        yield message(0)
        raise ValueError("row 2")

    with (
        Listener(postbox) as server,
        mailer_of(f"smtp://127.0.0.1:{server.port}?tls=off") as mailer,
        pytest.raises(ValueError, match="row 2"),
    ):
        list(mailer.send_many(broken()))
    assert postbox.taken_for("r0@example.com") == 1


def test_send_many_when_a_real_server_defers_some_then_each_arrives_once(mailer_of: MailerTwin) -> None:
    """Over one connection, in windows."""
    postbox = Postbox(
        recipients={f"r{number}@example.com": [Reply.of(450, "4.2.0 Later")] for number in range(0, 40, 7)}
    )
    with Listener(postbox) as server, mailer_of(f"smtp://127.0.0.1:{server.port}?tls=off", retry=AT_ONCE) as mailer:
        receipts = list(mailer.send_many(messages(40)))
    assert all(receipt.is_complete for receipt in receipts)
    assert sorted(receipt.outcomes[0].attempts for receipt in receipts) == [1] * 34 + [2] * 6
    assert all(postbox.taken_for(f"r{number}@example.com") == 1 for number in range(40))


def test_send_many_when_there_is_a_rate_then_each_message_waits_for_its_time() -> None:
    """And those under way are not held up by it."""
    frozen = FrozenClock()
    waits: list[float] = []

    class Sleeping(Relay):
        def deliver_many(self, take):
            yield from super().deliver_many(take)
            waits.append(frozen.monotonic())
            frozen.advance(0.1)

    with clock.using(frozen), Mailer(Sleeping(), rate="1000/s") as mailer:
        assert len(list(mailer.send_many(messages(4)))) == 4
    assert len(waits) >= 3


def test_send_many_when_messages_come_of_an_asynchronous_iterable_then_they_are_sent_as_they_come() -> None:
    """Nobody waits for the last one before the first one leaves."""
    relay = Relay()

    async def scenario() -> list[str]:
        first_left = asyncio.Event()

        async def composed() -> AsyncIterator[Message]:
            yield message(0)
            await first_left.wait()
            yield message(1)

        found = []
        async with AsyncMailer(relay) as mailer:
            async for receipt in mailer.send_many(composed()):
                found.append(receipt.outcomes[0].recipient.local)
                first_left.set()
        return found

    assert asyncio.run(scenario()) == ["r0", "r1"]


def test_send_many_when_an_asynchronous_iterable_fails_then_its_error_comes_out() -> None:
    """After those that came before it."""
    relay = Relay()

    async def broken() -> AsyncIterator[Message]:
        yield message(0)
        raise ValueError("row 2")

    async def scenario() -> None:
        async with AsyncMailer(relay) as mailer:
            async for _ in mailer.send_many(broken()):
                pass

    with pytest.raises(ValueError, match="row 2"):
        asyncio.run(scenario())
    assert relay.tried == ["r0"]


def test_send_many_when_an_asynchronous_iterable_is_endless_then_it_is_read_only_a_little_ahead() -> None:
    """Memory is flat."""
    drawn = 0

    async def endless() -> AsyncIterator[Message]:
        nonlocal drawn
        while True:
            drawn += 1
            yield message(drawn)

    async def scenario() -> None:
        async with AsyncMailer(Relay()) as mailer:
            receipts = mailer.send_many(endless())
            async for _ in receipts:
                await asyncio.sleep(0)
                break
            await receipts.aclose()

    asyncio.run(scenario())
    assert drawn < 200


def test_send_many_when_it_is_given_up_then_the_mailer_goes_on(mailer_of: MailerTwin) -> None:
    """The connection that was in use is closed, and the next message has a new one."""
    postbox = Postbox()
    with Listener(postbox) as server, mailer_of(f"smtp://127.0.0.1:{server.port}?tls=off") as mailer:
        next(mailer.send_many(messages(30)))
        assert mailer.send(message(99)).is_complete
    assert postbox.taken_for("r99@example.com") == 1


def test_send_many_when_it_is_given_up_with_asyncio_then_its_connection_is_closed_at_once() -> None:
    """And not when somebody collects what is left of it."""
    postbox = Postbox()

    async def scenario(port: int) -> None:
        async with AsyncMailer(f"smtp://127.0.0.1:{port}?tls=off&max_connections=1&timeout=2") as mailer:
            receipts = mailer.send_many(messages(30))
            async for receipt in receipts:
                assert receipt.is_complete
                break
            await receipts.aclose()
            # There may be one connection only: it must have been let go.
            assert (await mailer.send(message(99))).is_complete

    with Listener(postbox) as server:
        asyncio.run(scenario(server.port))
    assert postbox.taken_for("r99@example.com") == 1
