"""No reply is ever read by another message than the one it is for: odd replies, late ones, and too many of them."""

import pytest

from mailkit import Message, MessageBuilder, clock
from mailkit.errors import ConnectError, RemoteProtocolError, TransportTimeout
from mailkit.testing import FrozenClock
from mailkit.testing.peer import Closes, Hears, Says
from mailkit.transport import Status
from mailkit.transport.pool import ASK_AFTER
from tests.kit.peers import Hangs, HearsLines, HearsMessage, RawStep, ScriptedServer
from tests.kit.twins import TRANSPORTS, TransportTwin

READY: list[RawStep] = [Says(b"220 hi\r\n"), HearsLines(), Says(b"250-ok\r\n250 PIPELINING\r\n")]
QUIT: list[RawStep] = [Hears(b"QUIT\r\n"), Says(b"221 bye\r\n")]


def message(number: int) -> Message:
    return MessageBuilder().from_("ada@example.com").to("bob@example.com").subject(f"No. {number}").text("x").build()


def taken(name: bytes) -> list[RawStep]:
    steps: list[RawStep] = [HearsLines(3), Says(b"250 ok\r\n250 ok\r\n354 go\r\n"), HearsMessage()]
    return [*steps, Says(b"250 queued as " + name + b"\r\n")]


@pytest.fixture(params=TRANSPORTS, ids=lambda twin: twin.__name__)
def twin(request: pytest.FixtureRequest) -> TransportTwin:
    found: TransportTwin = request.param
    return found


def url(server: ScriptedServer, options: str = "") -> str:
    return f"smtp://{server.host}:{server.port}?tls=off{options}"


@pytest.mark.parametrize(
    "reply",
    [
        b"250 ok\r\n",
        b"250-2.0.0 Resetting\r\n250-and resting\r\n250 done\r\n",  # Office 365 answers NOOP in several lines
        b"250\r\n",
        "250 schön, dass du da bist\r\n".encode(),
        b"250 ok\n",
    ],
)
def test_noop_when_it_is_answered_in_any_form_then_the_connection_is_used_again(
    twin: TransportTwin, reply: bytes
) -> None:
    """And the message behind it has its own reply."""
    frozen = FrozenClock()
    script = [*READY, *taken(b"first"), Hears(b"NOOP\r\n"), Says(reply), *taken(b"second"), *QUIT]
    with clock.using(frozen), ScriptedServer(script) as server, twin(url(server)) as transport:
        (first,) = transport.deliver(message(1))
        frozen.advance(ASK_AFTER + 1)
        (second,) = transport.deliver(message(2))
    assert (first.queue_id, second.queue_id) == ("first", "second")


@pytest.mark.parametrize("extra", [b"250 and more\r\n", b"250 half a li", b"250-a\r\n250 b\r\n", b"421 bye\r\n"])
def test_noop_when_more_than_its_reply_comes_then_the_connection_is_left(twin: TransportTwin, extra: bytes) -> None:
    """What is too much now would be the answer to MAIL."""
    frozen = FrozenClock()
    stale = [*READY, *taken(b"first"), Hears(b"NOOP\r\n"), Says(b"250 ok\r\n" + extra), Closes()]
    fresh = [*READY, *taken(b"second"), *QUIT]
    with clock.using(frozen), ScriptedServer(stale, fresh) as server, twin(url(server)) as transport:
        transport.deliver(message(1))
        frozen.advance(ASK_AFTER + 1)
        (second,) = transport.deliver(message(2))
        assert server.connections == 2
    assert second.queue_id == "second"


def test_reply_when_it_came_too_late_then_the_next_message_does_not_read_it(twin: TransportTwin) -> None:
    """A connection that was not waited for any longer is closed: its late "250" says nothing to anybody."""
    late = [*READY, HearsLines(3), Hangs()]
    with (
        ScriptedServer(late, [*READY, *taken(b"second"), *QUIT]) as server,
        twin(url(server, "&timeout=0.1")) as transport,
    ):
        with pytest.raises(TransportTimeout):
            transport.deliver(message(1))
        (second,) = transport.deliver(message(2))
    assert (second.status, second.queue_id) == (Status.ACCEPTED, "second")


@pytest.mark.parametrize(
    "replies",
    [
        b"250 ok\r\n250 ok\r\n354 go\r\n250 stray\r\n",
        b"250-ok\r\n550 no\r\n354 go\r\n",
        b"100 wait\r\n250 ok\r\n250 ok\r\n354 go\r\n",
        b"250 ok\r\n354 go\r\n250 ok\r\n",
        b"250_ok\r\n",
        b"\r\n250 ok\r\n",
        b"2500 ok\r\n",
    ],
)
def test_replies_when_they_cannot_be_told_apart_then_nothing_is_accepted_by_them(
    twin: TransportTwin, replies: bytes
) -> None:
    """The message has failed before its content was said, and the next one has a connection of its own."""
    odd = [*READY, HearsLines(3), Says(replies), Closes()]
    with ScriptedServer(odd, [*READY, *taken(b"second"), *QUIT]) as server, twin(url(server)) as transport:
        try:
            (first,) = transport.deliver(message(1))
            assert first.status is Status.DEFERRED
        except (RemoteProtocolError, ConnectError):
            pass
        (second,) = transport.deliver(message(2))
    assert second.queue_id == "second"


@pytest.mark.parametrize(
    "replies", [[b"250 ok\r\n250", b" ok\r\n354 g", b"o\r\n"], [b"2", b"50 ok\r\n250 ok\r", b"\n354 go\r\n"]]
)
def test_replies_when_they_are_cut_in_odd_places_then_they_are_put_together(
    twin: TransportTwin, replies: list[bytes]
) -> None:
    """The network cuts where it likes."""
    script = [*READY, HearsLines(3), *map(Says, replies), HearsMessage(), Says(b"250 queued as whole\r\n"), *QUIT]
    with ScriptedServer(script) as server, twin(url(server)) as transport:
        assert transport.deliver(message(1))[0].queue_id == "whole"


def test_ehlo_when_its_reply_has_no_end_then_it_is_given_up(twin: TransportTwin) -> None:
    """Ten thousand lines are no list of extensions."""
    flood = [Says(b"220 hi\r\n"), HearsLines(), Says(b"250-X\r\n" * 10_000), Closes()]
    with (
        ScriptedServer(flood) as server,
        twin(url(server)) as transport,
        pytest.raises((RemoteProtocolError, ConnectError)),
    ):
        transport.deliver(message(1))
