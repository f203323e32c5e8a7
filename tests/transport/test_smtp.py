"""The SMTP transport: connections kept, replaced and counted, and what its outcomes say."""

import socket
import threading
from collections.abc import Iterator

import pytest

from mailkit import Message, MessageBuilder, clock
from mailkit.errors import AuthError, CapabilityMissing, ConnectError, TlsError
from mailkit.net import Listener
from mailkit.smtp import Reply, ServerProfile
from mailkit.testing import FrozenClock
from mailkit.testing.peer import Closes, Hears, Says
from mailkit.transport import SmtpSettings, SmtpTransport, Status, Tls, open_transport
from tests.kit.peers import Authority, HearsLines, HearsMessage, Postbox, RawStep, ScriptedServer
from tests.kit.twins import TRANSPORTS, TransportTwin

TO = "bob@example.com"
QUIT: list[RawStep] = [Hears(b"QUIT\r\n"), Says(b"221 bye\r\n")]
READY: list[RawStep] = [Says(b"220 hi\r\n"), HearsLines(), Says(b"250 ok\r\n")]


def message(number: int = 1, *to: str) -> Message:
    return MessageBuilder().from_("ada@example.com").to(*(to or (TO,))).subject(f"No. {number}").text("Hello").build()


def accepted(*replies: bytes) -> list[RawStep]:
    """A whole transaction for one recipient; ``replies`` are those to the end of data."""
    steps: list[RawStep] = []
    for reply in replies or (b"250 ok\r\n",):
        steps += [HearsLines(), Says(b"250 ok\r\n"), HearsLines(), Says(b"250 ok\r\n"), Hears(b"DATA\r\n")]
        steps += [Says(b"354 go\r\n"), HearsMessage(), Says(reply)]
    return steps


def url(server: ScriptedServer | Listener, options: str = "") -> str:
    return f"smtp://{server.host}:{server.port}{options}"


@pytest.fixture(params=TRANSPORTS, ids=lambda twin: twin.__name__)
def twin(request: pytest.FixtureRequest) -> TransportTwin:
    found: TransportTwin = request.param
    return found


@pytest.fixture
def frozen() -> Iterator[FrozenClock]:
    found = FrozenClock()
    with clock.using(found):
        yield found


# -- connections -------------------------------------------------------------------------------------------------------


def test_deliver_when_there_are_seven_messages_then_they_share_one_connection(twin: TransportTwin) -> None:
    """Connecting, securing and logging in once is what makes sending quick."""
    with ScriptedServer([*READY, *accepted(*[b"250 ok\r\n"] * 7), *QUIT]) as server:
        with twin(url(server)) as transport:
            outcomes = [transport.deliver(message(number))[0].status for number in range(7)]
        assert server.connections == 1
    assert outcomes == [Status.ACCEPTED] * 7


def test_deliver_when_max_messages_is_reached_then_a_new_connection_is_made(twin: TransportTwin) -> None:
    """Relays cut long sessions off; leaving first loses nothing."""
    session = [*READY, *accepted(b"250 ok\r\n", b"250 ok\r\n"), *QUIT]
    with ScriptedServer(session, session, [*READY, *accepted(), *QUIT]) as server:
        with twin(url(server, "?max_messages=2")) as transport:
            for number in range(5):
                transport.deliver(message(number))
        assert server.connections == 3


@pytest.mark.parametrize(
    "end",
    [
        [Closes()],
        [Says(b"421 4.4.2 idle for too long\r\n"), Closes()],
        [HearsLines(), Closes()],
        [HearsLines(), Says(b"421 4.4.2 idle for too long\r\n"), Closes()],
    ],
    ids=["closed", "421 and closed", "closed at MAIL", "421 at MAIL"],
)
def test_deliver_when_the_kept_connection_has_gone_stale_then_the_message_goes_over_a_new_one(
    twin: TransportTwin, end: list[RawStep]
) -> None:
    """Nothing was accepted on the old one, so nobody notices and nobody gets it twice."""
    postbox = [*READY, *accepted(b"250 second\r\n"), *QUIT]
    with ScriptedServer([*READY, *accepted(b"250 first\r\n"), *end], postbox) as server:
        with twin(url(server)) as transport:
            texts = [transport.deliver(message(number))[0].text for number in range(2)]
        assert server.connections == 2
    assert texts == ["first", "second"]


def test_deliver_when_421_comes_after_every_three_messages_then_nothing_is_lost_or_doubled(twin: TransportTwin) -> None:
    """The peers lose the rest of a batch here, or one of seven."""
    cut_off: list[RawStep] = [HearsLines(), Says(b"421 4.7.0 enough for one connection\r\n"), Closes()]
    three = [*READY, *accepted(*[b"250 ok\r\n"] * 3), *cut_off]
    with ScriptedServer(three, three, [*READY, *accepted(), *QUIT]) as server:
        with twin(url(server)) as transport:
            outcomes = [transport.deliver(message(number))[0].status for number in range(7)]
        assert server.connections == 3
    assert outcomes == [Status.ACCEPTED] * 7


def test_deliver_when_a_fresh_connection_says_421_then_the_recipients_are_deferred(twin: TransportTwin) -> None:
    """A new connection says the same for everybody: trying again at once would be knocking on a closed door."""
    with ScriptedServer([*READY, HearsLines(), Says(b"421 4.3.2 shutting down\r\n"), Closes()]) as server:
        with twin(url(server)) as transport:
            (outcome,) = transport.deliver(message())
        assert server.connections == 1
    assert (outcome.status, outcome.code, outcome.enhanced) == (Status.DEFERRED, 421, "4.3.2")


@pytest.mark.parametrize(
    "put_off",
    [
        [
            HearsLines(),
            Says(b"452 4.3.2 too many messages in this connection\r\n"),
            Hears(b"RSET\r\n"),
            Says(b"250 ok\r\n"),
        ],
        [*accepted(b"451 4.7.1 try later\r\n"), Hears(b"RSET\r\n"), Says(b"250 ok\r\n")],
    ],
    ids=["MAIL", "end of data"],
)
def test_deliver_when_the_message_as_a_whole_was_put_off_then_the_next_one_gets_a_fresh_connection(
    twin: TransportTwin, put_off: list[RawStep]
) -> None:
    """It may be the connection that the server has had enough of."""
    with ScriptedServer([*READY, *put_off, *QUIT], [*READY, *accepted(), *QUIT]) as server:
        with twin(url(server)) as transport:
            outcomes = [transport.deliver(message(number))[0].status for number in range(2)]
        assert server.connections == 2
    assert outcomes == [Status.DEFERRED, Status.ACCEPTED]


def test_deliver_when_a_connection_has_rested_then_it_is_asked_before_it_is_used(
    twin: TransportTwin, frozen: FrozenClock
) -> None:
    """NOOP is cheaper than a message that meets a dead connection."""
    session = [*READY, *accepted(), Hears(b"NOOP\r\n"), Says(b"250 here\r\n"), *accepted(), *QUIT]
    with ScriptedServer(session) as server, twin(url(server)) as transport:
        transport.deliver(message())
        frozen.advance(60)
        assert transport.deliver(message())[0].status is Status.ACCEPTED


@pytest.mark.parametrize("answer", [[Says(b"421 too late\r\n"), Closes()], [Closes()]])
def test_deliver_when_a_rested_connection_is_dead_then_a_new_one_is_made(
    twin: TransportTwin, frozen: FrozenClock, answer: list[RawStep]
) -> None:
    """The message never meets the dead one."""
    first = [*READY, *accepted(), Hears(b"NOOP\r\n"), *answer]
    with ScriptedServer(first, [*READY, *accepted(), *QUIT]) as server, twin(url(server)) as transport:
        transport.deliver(message())
        frozen.advance(60)
        assert transport.deliver(message())[0].status is Status.ACCEPTED


def test_deliver_when_a_connection_has_rested_for_long_then_it_is_not_even_asked(
    twin: TransportTwin, frozen: FrozenClock
) -> None:
    """No server keeps an idle connection for an hour."""
    with ScriptedServer([*READY, *accepted()], [*READY, *accepted(), *QUIT]) as server, twin(url(server)) as transport:
        transport.deliver(message())
        frozen.advance(3600)
        assert transport.deliver(message())[0].status is Status.ACCEPTED


def test_deliver_when_no_new_connection_can_be_had_then_the_error_is_one_to_try_again(twin: TransportTwin) -> None:
    """The stale connection is not the last word, but neither is it tried for ever."""
    with ScriptedServer([*READY, *accepted(), Closes()]) as server, twin(url(server)) as transport:
        transport.deliver(message())
        with pytest.raises(ConnectError) as caught:
            transport.deliver(message())
    assert caught.value.is_temporary


def test_close_when_quit_gets_no_answer_then_it_is_no_error(twin: TransportTwin) -> None:
    """What was accepted is accepted."""
    with ScriptedServer([*READY, *accepted(), Hears(b"QUIT\r\n"), Closes()]) as server, twin(url(server)) as transport:
        assert transport.deliver(message())[0].status is Status.ACCEPTED


def test_deliver_when_the_transport_was_closed_then_it_connects_again(twin: TransportTwin) -> None:
    """Closing lets go of connections, not of the transport."""
    with ScriptedServer([*READY, *accepted(), *QUIT], [*READY, *accepted(), *QUIT]) as server:
        given = open_transport(url(server))
        for _ in range(2):
            with twin(given) as transport:
                assert transport.deliver(message())[0].status is Status.ACCEPTED
        assert server.connections == 2


def test_deliver_when_threads_share_the_transport_then_each_has_a_connection_to_itself() -> None:
    """No two conversations on one wire."""
    postbox = Postbox()
    with Listener(postbox) as server:
        transport = open_transport(url(server))
        start = threading.Barrier(4)

        def send() -> None:
            start.wait(10)
            for number in range(10):
                transport.deliver(message(number).envelope(), message(number))

        threads = [threading.Thread(target=send) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        transport.close()
    assert postbox.taken_for(TO) == 40


# -- outcomes ----------------------------------------------------------------------------------------------------------


def test_deliver_when_recipients_fare_differently_then_each_has_its_outcome_in_order(twin: TransportTwin) -> None:
    """A refused recipient does not sink the others."""
    postbox = Postbox(
        recipients={"a@x.org": [Reply.of(550, "5.1.1 Who?")], "c@x.org": [Reply.of(450, "4.2.0 Busy")]},
        replies=[Reply.of(250, "2.0.0 queued as 4F2A9")],
    )
    with Listener(postbox) as server, twin(url(server)) as transport:
        outcomes = transport.deliver(message(1, "a@x.org", "b@x.org", "c@x.org"))
    assert [(outcome.recipient.email, outcome.status, outcome.code, outcome.enhanced) for outcome in outcomes] == [
        ("a@x.org", Status.REFUSED, 550, "5.1.1"),
        ("b@x.org", Status.ACCEPTED, 250, "2.0.0"),
        ("c@x.org", Status.DEFERRED, 450, "4.2.0"),
    ]
    assert [outcome.queue_id for outcome in outcomes] == ["", "4F2A9", ""]
    assert [outcome.command for outcome in outcomes] == ["RCPT", "end of data", "RCPT"]
    assert {outcome.relay for outcome in outcomes} == {f"smtp://127.0.0.1:{server.port}"}


@pytest.mark.parametrize(
    ("text", "queue_id"),
    [
        ("2.0.0 Ok: queued as 4bXkyZ1Lmzz3", "4bXkyZ1Lmzz3"),
        ("OK id=1rABCD-000000001-abcd", "1rABCD-000000001-abcd"),
        ("Ok 0102018f0e-1234-abcd-000000", "0102018f0e-1234-abcd-000000"),
        ("2.6.0 <m@x> [InternalId=1234567, Hostname=x.example.com] Queued mail for delivery", "1234567"),
        ("2.0.0 Message accepted for delivery", ""),
        ("thank you", ""),
    ],
)
def test_outcome_when_the_server_names_its_queue_id_then_it_is_found(text: str, queue_id: str) -> None:
    """The key to the relay's own log."""
    with Listener(Postbox(replies=[Reply.of(250, text)])) as server:
        transport = open_transport(url(server))
        (outcome,) = transport.deliver(message().envelope(), message())
        transport.close()
    assert outcome.queue_id == queue_id


@pytest.mark.slow
def test_deliver_when_recipients_are_thousands_then_nothing_blocks(twin: TransportTwin) -> None:
    """Both sides writing while nobody reads would be the end; flights are cut to what buffers hold."""
    postbox = Postbox()
    names = [f"recipient-number-{number}@example.com" for number in range(2_000)]
    with (
        Listener(postbox, profile=ServerProfile(max_recipients=10_000)) as server,
        twin(url(server)) as transport,
    ):
        outcomes = transport.deliver(message(1, *names))
    assert {outcome.status for outcome in outcomes} == {Status.ACCEPTED}
    assert postbox.received[0].recipients == tuple(names)


def test_deliver_when_the_server_cannot_take_the_message_then_the_capability_is_named(twin: TransportTwin) -> None:
    """No bytes of it are sent."""
    with (
        Listener(Postbox(), profile=ServerProfile(max_size=100)) as server,
        twin(url(server)) as transport,
        pytest.raises(CapabilityMissing) as caught,
    ):
        transport.deliver(message())
    assert caught.value.capability == "SIZE"


# -- logging in and verifying ------------------------------------------------------------------------------------------

SHOP = ServerProfile(auth=True, auth_required=True)


def test_deliver_when_the_password_is_right_then_the_server_knows_who_sent(
    twin: TransportTwin, authority: Authority
) -> None:
    """Over STARTTLS, with the user and password of the URL."""
    postbox = Postbox(passwords={"ada@example.com": "p@ss word"})
    with (
        Listener(postbox, profile=SHOP, tls=authority.context()) as server,
        twin(f"smtp://ada%40example.com:p%40ss%20word@localhost:{server.port}?ca={authority.ca_file}") as transport,
    ):
        transport.deliver(message())
    assert (postbox.received[0].user, postbox.received[0].is_secure) == ("ada@example.com", True)


def test_deliver_when_the_password_is_wrong_then_the_error_does_not_show_it(
    twin: TransportTwin, authority: Authority
) -> None:
    """Who, and what to do; never the secret."""
    with (
        Listener(Postbox(), profile=SHOP, tls=authority.context()) as server,
        twin(f"smtp://ada:hunter2@localhost:{server.port}?ca={authority.ca_file}") as transport,
        pytest.raises(AuthError, match="'ada'") as caught,
    ):
        transport.deliver(message())
    assert "hunter2" not in f"{caught.value} {caught.value!r} {caught.value.__dict__}"


def test_verify_when_the_relay_works_then_each_step_has_its_line(authority: Authority) -> None:
    """Connected, secured, authenticated, and what the server offers; nothing is sent."""
    postbox = Postbox(passwords={"ada": "pw"})
    with Listener(postbox, profile=SHOP, tls=authority.context()) as server:
        found = open_transport(f"smtp://ada:pw@localhost:{server.port}?ca={authority.ca_file}").verify()
    assert [line.split()[0] for line in found] == [
        "connected",
        "secured",
        "greeted",
        "authenticated",
        "takes",
        "offers",
    ]
    assert "STARTTLS" in found[1]
    assert "TLSv1." in found[1]
    assert "certificate verified" in found[1]
    assert postbox.received == []


@pytest.mark.parametrize(
    ("options", "shown"), [("?tls=off", "not encrypted"), ("?verify=no&tls=required", "not verified")]
)
def test_verify_when_safety_was_lowered_then_it_says_so(options: str, shown: str, authority: Authority) -> None:
    """Nobody should have to guess."""
    with Listener(Postbox(), tls=authority.context()) as server:
        found = open_transport(f"smtp://localhost:{server.port}{options}").verify()
    assert any(shown in line for line in found)


def test_verify_when_the_certificate_is_not_trusted_then_it_fails(authority: Authority) -> None:
    """As sending would; and what had worked before is told."""
    with Listener(Postbox(), tls=authority.context()) as server, pytest.raises(TlsError) as caught:
        open_transport(f"smtp://localhost:{server.port}").verify()
    assert [line.split()[0] for line in caught.value.steps] == ["connected", "greeted", "takes", "offers"]


def test_verify_when_the_password_is_wrong_then_everything_before_it_is_told(authority: Authority) -> None:
    """It is the password, and neither the network nor the certificate."""
    with (
        Listener(Postbox(passwords={"ada": "pw"}), profile=SHOP, tls=authority.context()) as server,
        pytest.raises(AuthError) as caught,
    ):
        open_transport(f"smtp://ada:wrong@localhost:{server.port}?ca={authority.ca_file}").verify()
    assert [line.split()[0] for line in caught.value.steps] == ["connected", "secured", "greeted", "takes", "offers"]


# -- who we say we are -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "local", "hello"),
    [
        ("mail.example.com", "192.0.2.1", "mail.example.com"),
        ("laptop", "192.0.2.1", "[192.0.2.1]"),
        ("my_machine.local", "192.0.2.1", "[192.0.2.1]"),
        ("laptop", "2001:db8::1", "[IPv6:2001:db8::1]"),
        ("laptop", "", "[127.0.0.1]"),
    ],
)
def test_hello_when_the_machine_has_no_full_name_then_the_address_literal_is_said(
    monkeypatch: pytest.MonkeyPatch, name: str, local: str, hello: str
) -> None:
    """RFC 5321 4.1.4: servers refuse a bare "laptop"."""
    monkeypatch.setattr(socket, "gethostname", lambda: name)
    assert SmtpSettings("mail.example.com").profile(local).hello == hello


def test_hello_when_the_url_says_so_then_it_is_what_the_server_hears(twin: TransportTwin) -> None:
    """For servers that are particular."""
    postbox = Postbox()
    with Listener(postbox) as server, twin(url(server, "?hello=client.example.com")) as transport:
        transport.deliver(message())
    assert postbox.received[0].hello == "client.example.com"


def test_name_when_the_host_is_an_ipv6_address_then_it_is_in_brackets() -> None:
    """It reads as the URL does."""
    assert SmtpTransport(SmtpSettings("::1", port=25, tls=Tls.OFF)).name == "smtp://[::1]:25"
