"""What every transport promises, as tests: whoever writes one inherits them, and runs them with pytest.

::

    from mailkit.testing import TransportSuite

    class TestPigeon(TransportSuite):
        secrets = ("hunter2",)

        def make(self):
            return Pigeon("loft.example.com", password="hunter2")

Fixtures are used as in any class of tests: one with ``autouse=True`` may set what :meth:`~TransportSuite.make` needs.
"""

import asyncio
import pickle
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar

from mailkit.errors import CapabilityMissing, ConfigError, MailkitError, ProtocolError, TransportError
from mailkit.message import Address, Envelope, Message, MessageBuilder
from mailkit.transport import Delivered, Outcome, Parcel, Status, Transport

__all__ = ["TransportSuite"]

_THREADS, _EACH = 4, 5
_BIG = 3_000_000  # bytes; more than any pipe or socket takes at once
_PEOPLE = ("bob@example.com", "carol@example.org", "dan@example.net")
_BLIND = "eve.blind@example.com"

# Each is legal (RFC 5321 4.1.2), and each has misled a mail program.
_HOSTILE = (
    "-oQ/tmp@example.com",
    "--help@example.com",
    '"-t"@example.com',
    '"two words"@example.com',
    '"a,b"@example.com',
    '"a@evil.example"@example.com',
    '"|cat"@example.com',
    r'"a\"b"@example.com',
    "a%b@example.com",
    "a!b@example.com",
    "a+b@example.com",
    "a'b@example.com",
    "${id}@example.com",
    "`id`@example.com",
    f"{'x' * 64}@{'y' * 60}.example.com",
)

# What a mailbox, a protocol or a program might take for its own.
_TRAPS = "From here on\n>From there\n.\n..\n.From\nQUIT\n\nFrom ada@example.com Fri Jan  2 03:04:05 2026\n-- \nthe end"


class TransportSuite:
    """The tests. Inherit, name the class ``Test…``, and write :meth:`make`; the rest is for more to be tested."""

    secrets: ClassVar[Sequence[str]] = ()
    """What :meth:`make` and :meth:`make_broken` are given and must never be seen, such as a password."""

    def make(self) -> Transport:
        """Return a transport that works. It is called once in each test, or more often."""
        raise NotImplementedError("TransportSuite needs make(), which returns the transport to be tested")

    def make_broken(self) -> Transport | None:
        """Return a transport that can reach nobody, or None when there is no such thing."""
        return None

    def arrived(self) -> Sequence[bytes] | None:
        """Return the messages that have come out at the other end, oldest first, or None when that cannot be seen."""
        return None

    # -- outcomes ------------------------------------------------------------------------------------------------

    def test_each_recipient_has_one_outcome_in_order(self) -> None:
        """A transport that loses one, or mixes them up, makes receipts that lie."""
        deliver(self.make(), letter(*_PEOPLE))

    def test_a_working_transport_accepts(self) -> None:
        """What works takes an ordinary message for everybody."""
        outcomes = deliver(self.make(), letter(*_PEOPLE))
        assert {outcome.status for outcome in outcomes} == {Status.ACCEPTED}, f"not accepted: {outcomes}"

    def test_some_recipients_of_an_envelope_are_some_outcomes(self) -> None:
        """A retry is for the recipients that were put off, and for nobody else."""
        message = letter(*_PEOPLE)
        deliver(self.make(), message, message.envelope().only([Address(_PEOPLE[1])]))

    def test_asyncio_says_the_same(self) -> None:
        """The two halves of a transport differ in who waits, and in nothing else."""
        message = letter(*_PEOPLE)
        blocking = deliver(self.make(), message)

        async def main() -> tuple[Outcome, ...]:
            transport = self.make()
            try:
                return await transport.adeliver(message.envelope(), message)
            finally:
                await transport.aclose()

        outcomes = asyncio.run(main())
        check_outcomes(outcomes, message.envelope())
        said = [[(one.recipient, one.status, one.code, one.enhanced) for one in half] for half in (blocking, outcomes)]
        assert said[0] == said[1], f"blocking: {said[0]}; asyncio: {said[1]}"

    def test_many_in_a_row_are_each_answered_once(self) -> None:
        """A campaign hands over one after the other, and reads what became of each."""
        parcels = [Parcel(one.envelope(), one) for one in (letter(f"row{number}@example.com") for number in range(5))]
        transport = self.make()
        left = iter(parcels)
        answered = list(transport.deliver_many(lambda: next(left, None)))
        transport.close()
        check_answers(parcels, answered)

        async def main() -> list[Delivered]:
            left = iter(parcels)
            found = [one async for one in transport.adeliver_many(lambda: next(left, None))]
            await transport.aclose()
            return found

        check_answers(parcels, asyncio.run(main()))

    def test_tasks_may_share_it(self) -> None:
        """Messages that are under way at once do not get each other's outcomes."""
        messages = [letter(f"task{number}@example.com") for number in range(_EACH)]

        async def main() -> list[tuple[Outcome, ...]]:
            transport = self.make()
            try:
                return await asyncio.gather(*(transport.adeliver(one.envelope(), one) for one in messages))
            finally:
                await transport.aclose()

        for message, outcomes in zip(messages, asyncio.run(main()), strict=True):
            check_outcomes(outcomes, message.envelope())

    def test_threads_may_share_it(self) -> None:
        """Nothing is lost, doubled or mixed up."""
        transport = self.make()
        before = len(self.arrived() or ())

        def send(thread: int) -> None:
            for number in range(_EACH):
                message = letter(f"thread{thread}.{number}@example.com", subject=f"unique {thread} {number}")
                deliver(transport, message, keep=True)

        with ThreadPoolExecutor(_THREADS) as threads:
            list(threads.map(send, range(_THREADS)))
        transport.close()
        found = self.arrived()
        if found is not None:
            subjects = [
                one for raw in found[before:] for one in re.findall(rb"^Subject: (unique .+?)\r?$", raw, re.MULTILINE)
            ]
            assert len(subjects) == len(set(subjects)) == _THREADS * _EACH, f"arrived: {sorted(subjects)}"

    # -- the message ---------------------------------------------------------------------------------------------

    def test_the_message_is_not_changed(self) -> None:
        """It may be handed to the next transport, or sent again: what changed in between would go out wrong."""
        message = letter(*_PEOPLE, blind=_BLIND)
        envelope = message.envelope()
        before = pickle.dumps((message, envelope)), bytes(message)
        deliver(self.make(), message, envelope)
        assert (pickle.dumps((message, envelope)), bytes(message)) == before, "the message or its envelope has changed"

    def test_blind_copies_are_in_the_envelope_only(self) -> None:
        """Whoever gets the message must not learn of them."""
        deliver(self.make(), letter(*_PEOPLE, blind=_BLIND))
        for raw in self.arrived() or ():
            content = Message.parse(raw)
            assert "Bcc" not in content.headers, "there is a Bcc field"
            assert not content.bcc, "there is a Bcc field"
            assert _BLIND.encode() not in raw, "a blind copy is named in the message"

    def test_every_line_arrives_as_it_was(self) -> None:
        """Dots, lines that begin with From, and what looks like a command are text."""
        deliver(self.make(), letter(*_PEOPLE, text=_TRAPS))
        for raw in self.arrived() or ():
            found = (Message.parse(raw).text or "").rstrip("\n")
            assert found == _TRAPS, f"the text has become {found!r}"

    def test_a_big_message_is_delivered_whole(self) -> None:
        """One that fits into no buffer."""
        data = bytes(range(256)) * (_BIG // 256)
        deliver(self.make(), letter(*_PEOPLE, file=data))
        for raw in self.arrived() or ():
            [file] = Message.parse(raw).attachments
            assert file.data == data, "the attached file has changed"

    def test_a_message_that_was_read_keeps_its_bytes(self) -> None:
        """A signature covers them."""
        body = b"a line  \r\n\r\n=20 stays\r\n"
        message = Message.parse(b"From: ada@example.com\r\nTo: bob@example.com\r\nX-Odd:  two  spaces\r\n\r\n" + body)
        deliver(self.make(), message)
        for raw in self.arrived() or ():
            unix = raw.replace(b"\r\n", b"\n")
            assert b"X-Odd:  two  spaces\n\na line  \n\n=20 stays\n" in unix, f"the bytes have become {raw!r}"

    # -- addresses -----------------------------------------------------------------------------------------------

    def test_the_null_sender_is_taken(self) -> None:
        """Bounces and automatic replies have no return path (RFC 5321 4.5.5)."""
        message = letter(*_PEOPLE)
        deliver(self.make(), message, Envelope(None, _PEOPLE))

    def test_an_address_outside_ascii_has_an_outcome_or_a_clear_error(self) -> None:
        """Not every relay has SMTPUTF8 (RFC 6531); none may mangle the address."""
        message = letter("zoë@example.com")
        try:
            deliver(self.make(), message)
        except (CapabilityMissing, TransportError) as error:
            check_error(error, self.secrets)

    def test_a_domain_outside_ascii_is_delivered_to(self) -> None:
        """On the wire it is ASCII (RFC 5891); the outcome names the recipient as it was given."""
        (outcome,) = deliver(self.make(), letter("bob@exämple.com"))
        assert outcome.recipient.email == "bob@exämple.com", f"the outcome names {outcome.recipient.email}"

    def test_a_hostile_address_is_one_recipient_and_nothing_else(self) -> None:
        """It is refused or delivered to; it is never an option, a command, a path or two recipients."""
        transport = self.make()
        for address in _HOSTILE:
            message = letter("bob@example.com")
            for envelope in (
                Envelope("ada@example.com", [Address(address), "bob@example.com"]),
                Envelope(Address(address), "bob@example.com"),
            ):
                try:
                    deliver(transport, message, envelope, keep=True)
                except (TransportError, ProtocolError) as error:
                    check_error(error, self.secrets)
        transport.close()

    # -- the transport itself ------------------------------------------------------------------------------------

    def test_it_has_a_name_that_tells_no_secret(self) -> None:
        """Names end in reports, logs and issue trackers."""
        transport = self.make()
        assert isinstance(transport.name, str), "the name is no text"
        assert transport.name, "there is no name"
        outcomes = deliver(transport, letter(*_PEOPLE))
        for secret in self.secrets:
            for what, text in (("name", transport.name), ("repr", repr(transport)), ("outcomes", repr(outcomes))):
                assert secret not in text, f"the {what} shows a secret"

    def test_verifying_sends_nothing(self) -> None:
        """It says what it found, a line a step."""
        transport = self.make()
        before = len(self.arrived() or ())
        found = transport.verify()
        transport.close()
        assert isinstance(found, tuple), "verify() returns a tuple of lines"
        assert found, "verify() has found nothing to say"
        assert all(isinstance(line, str) and line.isprintable() for line in found), f"not lines of text: {found}"
        assert len(self.arrived() or ()) == before, "verify() has sent something"

    def test_closing_twice_is_harmless_and_it_may_be_used_again(self) -> None:
        """Mailers close what they are given, and so may those who made it."""
        transport = self.make()
        transport.close()
        transport.close()
        deliver(transport, letter(*_PEOPLE), keep=True)
        transport.close()

        async def main() -> None:
            await transport.aclose()
            await transport.aclose()
            message = letter(*_PEOPLE)
            check_outcomes(await transport.adeliver(message.envelope(), message), message.envelope())
            await transport.aclose()

        asyncio.run(main())

    def test_what_cannot_be_reached_is_a_transport_error_or_an_outcome(self) -> None:
        """It says whether trying again is worth it, can be pickled, and tells no secret."""
        transport = self.make_broken()
        if transport is None:
            return
        message = letter(*_PEOPLE)
        try:
            outcomes = deliver(transport, message)
        except (TransportError, ProtocolError) as error:
            check_error(error, self.secrets)
        else:
            assert Status.ACCEPTED not in {outcome.status for outcome in outcomes}, f"accepted by nobody: {outcomes}"
            assert not [secret for secret in self.secrets if secret in repr(outcomes)], "an outcome shows a secret"
        try:
            transport.verify()
        except (TransportError, ProtocolError, ConfigError) as error:
            check_error(error, self.secrets)
        else:
            raise AssertionError("verify() has found that it works")


# -- what the tests are made of ----------------------------------------------------------------------------------------


def letter(*to: str, subject: str = "Hello", text: str = "Hello", blind: str = "", file: bytes = b"") -> Message:
    """Return an ordinary message."""
    builder = MessageBuilder().from_("Ada Lovelace <ada@example.com>").to(*to).subject(subject).text(text)
    if blind:
        builder = builder.bcc(blind)
    if file:
        builder = builder.attach(file, filename="data.bin", type="application/octet-stream")
    return builder.build()


def deliver(
    transport: Transport, message: Message, envelope: Envelope | None = None, *, keep: bool = False
) -> tuple[Outcome, ...]:
    """Deliver the message, look at the outcomes, and close the transport unless it is to be kept."""
    envelope = envelope or message.envelope()
    try:
        outcomes = transport.deliver(envelope, message)
    finally:
        if not keep:
            transport.close()
    check_outcomes(outcomes, envelope)
    return outcomes


def check_outcomes(outcomes: tuple[Outcome, ...], envelope: Envelope) -> None:
    """Fail unless each recipient has exactly one outcome, in order."""
    assert isinstance(outcomes, tuple), f"deliver() returns a tuple of outcomes, not {type(outcomes).__name__}"
    assert all(isinstance(outcome, Outcome) for outcome in outcomes), f"not outcomes: {outcomes}"
    expected = [recipient.email for recipient in envelope.recipients]
    found = [outcome.recipient.email for outcome in outcomes]
    assert found == expected, f"recipients: {expected}; outcomes: {found}"
    for outcome in outcomes:
        assert isinstance(outcome.status, Status), f"{outcome.status!r} is no Status"
        assert "\r" not in outcome.text, f"a line break in {outcome.text!r}"


def check_answers(parcels: Sequence[Parcel], answered: Sequence[Delivered]) -> None:
    """Fail unless each parcel has exactly one answer; the order may be another."""
    found = sorted(id(parcel.message) for parcel, _ in answered)
    assert found == sorted(id(parcel.message) for parcel in parcels), f"{len(parcels)} messages, {len(found)} answers"
    for parcel, result in answered:
        assert not isinstance(result, MailkitError), f"not delivered: {result}"
        check_outcomes(result, parcel.envelope)


def check_error(error: MailkitError, secrets: Sequence[str]) -> None:
    """Fail unless the error can be acted on, crosses process borders and shows no secret."""
    assert isinstance(error.is_temporary, bool), "is_temporary is neither True nor False"
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - it was made the moment before
    assert (type(copy), str(copy)) == (type(error), str(error)), "the error does not survive pickling"
    shown = f"{error} {error!r} {error.hint} {getattr(error, '__notes__', '')}"
    assert not [secret for secret in secrets if secret in shown], "the error shows a secret"
