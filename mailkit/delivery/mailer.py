"""Mailers: a transport with patience. They retry, keep to a rate, and give a receipt.

:class:`Mailer` and :class:`AsyncMailer` are twins: the decisions are in :class:`_Job`, they only wait in their own way.
"""

import asyncio
import logging
import time
from contextlib import suppress
from dataclasses import replace
from types import TracebackType

from mailkit.delivery.receipt import Receipt
from mailkit.delivery.retry import Retry, TryAgain
from mailkit.delivery.throttle import Throttle
from mailkit.errors import MailkitError
from mailkit.message import Envelope, Message
from mailkit.transport import Outcome, Status, Transport, open_transport

__all__ = ["AsyncMailer", "Mailer"]

_log = logging.getLogger("mailkit.delivery")


class _Settings:
    """What both mailers are made of."""

    def __init__(
        self, transport: str | Transport, *, retry: Retry | None = None, rate: str | Throttle | None = None
    ) -> None:
        self.transport = open_transport(transport)
        self.retry = retry or Retry()
        self.throttle = Throttle.parse(rate) if isinstance(rate, str) else rate

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.transport.name!r})"


class Mailer(_Settings):
    """Sends messages through a transport: a URL, or a Transport object. Safe to share between threads.

    ``retry`` is the policy for temporary failures, ``rate`` the fastest pace (``"50/s"``). Leaving the ``with`` block
    closes the connections. Raises ConfigError for a URL that is wrong; nothing is connected before the first message.

    >>> with Mailer("memory:") as mailer:
    ...     mailer
    Mailer('memory:')
    """

    def send(self, message: Message, *, envelope: Envelope | None = None) -> Receipt:
        """Send a message and return its receipt, with one outcome for each recipient.

        A message that reaches some of its recipients is a receipt. One that reaches nobody raises: RetriesExhausted,
        SenderRefused, RecipientsRefused or DataRefused, each with the ``receipt``; and at once TlsError, AuthError,
        CapabilityMissing or another TransportError that no retry can mend.
        """
        job = _Job(message, envelope)
        self._deliver(job)
        receipt = job.receipt()
        receipt.raise_if_nobody(job.last_error)
        return receipt

    def deliver(self, message: Message, *, envelope: Envelope | None = None) -> Receipt:
        """Send a message as :meth:`send` does, but return a receipt also when it reached nobody."""
        job = _Job(message, envelope)
        self._deliver(job)
        return job.receipt()

    def _deliver(self, job: "_Job") -> None:
        self._attempt(job)
        if not job.is_waiting:  # nearly always; the rest is for the others
            return
        with suppress(TryAgain):
            for attempt in self.retry.blocking():
                with attempt:
                    if attempt.retry_state.attempt_number > 1:  # the first one was made above
                        self._attempt(job)
                    job.again_if_needed()

    def _attempt(self, job: "_Job") -> None:
        if self.throttle:
            time.sleep(self.throttle.reserve())
        try:
            outcomes = self.transport.deliver(job.envelope, job.message)
        except MailkitError as error:
            job.failed(error)
        else:
            job.note(outcomes)

    def close(self) -> None:
        """Close the connections. The mailer may be used again."""
        self.transport.close()

    def __enter__(self) -> "Mailer":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class AsyncMailer(_Settings):
    """The twin of :class:`Mailer` for asyncio. Tasks may share it; each that is sending has a connection to itself.

    >>> async def main() -> None:
    ...     async with AsyncMailer("memory:") as mailer:
    ...         print(mailer)
    >>> asyncio.run(main())
    AsyncMailer('memory:')
    """

    async def send(self, message: Message, *, envelope: Envelope | None = None) -> Receipt:
        """Send a message; see :meth:`Mailer.send`."""
        job = _Job(message, envelope)
        await self._deliver(job)
        receipt = job.receipt()
        receipt.raise_if_nobody(job.last_error)
        return receipt

    async def deliver(self, message: Message, *, envelope: Envelope | None = None) -> Receipt:
        """Send a message; see :meth:`Mailer.deliver`."""
        job = _Job(message, envelope)
        await self._deliver(job)
        return job.receipt()

    async def _deliver(self, job: "_Job") -> None:
        await self._attempt(job)
        if not job.is_waiting:
            return
        with suppress(TryAgain):
            async for attempt in self.retry.asynchronous():
                with attempt:
                    if attempt.retry_state.attempt_number > 1:
                        await self._attempt(job)
                    job.again_if_needed()

    async def _attempt(self, job: "_Job") -> None:
        if self.throttle:
            await asyncio.sleep(self.throttle.reserve())
        try:
            outcomes = await self.transport.adeliver(job.envelope, job.message)
        except MailkitError as error:
            job.failed(error)
        else:
            job.note(outcomes)

    async def aclose(self) -> None:
        """Close the connections. The mailer may be used again."""
        await self.transport.aclose()

    async def __aenter__(self) -> "AsyncMailer":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()


class _Job:
    """One message on its way: who still waits for it, and what became of the others."""

    def __init__(self, message: Message, envelope: Envelope | None) -> None:
        self.message = message
        self.envelope = envelope or message.envelope()
        self.last_error: MailkitError | None = None
        self._order = self.envelope.recipients
        self._outcomes: dict[str, Outcome] = {}
        self._attempts = 0

    def note(self, outcomes: tuple[Outcome, ...]) -> None:
        """Keep an attempt's outcomes."""
        self._attempts += 1
        for outcome in outcomes:
            is_counted = outcome.attempts == self._attempts
            self._outcomes[outcome.recipient.key] = outcome if is_counted else replace(outcome, attempts=self._attempts)
        if _log.isEnabledFor(logging.INFO):
            self._log(outcomes)

    def _log(self, outcomes: tuple[Outcome, ...]) -> None:
        identifier = self.message.message_id
        for outcome in outcomes:
            facts = {"message_id": identifier, "attempt": self._attempts, "outcome": outcome}
            _log.info("%s %s for %s", identifier, outcome.status, outcome.recipient.email, extra={"mailkit": facts})

    def failed(self, error: MailkitError) -> None:
        """Note an attempt about which the transport can say only that it failed. Raises what no retry can mend."""
        if not error.is_temporary and not self._has_result():
            raise error
        # Some recipients have the message already: an exception now would hide that.
        status = Status.DEFERRED if error.is_temporary else Status.REFUSED
        self.last_error = error
        reply = getattr(error, "reply", None)
        self.note(
            tuple(
                Outcome(
                    recipient,
                    status,
                    code=reply.code if reply else 0,
                    enhanced=reply.enhanced if reply else "",
                    text=reply.text if reply else str(error),
                    command=getattr(error, "command", "connect"),
                )
                for recipient in self.envelope.recipients
            )
        )

    def _has_result(self) -> bool:
        return any(outcome.status is not Status.DEFERRED for outcome in self._outcomes.values())

    @property
    def is_waiting(self) -> bool:
        """Whether a recipient was deferred."""
        return any(outcome.status is Status.DEFERRED for outcome in self._outcomes.values())

    def again_if_needed(self) -> None:
        """Raise TryAgain for the recipients that were deferred, and for nobody else."""
        waiting = [outcome.recipient for outcome in self._outcomes.values() if outcome.status is Status.DEFERRED]
        if waiting:
            self.envelope = self.envelope.only(waiting)
            raise TryAgain

    def receipt(self) -> Receipt:
        return Receipt(self.message.message_id, tuple(self._outcomes[recipient.key] for recipient in self._order))
