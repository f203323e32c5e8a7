"""The server's pump over real sockets and real TLS: what a client hears, and how a listener ends."""

import socket
import ssl
import threading
from contextlib import ExitStack, suppress

import pytest

from mailkit.net import Listener
from mailkit.smtp import Judgement, Later, Policy, Received, ServerProfile
from tests.kit.feeding import CUTS, Cut
from tests.kit.peers import PATIENCE, Authority, Postbox

TRANSACTION = b"MAIL FROM:<a@x.org>\r\nRCPT TO:<b@y.org>\r\nDATA\r\nHi\r\n.\r\nQUIT\r\n"
ANSWERS = ["250 2.1.0", "250 2.1.5", "354 End d", "250 2.0.0", "221 2.0.0"]


class Client:
    """A client of sockets alone."""

    def __init__(self, port: int) -> None:
        self.wire = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self.wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._lines = self.wire.makefile("rb", buffering=0)

    def reply(self) -> str:
        while (line := self._lines.readline())[3:4] == b"-":
            pass
        return line.decode().rstrip()

    def say(self, data: bytes) -> str:
        self.wire.sendall(data)
        return self.reply()

    def secure(self, authority: Authority) -> None:
        context = ssl.create_default_context(cafile=authority.ca_file)
        self.wire = context.wrap_socket(self.wire, server_hostname="localhost")
        self._lines = self.wire.makefile("rb", buffering=0)

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self._lines.close()
        self.wire.close()


class Prompt(Postbox):
    """A postbox that never waits for anything."""

    may_block = False


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("policy", [Prompt, Postbox])
@pytest.mark.parametrize("how", ["plain", "STARTTLS", "implicit TLS"])
def test_listener_when_a_client_speaks_in_any_pieces_then_its_message_is_taken(
    cut: Cut, policy: type[Postbox], how: str, authority: Authority
) -> None:
    """Whether the policy may block or not, in the clear or not."""
    postbox = policy()
    with (
        Listener(postbox, tls=authority.context(), implicit_tls=how == "implicit TLS") as server,
        Client(server.port) as client,
    ):
        if how == "implicit TLS":
            client.secure(authority)
        assert client.reply().startswith("220 ")
        if how == "STARTTLS":
            client.say(b"EHLO me\r\n")
            assert client.say(b"STARTTLS\r\n").startswith("220 ")
            client.secure(authority)
        assert client.say(b"EHLO me\r\n").startswith("250 ")
        for piece in cut(TRANSACTION):
            client.wire.sendall(piece)
        assert [client.reply()[:9] for _ in ANSWERS] == ANSWERS
        assert client.reply() == ""
    assert [(received.data, received.is_secure) for received in postbox.received] == [(b"Hi\r\n", how != "plain")]


def test_listener_when_commands_come_along_with_starttls_then_they_are_forgotten(authority: Authority) -> None:
    """RFC 3207 4.2: what was said in the clear is not obeyed later."""
    with Listener(Prompt(), tls=authority.context()) as server, Client(server.port) as client:
        client.reply()
        client.say(b"EHLO me\r\n")
        assert client.say(b"STARTTLS\r\nRSET\r\nVRFY ada\r\n") == "220 2.0.0 Go ahead"
        client.secure(authority)
        assert client.say(b"NOOP\r\n") == "250 2.0.0 Still here"


def test_listener_when_there_are_too_many_then_they_are_told_and_a_place_becomes_free_again() -> None:
    """Who has gone does not count."""
    with Listener(Prompt(), max_connections=1) as server:
        with Client(server.port) as first, Client(server.port) as second:
            assert first.reply().startswith("220 ")
            assert second.reply() == "421 4.7.0 Too many connections"
            assert second.reply() == ""
            assert first.say(b"QUIT\r\n").startswith("221 ")
            assert first.reply() == ""
        with Client(server.port) as third:
            assert third.reply().startswith("220 ")


def test_listener_when_a_handshake_fails_then_the_place_becomes_free_again(authority: Authority) -> None:
    """A client that speaks no TLS is nothing to report."""
    with Listener(Prompt(), tls=authority.context(), implicit_tls=True, max_connections=1) as server:
        for _ in range(3):
            with Client(server.port) as client, suppress(ConnectionError):
                client.wire.sendall(b"EHLO me, and what else a client says that is wrong here\r\n")
                while client.wire.recv(1_000):
                    pass
        with Client(server.port) as client:
            client.secure(authority)
            assert client.reply().startswith("220 ")


class Patient(Policy):
    """Takes an hour for each sender."""

    may_block = False

    def __init__(self) -> None:
        self.has_begun = threading.Event()
        self.transcripts: list[tuple[str, ...]] = []

    def sender(self, address: str) -> Judgement:
        self.has_begun.set()
        return Later(3_600, lambda: None)

    def message(self, received: Received) -> Judgement:
        raise AssertionError("nothing has been sent")

    def ended(self, transcript: tuple[str, ...]) -> None:
        self.transcripts.append(transcript)


def test_listener_when_it_closes_then_sessions_end_wherever_they_are(authority: Authority) -> None:
    """While one waits for a command, for a verdict, and for a handshake; each policy hears of it."""
    policy, profile = Patient(), ServerProfile(keeps_transcript=True)
    with ExitStack() as clients:
        with (
            Listener(policy, profile=profile) as plain,
            Listener(policy, profile=profile, tls=authority.context(), implicit_tls=True) as secure,
        ):
            waiting, asking, silent = (
                clients.enter_context(Client(listener.port)) for listener in (plain, plain, secure)
            )
            waiting.reply()
            asking.reply()
            asking.say(b"EHLO me\r\n")
            asking.wire.sendall(b"MAIL FROM:<a@x.org>\r\n")
            assert policy.has_begun.wait(PATIENCE)
        for client in (waiting, asking, silent):
            with suppress(ConnectionError):
                assert client.reply() == ""
    ends = sorted(transcript[-1] for transcript in policy.transcripts)
    assert ends == ["C: MAIL FROM:<a@x.org>", "S: 220 localhost ESMTP mailkit"]
