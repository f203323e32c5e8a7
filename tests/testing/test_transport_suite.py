"""The suite for transports: run on all of mailkit's own, and shown to find what is wrong with others."""

import io
import mailbox
import re
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from mailkit import Envelope, Message, Outcome, Status, Transport, open_transport
from mailkit.errors import TransportError
from mailkit.testing import TransportSuite
from mailkit.transport import (
    ConsoleTransport,
    FailoverTransport,
    MaildirTransport,
    MboxTransport,
    MemoryTransport,
    NullTransport,
    RedirectTransport,
    RoundRobinTransport,
    SendmailTransport,
)
from tests.kit.peers import free_port
from tests.kit.relay import Relay, relay

SECRET = "hunter2"


class TestNull(TransportSuite):
    def make(self) -> Transport:
        return NullTransport()


class TestMemory(TransportSuite):
    made: MemoryTransport | None = None

    def make(self) -> Transport:
        self.made = self.made or MemoryTransport()
        return self.made

    def arrived(self) -> Sequence[bytes]:
        return [bytes(message) for message in self.made.messages] if self.made else []


class InFolder(TransportSuite):
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path / "out"
        self.blocked = tmp_path / "blocked"
        self.blocked.write_text("a file where a folder is wanted")


class TestFile(InFolder):
    def make(self) -> Transport:
        return open_transport(f"file:{self.folder}")

    def make_broken(self) -> Transport:
        return open_transport(f"file:{self.blocked}/deeper")

    def arrived(self) -> Sequence[bytes]:
        return [path.read_bytes() for path in sorted(self.folder.glob("*.eml"))]


class TestMaildir(InFolder):
    def make(self) -> Transport:
        return MaildirTransport(self.folder)

    def make_broken(self) -> Transport:
        return MaildirTransport(self.blocked / "deeper")

    def arrived(self) -> Sequence[bytes]:
        return [untraced(path.read_bytes()) for path in sorted((self.folder / "new").glob("*"))]


class TestMbox(InFolder):
    def make(self) -> Transport:
        return MboxTransport(self.folder)

    def make_broken(self) -> Transport:
        return MboxTransport(self.blocked / "deeper")

    def arrived(self) -> Sequence[bytes]:
        with closing(mailbox.mbox(self.folder)) as box:
            return [untraced(unquoted(box.get_bytes(key))) for key in box.iterkeys()]


def unquoted(raw: bytes) -> bytes:
    """Take away what mboxrd has put before lines that begin with From; Python's reader leaves it in."""
    return re.sub(rb"^>(>*From )", rb"\1", raw, flags=re.MULTILINE)


def untraced(raw: bytes) -> bytes:
    """The message without what the delivery has put on top."""
    while raw.startswith((b"Return-Path:", b"Delivered-To:")):
        raw = raw.partition(b"\n")[2]
    return raw


class TestConsole(TransportSuite):
    def make(self) -> Transport:
        return ConsoleTransport(io.StringIO())


class TestRawConsole(TransportSuite):
    def make(self) -> Transport:
        return ConsoleTransport(io.StringIO(), raw=True)


class TestSendmail(TransportSuite):
    @pytest.fixture(autouse=True)
    def _program(self, tmp_path: Path) -> None:
        self.folder = tmp_path / "taken"
        self.folder.mkdir()
        self.program = tmp_path / "sendmail"
        self.program.write_text(f'#!/bin/sh\nexec cat > "$(mktemp "{self.folder}/XXXXXXXX")"\n')
        self.program.chmod(0o700)

    def make(self) -> Transport:
        return SendmailTransport(self.program)

    def make_broken(self) -> Transport:
        return SendmailTransport(self.folder / "nothing")

    def arrived(self) -> Sequence[bytes]:
        return [path.read_bytes() for path in self.folder.iterdir()]


class OverSmtp(TransportSuite):
    secrets = (SECRET,)

    @pytest.fixture(autouse=True)
    def _relay(self) -> Iterator[None]:
        with relay(password=SECRET) as self.relay:
            yield

    relay: Relay

    def arrived(self) -> Sequence[bytes]:
        return [received.data for received in self.relay.received]

    def nobody(self) -> str:
        return f"smtp://ada:{SECRET}@127.0.0.1:{free_port()}"


class TestSmtp(OverSmtp):
    def make(self) -> Transport:
        return open_transport(self.relay.url)

    def make_broken(self) -> Transport:
        return open_transport(self.nobody())


class TestSmtpWithAWrongPassword(TestSmtp):
    secrets = ("wrong-one",)

    def make_broken(self) -> Transport:
        return open_transport(self.relay.url.replace(SECRET, "wrong-one"))


class TestFailover(OverSmtp):
    def make(self) -> Transport:
        return open_transport(f"failover({self.nobody()} {self.relay.url})")

    def make_broken(self) -> Transport:
        return open_transport(f"failover({self.nobody()} {self.nobody()})")

    def test_verifying_sends_nothing(self) -> None:
        """One of the two cannot be reached, and verifying says so."""
        with pytest.raises(TransportError):
            self.make().verify()
        assert not self.arrived()


class TestRoundRobin(OverSmtp):
    def make(self) -> Transport:
        return open_transport(f"roundrobin({self.relay.url} {self.relay.url})")

    def make_broken(self) -> Transport:
        return open_transport(f"roundrobin({self.nobody()} failover({self.nobody()}))")


class TestRedirect(OverSmtp):
    def make(self) -> Transport:
        return open_transport(f"redirect({self.relay.url})?to=dev%2Bstaging@example.com&allow=example.org")

    def make_broken(self) -> Transport:
        return open_transport(f"redirect({self.nobody()})?to=dev@example.com")

    def arrived(self) -> Sequence[bytes]:
        # The label names the recipients that a copy stands for; that is what it is for.
        return [b"\r\n".join(unlabelled(received.data)) for received in self.relay.received]

    def test_threads_may_share_it(self) -> None:
        """As above; here all mail goes to one address."""
        super().test_threads_may_share_it()
        assert set(self.relay.copies) == {"dev+staging@example.com"}


def unlabelled(data: bytes) -> list[bytes]:
    return [line for line in data.split(b"\r\n") if not line.startswith(b"X-Original-To:")]


class TestNested:
    """Composites of composites have nothing that makes them different."""

    def test_failover_of_roundrobin_of_memory(self) -> None:
        class Nested(TransportSuite):
            def make(self) -> Transport:
                inner = RoundRobinTransport([MemoryTransport(), NullTransport()])
                return RedirectTransport(FailoverTransport([inner, MemoryTransport()]), to="dev@example.com")

        run(Nested())


# -- the suite finds what is wrong -------------------------------------------------------------------------------------


def run(suite: TransportSuite) -> None:
    for name in dir(suite):
        if name.startswith("test_"):
            getattr(suite, name)()


class Faulty(MemoryTransport):
    """A transport with one fault, to be found by one test."""

    kept: list[bytes]

    def deliver(self, envelope: Envelope, message: Message) -> tuple[Outcome, ...]:
        self.kept.append(bytes(message))
        return super().deliver(envelope, message)


class LosesOne(Faulty):
    def deliver(self, envelope: Envelope, message: Message) -> tuple[Outcome, ...]:
        return super().deliver(envelope, message)[:1]


class MixesUp(Faulty):
    def deliver(self, envelope: Envelope, message: Message) -> tuple[Outcome, ...]:
        return super().deliver(envelope, message)[::-1]


class ChangesTheMessage(Faulty):
    def deliver(self, envelope: Envelope, message: Message) -> tuple[Outcome, ...]:
        object.__setattr__(message, "text", "changed")
        return super().deliver(envelope, message)


class NamesBlindCopies(Faulty):
    def deliver(self, envelope: Envelope, message: Message) -> tuple[Outcome, ...]:
        outcomes = super().deliver(envelope, message)
        self.kept[-1] = b"Bcc: " + ", ".join(one.email for one in message.bcc).encode() + b"\r\n" + self.kept[-1]
        return outcomes


class TellsThePassword(Faulty):
    name = f"faulty://ada:{SECRET}@host"


class AsyncDiffers(Faulty):
    async def adeliver(self, envelope: Envelope, message: Message) -> tuple[Outcome, ...]:
        return tuple(replace(outcome, status=Status.REFUSED) for outcome in self.deliver(envelope, message))


class StripsLines(Faulty):
    def deliver(self, envelope: Envelope, message: Message) -> tuple[Outcome, ...]:
        outcomes = super().deliver(envelope, message)
        self.kept[-1] = self.kept[-1].replace(b"\r\nFrom here", b"\r\n>From here")
        return outcomes


class SendsTwice(Faulty):
    def deliver(self, envelope: Envelope, message: Message) -> tuple[Outcome, ...]:
        super().deliver(envelope, message)
        return super().deliver(envelope, message)


class SendsWhenVerified(Faulty):
    def verify(self) -> tuple[str, ...]:
        self.kept.append(b"Subject: test\r\n\r\n")
        return ("sent a message",)


class ClosesOnce(Faulty):
    is_closed = False

    def close(self) -> None:
        if self.is_closed:
            raise ValueError("closed")
        self.is_closed = True


class SplitsAddresses(Faulty):
    def deliver(self, envelope: Envelope, message: Message) -> tuple[Outcome, ...]:
        outcomes = super().deliver(envelope, message)
        return (*outcomes, outcomes[0]) if any("," in one.recipient.local for one in outcomes) else outcomes


@pytest.mark.parametrize(
    ("kind", "finds"),
    [
        (LosesOne, "test_each_recipient_has_one_outcome_in_order"),
        (MixesUp, "test_each_recipient_has_one_outcome_in_order"),
        (ChangesTheMessage, "test_the_message_is_not_changed"),
        (NamesBlindCopies, "test_blind_copies_are_in_the_envelope_only"),
        (TellsThePassword, "test_it_has_a_name_that_tells_no_secret"),
        (AsyncDiffers, "test_asyncio_says_the_same"),
        (StripsLines, "test_every_line_arrives_as_it_was"),
        (SendsTwice, "test_threads_may_share_it"),
        (SendsWhenVerified, "test_verifying_sends_nothing"),
        (SplitsAddresses, "test_a_hostile_address_is_one_recipient_and_nothing_else"),
    ],
    ids=lambda given: getattr(given, "__name__", ""),
)
def test_the_suite_when_a_transport_has_a_fault_then_the_test_for_it_fails(kind: type[Faulty], finds: str) -> None:
    """A suite that passes everything would promise nothing."""

    class Suite(TransportSuite):
        secrets = (SECRET,)

        def __init__(self) -> None:
            self.kept: list[bytes] = []

        def make(self) -> Transport:
            transport = kind()
            transport.kept = self.kept
            return transport

        def arrived(self) -> Sequence[bytes]:
            return self.kept

    with pytest.raises(AssertionError):
        getattr(Suite(), finds)()


def test_the_suite_when_closing_twice_fails_then_that_comes_out() -> None:
    """Whatever is raised there, the test has failed."""

    class Suite(TransportSuite):
        def make(self) -> Transport:
            transport = ClosesOnce()
            transport.kept = []
            return transport

    with pytest.raises(ValueError, match="closed"):
        Suite().test_closing_twice_is_harmless_and_it_may_be_used_again()


@pytest.mark.parametrize(
    "error",
    [TransportError(f"ada:{SECRET} was not let in"), ValueError("no")],
    ids=["secret in the error", "another error"],
)
def test_the_suite_when_what_is_broken_fails_badly_then_that_is_found(error: Exception) -> None:
    """Errors are part of the contract."""

    class Broken(MemoryTransport):
        def deliver(self, envelope: Envelope, message: Message) -> tuple[Outcome, ...]:
            raise error

    class Suite(TransportSuite):
        secrets = (SECRET,)

        def make_broken(self) -> Transport:
            return Broken()

    with pytest.raises((AssertionError, ValueError)):
        Suite().test_what_cannot_be_reached_is_a_transport_error_or_an_outcome()


def test_the_suite_when_there_is_nothing_to_test_then_it_says_so() -> None:
    """Who forgets make() is told."""
    with pytest.raises(NotImplementedError, match=r"make\(\)"):
        TransportSuite().test_a_working_transport_accepts()
