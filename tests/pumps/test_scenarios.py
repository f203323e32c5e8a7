"""One list of scenarios for both pumps, over real sockets and real TLS: what works, and what each failure is called."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from types import SimpleNamespace

import pytest

from mailkit import Message, MessageBuilder
from mailkit.errors import ConnectError, MailkitError, TlsError, TransportTimeout
from mailkit.net import Listener
from mailkit.testing.peer import Closes, Hears, Says
from mailkit.transport import Status
from tests.kit.peers import Authority, Hangs, HearsLines, HearsMessage, Postbox, Resets, ScriptedServer, free_port
from tests.kit.twins import TRANSPORTS, TransportTwin


def message(text: str = "Hello") -> Message:
    return MessageBuilder().from_("ada@example.com").to("bob@example.com").subject("Hi").text(text).build()


# -- what works --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("twin", TRANSPORTS)
@pytest.mark.parametrize(
    ("scheme", "tls", "secure"),
    [("smtp", "off", False), ("smtp", "opportunistic", True), ("smtp", "required", True), ("smtps", "", True)],
)
def test_pump_when_the_server_is_fine_then_the_message_arrives_as_it_is(
    twin: TransportTwin, scheme: str, tls: str, secure: bool, authority: Authority
) -> None:
    """Plain, STARTTLS and implicit TLS carry the same bytes."""
    postbox = Postbox()
    sent = message()
    with Listener(postbox, tls=authority.context(), implicit_tls=scheme == "smtps") as server:
        options = f"ca={authority.ca_file}" + (f"&tls={tls}" if tls else "")
        with twin(f"{scheme}://localhost:{server.port}?{options}") as transport:
            (outcome,) = transport.deliver(sent)
    assert outcome.status is Status.ACCEPTED
    (received,) = postbox.received
    assert received.data == bytes(sent)
    assert received.is_secure is secure


@pytest.mark.parametrize("twin", TRANSPORTS)
def test_pump_when_certificates_are_not_verified_on_request_then_the_message_arrives(
    twin: TransportTwin, authority: Authority
) -> None:
    """verify=no is for test servers, and says so in the URL."""
    postbox = Postbox()
    with (
        Listener(postbox, tls=authority.self_signed_context()) as server,
        twin(f"smtp://127.0.0.1:{server.port}?tls=required&verify=no") as transport,
    ):
        transport.deliver(message())
    assert postbox.received[0].is_secure


@pytest.mark.slow
@pytest.mark.parametrize("twin", TRANSPORTS)
@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_pump_when_the_message_is_large_then_every_byte_arrives(
    twin: TransportTwin, scheme: str, authority: Authority
) -> None:
    """2 MB, with lines that begin with dots, fill every buffer on the way."""
    postbox = Postbox()
    sent = message(
        "\n".join(f".{number} of many lines, each of them with dots at both ends." for number in range(36_000))
    )
    assert len(bytes(sent)) > 2_000_000
    with (
        Listener(postbox, tls=authority.context(), implicit_tls=scheme == "smtps") as server,
        twin(f"{scheme}://localhost:{server.port}?ca={authority.ca_file}") as transport,
    ):
        transport.deliver(sent)
    assert postbox.received[0].data == bytes(sent)


@pytest.mark.parametrize("twin", TRANSPORTS)
def test_pump_when_the_server_speaks_byte_by_byte_then_it_is_understood(twin: TransportTwin) -> None:
    """Replies torn apart by the network are put together again."""
    greeting = [Says(bytes([byte])) for byte in b"220 hi\r\n"]
    capabilities = [Says(bytes([byte])) for byte in b"250-ok\r\n250 PIPELINING\r\n"]
    script = [*greeting, HearsLines(), *capabilities, HearsLines(3), Says(b"550 no\r\n503 no\r\n503 no\r\n")]
    script += [Hears(b"RSET\r\n"), Says(b"250 ok\r\n"), Hears(b"QUIT\r\n"), Says(b"221 bye\r\n")]
    with ScriptedServer(script) as server, twin(f"smtp://{server.host}:{server.port}") as transport:
        (outcome,) = transport.deliver(message())
    assert (outcome.status, outcome.code) == (Status.REFUSED, 550)


# -- what fails --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Failure:
    """A server that does not work, and the error that says why."""

    name: str
    server: Callable[[Authority], AbstractContextManager[object]]
    error: type[MailkitError]
    says: str
    hint: str = ""
    url: str = "smtp://localhost:{port}?tls=required&ca={ca}"
    is_temporary: bool = False


def nobody(_: Authority) -> AbstractContextManager[object]:
    return nullcontext(SimpleNamespace(port=free_port()))


BEFORE_TLS = [Says(b"220 hi\r\n"), HearsLines(), Says(b"250-ok\r\n250 STARTTLS\r\n"), Hears(b"STARTTLS\r\n")]

FAILURES = [
    Failure(
        "self-signed",
        lambda authority: Listener(Postbox(), tls=authority.self_signed_context()),
        TlsError,
        says="cannot be trusted",
        hint="self-signed",
    ),
    Failure(
        "self-signed, implicit",
        lambda authority: Listener(Postbox(), tls=authority.self_signed_context(), implicit_tls=True),
        TlsError,
        says="cannot be trusted",
        hint="?ca=",
        url="smtps://localhost:{port}?ca={ca}",
    ),
    Failure(
        "unknown authority",
        lambda authority: Listener(Postbox(), tls=authority.context()),
        TlsError,
        says="cannot be trusted",
        hint="?ca=",
        url="smtp://localhost:{port}?tls=required",
    ),
    Failure(
        "unknown authority, opportunistic",
        lambda authority: Listener(Postbox(), tls=authority.context()),
        TlsError,
        says="cannot be trusted",
        url="smtp://localhost:{port}",
    ),
    Failure(
        "another host's certificate",
        lambda authority: Listener(Postbox(), tls=authority.context("mail.example.com")),
        TlsError,
        says="cannot be trusted",
        hint="another host",
    ),
    Failure(
        "a name's certificate at a bare address",
        lambda authority: Listener(Postbox(), tls=authority.context("localhost")),
        TlsError,
        says="cannot be trusted",
        hint="instead of its number",
        url="smtp://127.0.0.1:{port}?tls=required&ca={ca}",
    ),
    Failure(
        "expired",
        lambda authority: Listener(Postbox(), tls=authority.context(expired=True)),
        TlsError,
        says="cannot be trusted",
        hint="expired",
    ),
    Failure(
        "no STARTTLS",
        lambda _: Listener(Postbox()),
        TlsError,
        says="does not offer STARTTLS",
        hint="smtps://",
    ),
    Failure(
        "plain server, implicit TLS",
        lambda _: Listener(Postbox()),
        TlsError,
        says="does not speak TLS",
        hint="STARTTLS",
        url="smtps://localhost:{port}?ca={ca}",
    ),
    Failure(
        "bytes before the handshake",
        lambda _: ScriptedServer([*BEFORE_TLS, Says(b"220 go\r\n250 evil\r\n"), Hangs()]),
        TlsError,
        says="before the handshake",
    ),
    Failure(
        "nobody listens",
        nobody,
        ConnectError,
        says="refused the connection",
        hint="listening",
        url="smtp://127.0.0.1:{port}",
        is_temporary=True,
    ),
    Failure(
        "no such host",
        nobody,
        ConnectError,
        says="cannot be resolved",
        hint="spelling",
        url="smtp://no-such-host.invalid:{port}",
        is_temporary=True,
    ),
    Failure(
        "closes at once",
        lambda _: ScriptedServer([Closes()]),
        ConnectError,
        says="closed",
        is_temporary=True,
    ),
    Failure(
        "resets",
        lambda _: ScriptedServer([Says(b"220 hi\r\n"), HearsLines(), Resets()]),
        ConnectError,
        says="failed",
        is_temporary=True,
    ),
    Failure(
        "closes instead of shaking hands",
        lambda _: ScriptedServer([*BEFORE_TLS, Says(b"220 go\r\n"), Closes()]),
        ConnectError,
        says="lost during the TLS handshake|failed",
        is_temporary=True,
    ),
    Failure(
        "never greets",
        lambda _: ScriptedServer([Hangs()]),
        TransportTimeout,
        says="did not answer within 0.05 seconds",
        url="smtp://127.0.0.1:{port}?timeout=0.05",
        is_temporary=True,
    ),
    Failure(
        "never shakes hands",
        lambda _: ScriptedServer([Hangs()]),
        TransportTimeout,
        says="within 0.05 seconds",
        url="smtps://127.0.0.1:{port}?timeout=0.05",
        is_temporary=True,
    ),
]


@pytest.mark.parametrize("twin", TRANSPORTS)
@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: failure.name)
def test_pump_when_a_connection_cannot_be_had_then_the_error_says_why(
    twin: TransportTwin, failure: Failure, authority: Authority
) -> None:
    """The same failure has the same name, words and hint through both pumps, and nothing is sent."""
    with failure.server(authority) as server:
        url = failure.url.format(port=server.port, ca=authority.ca_file)
        with twin(url) as transport, pytest.raises(failure.error, match=failure.says) as caught:
            transport.deliver(message())
    assert failure.hint in caught.value.hint
    assert caught.value.is_temporary is failure.is_temporary


@pytest.mark.parametrize("twin", TRANSPORTS)
@pytest.mark.parametrize("end", [Closes(), Resets()], ids=lambda step: type(step).__name__)
def test_pump_when_the_wire_is_cut_after_the_end_of_data_then_the_outcome_is_in_doubt(
    twin: TransportTwin, end: Closes | Resets
) -> None:
    """However it is cut, nobody can know whether the message was taken."""
    script = [Says(b"220 hi\r\n"), HearsLines(), Says(b"250 ok\r\n"), HearsLines(), Says(b"250 ok\r\n"), HearsLines()]
    script += [Says(b"250 ok\r\n"), Hears(b"DATA\r\n"), Says(b"354 go\r\n"), HearsMessage()]
    with ScriptedServer([*script, end]) as server, twin(f"smtp://{server.host}:{server.port}") as transport:
        (outcome,) = transport.deliver(message())
    assert outcome.status is Status.IN_DOUBT


@pytest.mark.slow
@pytest.mark.parametrize("twin", TRANSPORTS)
def test_pump_when_the_wire_is_cut_in_the_middle_of_a_large_message_then_it_may_be_sent_again(
    twin: TransportTwin,
) -> None:
    """The end of data never left, so nothing was accepted."""
    script = [Says(b"220 hi\r\n"), HearsLines(), Says(b"250 ok\r\n"), HearsLines(), Says(b"250 ok\r\n"), HearsLines()]
    script += [Says(b"250 ok\r\n"), Hears(b"DATA\r\n"), Says(b"354 go\r\n"), HearsLines(3), Resets()]
    with ScriptedServer(script) as server, twin(f"smtp://{server.host}:{server.port}") as transport:
        (outcome,) = transport.deliver(message("much\n" * 4_000_000))
    assert (outcome.status, outcome.command) == (Status.DEFERRED, "DATA")
