"""Transports made of transports: the next one when one fails, and each in turn.

A composite decides in a plan, a generator that yields whom to hand a message to, and is sent the outcomes or thrown the
error: the blocking and the asyncio half share it. Nothing here is ever handed over a second time but what was put off.
"""

import logging
from abc import abstractmethod
from collections.abc import Generator, Sequence
from contextlib import AsyncExitStack, ExitStack
from itertools import count
from typing import NamedTuple, TypeAlias

from mailkit import clock
from mailkit.errors import CapabilityMissing, ConfigError, MailkitError, RemoteProtocolError, TransportError
from mailkit.message import Envelope, Message
from mailkit.transport.base import Transport
from mailkit.transport.outcome import Outcome, Status

__all__ = ["Composite", "FailoverTransport", "Handing", "Plan", "RoundRobinTransport"]

_log = logging.getLogger("mailkit.transport")


class Handing(NamedTuple):
    """One step of a plan: hand this over."""

    transport: Transport
    envelope: Envelope
    message: Message


Plan: TypeAlias = Generator[Handing, tuple[Outcome, ...], tuple[Outcome, ...]]


class Composite(Transport):
    """A transport whose messages leave by others. Whoever inherits writes the :meth:`plan`."""

    def __init__(self, members: Sequence[Transport]) -> None:
        self.members = tuple(members)

    @abstractmethod
    def plan(self, envelope: Envelope, message: Message) -> Plan:
        """Yield what to hand over, and return one outcome for each recipient of ``envelope``."""

    def deliver(self, envelope: Envelope, message: Message) -> tuple[Outcome, ...]:
        plan = self.plan(envelope, message)
        try:
            step = next(plan)
            while True:
                try:
                    outcomes = step.transport.deliver(step.envelope, step.message)
                except MailkitError as error:
                    step = plan.throw(error)
                else:
                    step = plan.send(outcomes)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]

    async def adeliver(self, envelope: Envelope, message: Message) -> tuple[Outcome, ...]:
        plan = self.plan(envelope, message)
        try:
            step = next(plan)
            while True:
                try:
                    outcomes = await step.transport.adeliver(step.envelope, step.message)
                except MailkitError as error:
                    step = plan.throw(error)
                else:
                    step = plan.send(outcomes)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]

    def verify(self) -> tuple[str, ...]:
        return tuple(f"{member.name}: {line}" for member in self.members for line in member.verify())

    def close(self) -> None:
        with ExitStack() as all_of_them:
            for member in self.members:
                all_of_them.callback(member.close)

    async def aclose(self) -> None:
        async with AsyncExitStack() as all_of_them:
            for member in self.members:
                all_of_them.push_async_callback(member.aclose)


class FailoverTransport(Composite):
    """Takes the first transport, and the next one for those whom it puts off, or for all when it fails.

    One that fails, or puts everybody off for reasons of its own, is left out for ``dead_for`` seconds; when all are, all
    are tried. What is refused stays refused, and what is in doubt stays in doubt. Raises ConfigError without a transport.
    """

    word = "failover"

    def __init__(self, members: Sequence[Transport], *, dead_for: float = 60.0) -> None:
        super().__init__(members)
        if not self.members:
            raise ConfigError(
                f"{self.word} needs transports", hint=f"Write {self.word}(smtp://a.example.com smtp://b.example.com)."
            )
        self.dead_for = dead_for
        self.name = f"{self.word}({' '.join(member.name for member in self.members)})"
        self._dead_until = [float("-inf")] * len(self.members)

    def order(self) -> list[int]:
        """Return the places of the transports, in the order in which they are tried."""
        return list(range(len(self.members)))

    def plan(self, envelope: Envelope, message: Message) -> Plan:
        found: dict[str, Outcome] = {}
        errors: list[MailkitError] = []
        waiting = envelope
        for place in self._alive():
            member = self.members[place]
            try:
                outcomes = yield Handing(member, waiting, message)
            except (TransportError, RemoteProtocolError) as error:
                # By the contract of deliver(), nobody has been given anything.
                errors.append(error)
                self._note(place, is_dead=not isinstance(error, CapabilityMissing), why=str(error))
                continue
            found |= {outcome.recipient.key: outcome for outcome in outcomes}
            self._note(place, is_dead=_is_out_of_order(outcomes), why=outcomes[0].text)
            put_off = [outcome.recipient for outcome in outcomes if outcome.status is Status.DEFERRED]
            if not put_off:
                break
            waiting = envelope.only(put_off)
        if not found:
            raise _most_hopeful(errors)
        return tuple(found[recipient.key] for recipient in envelope.recipients)

    def _alive(self) -> list[int]:
        now = clock.monotonic()
        order = self.order()
        return [place for place in order if self._dead_until[place] <= now] or order

    def _note(self, place: int, *, is_dead: bool, why: str) -> None:
        self._dead_until[place] = clock.monotonic() + self.dead_for if is_dead else float("-inf")
        if is_dead:
            _log.warning("%s is left out for %g seconds: %s", self.members[place].name, self.dead_for, why)


class RoundRobinTransport(FailoverTransport):
    """Takes each transport in turn, a message each; one that fails is left out, as :class:`FailoverTransport` does it."""

    word = "roundrobin"

    def __init__(self, members: Sequence[Transport], *, dead_for: float = 60.0) -> None:
        super().__init__(members, dead_for=dead_for)
        self._turns = count()  # taking the next number is one step, whatever other threads do

    def order(self) -> list[int]:
        first = next(self._turns) % len(self.members)
        return [*range(first, len(self.members)), *range(first)]


def _is_out_of_order(outcomes: tuple[Outcome, ...]) -> bool:
    """Whether it is the relay that has trouble: nobody got a definite answer, and it is not about one address (RCPT)."""
    undecided = (Status.DEFERRED, Status.IN_DOUBT)
    return all(outcome.status in undecided and outcome.command != "RCPT" for outcome in outcomes)


def _most_hopeful(errors: list[MailkitError]) -> MailkitError:
    """The error to raise when every transport failed: the last temporary one, because then it is worth trying again."""
    chosen = next((error for error in reversed(errors) if error.is_temporary), errors[-1])
    for error in errors:
        if error is not chosen:
            chosen.add_note(f"also: {error}")
    return chosen
