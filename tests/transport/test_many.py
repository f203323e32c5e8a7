"""Many messages through one SMTP transport: which connection each takes, and which go again over another."""

import asyncio
import threading
from collections import Counter

import pytest

from mailkit import MessageBuilder
from mailkit.errors import CapabilityMissing, ConnectError, MailkitError
from mailkit.message import Message
from mailkit.net import Listener
from mailkit.smtp import Received, Reply, ServerProfile
from mailkit.testing.peer import Closes, Hears, Says
from mailkit.transport import Delivered, Parcel, SmtpTransport, Status, open_transport
from tests.kit.peers import HearsLines, HearsMessage, Postbox, RawStep, ScriptedServer
from tests.kit.twins import TRANSPORTS, TransportTwin

QUIT: list[RawStep] = [Hears(b"QUIT\r\n"), Says(b"221 bye\r\n")]
READY: list[RawStep] = [Says(b"220 hi\r\n"), HearsLines(), Says(b"250-ok\r\n250 PIPELINING\r\n")]
GO = b"250 ok\r\n250 ok\r\n354 go\r\n"
RESET = b"250 reset\r\n"  # what is said before the last verdict is known begins with RSET


@pytest.fixture(params=TRANSPORTS, ids=lambda twin: twin.__name__)
def twin(request: pytest.FixtureRequest) -> TransportTwin:
    found: TransportTwin = request.param
    return found


def message(number: int, *to: str) -> Message:
    people = to or (f"r{number}@example.com",)
    return MessageBuilder().from_("ada@example.com").to(*people).subject(f"No. {number}").text("Hello").build()


def messages(count: int) -> list[Message]:
    return [message(number) for number in range(count)]


def taken(count: int, *, last: bool = True) -> list[RawStep]:
    """So many messages, each with the next one's envelope; the last one without, if it is the last."""
    steps: list[RawStep] = [HearsLines(3), Says(GO)]
    for number in range(count):
        steps += [HearsMessage()]
        if number < count - 1 or not last:
            steps += [HearsLines(4), Says(b"250 queued\r\n")]
            steps += [Says(RESET + GO)] if number < count - 1 else []
        else:
            steps.append(Says(b"250 queued\r\n"))
    return steps


def url(server: ScriptedServer | Listener, options: str = "") -> str:
    return f"smtp://{server.host}:{server.port}?tls=off{options}"


def statuses(delivered: list[Delivered]) -> dict[str, object]:
    """The outcome of each message by its subject."""
    found: dict[str, object] = {}
    for parcel, result in delivered:
        said = type(result).__name__ if isinstance(result, MailkitError) else str(result[0].status)
        assert parcel.message.subject not in found
        found[parcel.message.subject] = said
    return found


def everything(count: int, status: Status = Status.ACCEPTED) -> dict[str, object]:
    return {f"No. {number}": str(status) for number in range(count)}


def test_many_when_the_server_is_fine_then_they_share_one_connection(twin: TransportTwin) -> None:
    """Connecting once, and waiting once for each."""
    with ScriptedServer([*READY, *taken(5), *QUIT]) as server:
        with twin(url(server)) as transport:
            assert statuses(transport.many(messages(5))) == everything(5)
        assert server.connections == 1


@pytest.mark.parametrize("window", [0, 1, 3, 16])
def test_many_when_there_is_a_window_then_every_message_arrives_once_and_whole(
    twin: TransportTwin, window: int
) -> None:
    """Our own server offers CHUNKING."""
    postbox = Postbox()
    sent = messages(50)
    with Listener(postbox) as server, twin(url(server, f"&window={window}")) as transport:
        assert statuses(transport.many(sent)) == everything(50)
    assert [received.data for received in postbox.received] == [bytes(one) for one in sent]
    assert [received.recipients for received in postbox.received] == [
        (f"r{number}@example.com",) for number in range(50)
    ]


@pytest.mark.parametrize("window", [0, 4])
def test_many_when_some_are_refused_then_each_has_its_own_outcome(twin: TransportTwin, window: int) -> None:
    """Refused senders, recipients and contents among good ones."""
    postbox = Postbox(
        senders=[None, Reply.of(550, "5.7.1 Not you"), None, None],
        recipients={"r2@example.com": [Reply.of(450, "4.2.0 Later")]},
        replies=[None, Reply.of(554, "5.7.0 Spam")],
    )
    with Listener(postbox) as server, twin(url(server, f"&window={window}")) as transport:
        found = statuses(transport.many(messages(5)))
    assert found == {
        "No. 0": "accepted",
        "No. 1": "refused",
        "No. 2": "deferred",
        "No. 3": "refused",
        "No. 4": "accepted",
    }
    assert len(postbox.received) == 2


def test_many_when_max_messages_is_reached_then_the_rest_goes_over_another_connection(twin: TransportTwin) -> None:
    """In order, and without the peer having to say so."""
    scripts = [[*READY, *taken(2), *QUIT], [*READY, *taken(2), *QUIT], [*READY, *taken(1), *QUIT]]
    with ScriptedServer(*scripts) as server:
        with twin(url(server, "&max_messages=2")) as transport:
            assert statuses(transport.many(messages(5))) == everything(5)
        assert server.connections == 3


def test_many_when_421_comes_after_some_then_what_was_not_taken_goes_over_another_connection(
    twin: TransportTwin,
) -> None:
    """The peers lose the rest of a batch here ("too many messages in this connection")."""
    first = [*READY, *taken(2, last=False), Says(b"421 enough\r\n"), Closes()]
    with ScriptedServer(first, [*READY, *taken(3), *QUIT]) as server:
        with twin(url(server)) as transport:
            assert statuses(transport.many(messages(5))) == everything(5)
        assert server.connections == 2


def test_many_when_the_connection_breaks_then_only_the_message_on_the_way_is_in_doubt(twin: TransportTwin) -> None:
    """The others go over another connection; the one in doubt does not."""
    broken = [*READY, *taken(1, last=False), Says(RESET + GO), HearsMessage(), HearsLines(4), Closes()]
    with ScriptedServer(broken, [*READY, *taken(3), *QUIT]) as server, twin(url(server)) as transport:
        found = statuses(transport.many(messages(5)))
    assert found == {**everything(5), "No. 1": "in doubt"}


def test_many_when_a_fresh_connection_takes_nothing_then_each_message_has_that_error(twin: TransportTwin) -> None:
    """No endless circle: what a new connection does not take has failed, and is tried later by whoever has patience."""
    refusing = [Says(b"220 hi\r\n"), HearsLines(), Says(b"250-ok\r\n250 PIPELINING\r\n"), HearsLines(3), Closes()]
    with ScriptedServer(refusing, refusing) as server, twin(url(server)) as transport:
        found = statuses(transport.many(messages(2)))
    assert found == {"No. 0": "ConnectError", "No. 1": "ConnectError"}


def test_many_when_nobody_listens_then_each_message_has_that_error(twin: TransportTwin) -> None:
    """Nothing is raised: the list goes on, and whoever asked decides."""
    with ScriptedServer() as server:
        pass
    with twin(f"smtp://127.0.0.1:{server.port}?tls=off") as transport:
        delivered = transport.many(messages(3))
    assert [type(result) for _, result in delivered] == [ConnectError] * 3


def test_many_when_the_kept_connection_has_gone_stale_then_all_go_over_a_new_one(twin: TransportTwin) -> None:
    """It had served, so its end says nothing about the messages."""
    stale = [*READY, *taken(1), Says(b"421 idle\r\n"), Closes()]
    with ScriptedServer(stale, [*READY, *taken(3), *QUIT]) as server:
        with twin(url(server)) as transport:
            transport.many([message(9)])
            assert statuses(transport.many(messages(3))) == everything(3)
        assert server.connections == 2


def test_many_when_one_was_put_off_then_those_that_follow_take_another_connection(twin: TransportTwin) -> None:
    """ "452 too many messages" may be said of the connection."""
    ready: list[RawStep] = [Says(b"220 hi\r\n"), HearsLines(), Says(b"250 ok\r\n")]  # no PIPELINING: nothing overlaps

    def one(verdict: bytes) -> list[RawStep]:
        steps: list[RawStep] = [HearsLines(), Says(b"250 ok\r\n"), HearsLines(), Says(b"250 ok\r\n"), HearsLines()]
        return [*steps, Says(b"354 go\r\n"), HearsMessage(), Says(verdict)]

    first = [*ready, *one(b"452 enough\r\n"), Hears(b"RSET\r\n"), Says(b"250 ok\r\n"), *QUIT]
    second = [*ready, *one(b"250 queued\r\n"), *one(b"250 queued\r\n"), *QUIT]
    with ScriptedServer(first, second) as server, twin(url(server)) as transport:
        found = statuses(transport.many(messages(3)))
    assert found == {"No. 0": "deferred", "No. 1": "accepted", "No. 2": "accepted"}


def test_many_when_one_cannot_be_sent_there_then_it_alone_fails(twin: TransportTwin) -> None:
    """Before anything was said of it."""
    postbox = Postbox()
    with (
        Listener(postbox, profile=ServerProfile(max_size=2_000)) as server,
        twin(url(server)) as transport,
    ):
        large = MessageBuilder().from_("a@example.com").to("b@example.com").subject("large").text("x" * 9_000).build()
        found = statuses(transport.many([message(0), large, message(2)]))
    assert found == {"No. 0": "accepted", "large": CapabilityMissing.__name__, "No. 2": "accepted"}


def test_many_when_a_large_file_is_among_them_then_it_goes_alone(twin: TransportTwin, tmp_path) -> None:
    """It is read from the disk when it is its turn."""
    path = tmp_path / "large.bin"
    path.write_bytes(b"0123456789abcdef" * 400_000)
    postbox = Postbox()
    built = (
        MessageBuilder().from_("ada@example.com").to("r1@example.com").subject("No. 1").text("Hi").attach(path).build()
    )
    with Listener(postbox) as server, twin(url(server)) as transport:
        found = statuses(transport.many([message(0), built, message(2)]))
    assert found == everything(3)
    assert sorted(len(received.data) > 6_000_000 for received in postbox.received) == [False, False, True]


def test_many_when_it_is_given_up_half_way_then_the_connection_is_never_used_again() -> None:
    """A reply that nobody has read would be taken for the next message's."""
    postbox = Postbox()
    with Listener(postbox) as server:
        transport = open_transport(url(server, "&window=8"))
        assert isinstance(transport, SmtpTransport)
        parcels = iter([Parcel(one.envelope(), one) for one in messages(40)])
        delivered = transport.deliver_many(lambda: next(parcels, None))
        next(iter(delivered))
        delivered.close()  # type: ignore[attr-defined]
        (outcome,) = transport.deliver(message(99).envelope(), message(99))
        assert outcome.status is Status.ACCEPTED
        transport.close()
    assert postbox.taken_for("r99@example.com") == 1


@pytest.mark.slow
@pytest.mark.parametrize("window", [0, 16])
def test_many_when_eight_threads_share_the_transport_then_every_message_arrives_once(window: int) -> None:
    """8,000 messages, and no reply is ever read by another thread: each outcome names its own message."""

    class Echo(Postbox):
        def message(self, received: Received) -> Reply | None:
            with lock:
                self.received.append(received)
            return Reply.of(250, f"2.0.0 queued as {received.recipients[0].partition('@')[0]}")

    lock = threading.Lock()
    postbox = Echo()
    wrong: list[str] = []

    def work(transport: SmtpTransport, thread: int) -> None:
        parcels = iter(
            [Parcel(one.envelope(), one) for one in (message(thread * 1_000 + number) for number in range(1_000))]
        )
        for parcel, result in transport.deliver_many(lambda: next(parcels, None)):
            assert not isinstance(result, MailkitError)
            wanted = parcel.envelope.recipients[0].local
            if result[0].status is not Status.ACCEPTED or wanted not in result[0].text:
                wrong.append(f"{wanted}: {result[0]}")

    with Listener(postbox) as server:
        transport = open_transport(url(server, f"&window={window}&max_messages=300"))
        assert isinstance(transport, SmtpTransport)
        threads = [threading.Thread(target=work, args=(transport, number)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        transport.close()
    assert wrong == []
    copies = Counter(recipient for received in postbox.received for recipient in received.recipients)
    assert len(copies) == 8_000
    assert set(copies.values()) == {1}


@pytest.mark.slow
def test_deliver_when_many_tasks_share_few_connections_then_each_waits_for_its_turn() -> None:
    """Two connections, fifty tasks, and every reply to whom it is for."""
    postbox = Postbox()

    async def scenario() -> list[Status]:
        transport = open_transport(url(server, "&max_connections=2"))
        sent = messages(50)
        outcomes = await asyncio.gather(*(transport.adeliver(one.envelope(), one) for one in sent))
        await transport.aclose()
        return [outcome.status for (outcome,) in outcomes]

    with Listener(postbox, max_connections=2) as server:
        assert asyncio.run(scenario()) == [Status.ACCEPTED] * 50
    assert len(postbox.received) == 50


def test_deliver_when_the_server_turns_further_connections_away_then_fewer_are_used() -> None:
    """ "421 too many connections" is about how many there are; the message waits for one of them."""
    postbox = Postbox()

    async def scenario() -> list[Status]:
        transport = open_transport(url(server))
        outcomes = await asyncio.gather(*(transport.adeliver(one.envelope(), one) for one in messages(30)))
        await transport.aclose()
        return [outcome.status for (outcome,) in outcomes]

    with Listener(postbox, max_connections=3) as server:
        assert asyncio.run(scenario()) == [Status.ACCEPTED] * 30


def test_deliver_when_no_connection_becomes_free_then_the_error_says_so(twin: TransportTwin) -> None:
    """Nobody waits for ever."""
    with Listener(Postbox()) as server, twin(url(server, "&max_connections=1&timeout=0.05")) as held:
        transport = held.transport
        assert isinstance(transport, SmtpTransport)
        if twin is TRANSPORTS[0]:
            transport._pool.take()
            with pytest.raises(ConnectError, match="in use") as caught:
                held.deliver(message(1))
        else:

            async def scenario() -> None:
                transport._half()[0].take()
                one = message(1)
                await transport.adeliver(one.envelope(), one)

            with pytest.raises(ConnectError, match="in use") as caught:
                asyncio.run(scenario())
    assert caught.value.is_temporary
    assert "max_connections" in caught.value.hint


def test_deliver_when_the_transport_serves_two_event_loops_then_each_has_connections_of_its_own() -> None:
    """A connection belongs to the loop in which it was opened."""
    postbox = Postbox()
    with Listener(postbox) as server:
        transport = open_transport(url(server))

        async def scenario() -> None:
            one = message(1)
            await transport.adeliver(one.envelope(), one)
            await transport.aclose()

        asyncio.run(scenario())
        asyncio.run(scenario())
    assert len(postbox.received) == 2
