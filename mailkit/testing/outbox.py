"""An outbox: takes in whatever mailkit would send, without a server, and shows it as an inbox does."""

import contextlib
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, Self, overload

from mailkit.delivery import AsyncMailer, Mailer
from mailkit.errors import ConnectError
from mailkit.inbox import Archive, Caught, Moment, Rules
from mailkit.inbox.catch import Catcher
from mailkit.message import Address, Envelope, Message
from mailkit.smtp import Judgement, Later, Received, Reply
from mailkit.testing.box import PatientBox
from mailkit.transport import Gate, Outcome, Status, Transport, gate

__all__ = ["Outbox"]


class Outbox(PatientBox):
    """Takes in what every mailer sends while the ``with`` block runs, whatever its transport is and whenever it was made.

    Mail that was sent is looked at as in a :class:`mailkit.inbox.Inbox`, and faults are set as there; nobody waits for their
    delays. It is one for the whole process: what other threads send comes here, too.

    >>> from mailkit import Mailer, MessageBuilder
    >>> with Outbox() as outbox:
    ...     receipt = Mailer("smtp://mail.example.com").send(
    ...         MessageBuilder().from_("a@example.com").to("b@example.com").subject("Hi").text("Hi").build()
    ...     )
    >>> outbox[0].subject
    'Hi'
    """

    def __init__(
        self, *, patience: float = 10.0, spares: Callable[[Transport], bool] = lambda transport: False
    ) -> None:
        self.rules = Rules()
        archive = Archive()
        super().__init__(archive, Catcher(archive, self.rules))
        self.patience = patience
        self.transport: Transport = _OutboxTransport(archive, self.rules)
        """What mail is sent by that is to come here."""
        self._gate = _Capture(self.transport, spares)
        self._exit = contextlib.ExitStack()

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    @overload
    def __getitem__(self, index: int) -> Caught: ...
    @overload
    def __getitem__(self, index: slice) -> list[Caught]: ...
    def __getitem__(self, index: int | slice) -> Caught | list[Caught]:
        """Return messages by their place, the oldest first."""
        return self.messages[index]

    def mailer(self, **options: Any) -> Mailer:
        """Return a mailer that sends here, for code that is handed one; it takes the options of :class:`mailkit.Mailer`."""
        return Mailer(self.transport, **options)

    def async_mailer(self, **options: Any) -> AsyncMailer:
        """Return its twin for asyncio."""
        return AsyncMailer(self.transport, **options)

    @contextlib.contextmanager
    def capture(self) -> Iterator[None]:
        """Take in what is sent while the block runs; the ``with`` block of the outbox itself does just that."""
        with gate.standing(self._gate):
            yield

    def close(self) -> None:
        """Forget everything."""
        self.archive.close()

    def __enter__(self) -> Self:
        self._exit.enter_context(self.capture())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._exit.close()


class _Capture(Gate):
    def __init__(self, transport: Transport, spares: Callable[[Transport], bool]) -> None:
        self._transport = transport
        self._spares = spares

    def route(self, transport: Transport) -> Transport:
        return transport if self._spares(transport) else self._transport


class _Refused(Exception):
    """A rule has refused everybody."""

    def __init__(self, command: str, reply: Reply) -> None:
        self.command = command
        self.reply = reply


class _OutboxTransport(Transport):
    """Goes through the stages of an SMTP transaction, so that rules act as they do on a wire."""

    name = "outbox:"

    def __init__(self, archive: Archive, rules: Rules) -> None:
        self._archive = archive
        self._rules = rules

    async def adeliver(self, envelope: Envelope, message: Message) -> tuple[Outcome, ...]:
        return self.deliver(envelope, message)

    def deliver(self, envelope: Envelope, message: Message) -> tuple[Outcome, ...]:
        wire = message.wire()
        sender = envelope.sender.wire if envelope.sender else ""
        refused: dict[Address, Outcome] = {}
        try:
            for moment, subject in ((Moment.CONNECT, ""), (Moment.EHLO, ""), (Moment.MAIL, sender)):
                self._pass(moment, subject)
            for one in envelope.recipients:
                if reply := _verdict(self._rules.ask(Moment.RCPT, one.wire)):
                    refused[one] = self._refusal(one, "RCPT", reply)
            taken = [one for one in envelope.recipients if one not in refused]
            if taken:
                recipients = tuple(one.wire for one in taken)
                self._pass(Moment.DATA, *recipients)
                try:
                    self._pass(Moment.DOT, *recipients)
                except ConnectError as error:
                    return tuple(refused.get(one) or self._in_doubt(one, error) for one in envelope.recipients)
                received = Received(sender, recipients, bytes(wire), "", body=wire.body)
                number = str(self._archive.add(received))
        except _Refused as refusal:
            return tuple(
                refused.get(one) or self._refusal(one, refusal.command, refusal.reply) for one in envelope.recipients
            )
        return tuple(refused.get(one) or self._accepted(one, number) for one in envelope.recipients)

    def _pass(self, moment: Moment, *subjects: str) -> None:
        if reply := _verdict(self._rules.ask(moment, *subjects)):
            raise _Refused(_COMMANDS[moment], reply)

    def _refusal(self, recipient: Address, command: str, reply: Reply) -> Outcome:
        status = Status.DEFERRED if reply.is_temporary else Status.REFUSED
        return Outcome(recipient, status, reply.code, reply.enhanced, reply.text, relay=self.name, command=command)

    def _in_doubt(self, recipient: Address, error: ConnectError) -> Outcome:
        return Outcome(recipient, Status.IN_DOUBT, text=str(error), relay=self.name, command=_COMMANDS[Moment.DOT])

    def _accepted(self, recipient: Address, number: str) -> Outcome:
        return Outcome(recipient, Status.ACCEPTED, 250, text="kept", queue_id=number, relay=self.name)


_COMMANDS = {
    Moment.CONNECT: "connect",
    Moment.EHLO: "EHLO",
    Moment.MAIL: "MAIL",
    Moment.DATA: "DATA",
    Moment.DOT: "end of data",
}


def _verdict(judgement: Judgement) -> Reply | None:
    while isinstance(judgement, Later):
        judgement = judgement.then()
    return judgement
