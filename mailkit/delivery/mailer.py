"""Mailers: a transport with patience. They retry, keep to a pace, ask hooks, remember keys, and give receipts.

:class:`Mailer` and :class:`AsyncMailer` are twins: the decisions are in :class:`~mailkit.delivery.desk.Desk` and the
values that it hands out; the twins only wait, each in its own way.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterable, Iterable, Iterator, Mapping
from contextlib import aclosing, suppress
from types import TracebackType
from typing import Any

from mailkit.delivery.batch import Batch
from mailkit.delivery.copies import SentCopies
from mailkit.delivery.desk import Desk, Mail
from mailkit.delivery.hook import Hook
from mailkit.delivery.ledger import Ledger
from mailkit.delivery.pace import Pace, Rate
from mailkit.delivery.receipt import Receipt
from mailkit.delivery.retry import Retry, TryAgain
from mailkit.delivery.sending import Sending
from mailkit.errors import MailkitError
from mailkit.message import Envelope, Message
from mailkit.transport import Transport, open_transport
from mailkit.transport.gate import routed

__all__ = ["AsyncMailer", "Mailer"]

_AHEAD = 64  # messages that are fetched from an asynchronous iterable before they can be sent


class _Settings:
    """What both mailers are made of."""

    def __init__(
        self,
        transport: str | Transport,
        *,
        retry: Retry | None = None,
        rate: Rate | None = None,
        domain_rate: Rate | Mapping[str, Rate] | None = None,
        hooks: Iterable[Hook] = (),
        ledger: Ledger | None = None,
        tracer: Any = None,
        save_to: str | SentCopies | None = None,
    ) -> None:
        self._transport = open_transport(transport)
        self.retry = retry or Retry()
        self.pace = Pace(rate, domain_rate)
        self.copies = SentCopies(save_to) if isinstance(save_to, str) else save_to
        saving = () if self.copies is None else (self.copies,)
        self.desk = Desk(self._transport.name, (*hooks, *saving), ledger, tracer)

    @property
    def transport(self) -> Transport:
        """The transport by which messages go now: the mailer's own, unless a test holds them back at the gate."""
        return routed(self._transport)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._transport.name!r})"


class Mailer(_Settings):
    """Sends messages through a transport: a URL, or a Transport object. Safe to share between threads.

    ``retry`` is the policy for temporary failures; ``rate`` the fastest pace (``"50/s"``), ``domain_rate`` that for each
    domain of recipients, or for some (``{"gmail.com": "5/s"}``). ``hooks`` may edit, veto and observe messages. ``ledger``
    remembers the keys of what was sent. ``tracer`` is one of OpenTelemetry's, and gets a span for each message. ``save_to``
    is the IMAP folder for copies of what was sent (``"imaps://user:password@host/Sent"``), see :class:`SentCopies`.

    Leaving the ``with`` block closes the connections. Raises ConfigError for a URL that is wrong; nothing is connected
    before the first message.

    >>> with Mailer("memory:") as mailer:
    ...     mailer
    Mailer('memory:')
    """

    def send(self, message: Message, *, envelope: Envelope | None = None, idempotency_key: str = "") -> Receipt:
        """Send a message and return its receipt, with one outcome for each recipient.

        With an ``idempotency_key`` that was used before nothing is sent, and the receipt is the earlier one's; the key
        of a message that reached nobody may be used again.

        A message that reaches some of its recipients is a receipt. One that reaches nobody raises: RetriesExhausted,
        SenderRefused, RecipientsRefused or DataRefused, each with the ``receipt``; and at once TlsError, AuthError,
        CapabilityMissing or another TransportError that no retry can mend. A veto raises DeliveryVetoed.
        """
        sending = self._delivered(message, envelope, idempotency_key)
        receipt = sending.receipt()
        receipt.raise_if_nobody(sending.last_error)
        return receipt

    def deliver(self, message: Message, *, envelope: Envelope | None = None, idempotency_key: str = "") -> Receipt:
        """Send a message as :meth:`send` does, but return a receipt also when it reached nobody."""
        return self._delivered(message, envelope, idempotency_key).receipt()

    def send_many(self, messages: Iterable[Mail]) -> Iterator[Receipt]:
        """Send messages, or pairs of envelope and message, over one connection; yield each one's receipt.

        They overlap on the way, so this is many times as fast as sending one after the other. Receipts come when it is
        known what became of a message: those that have to be tried again come last, and the next few messages are taken
        before the receipt of one is there. No receipt raises. TlsError, AuthError and the like, after which nothing can be
        sent, come out.
        """
        drawn = iter(messages)
        batch = Batch(lambda: next(drawn, None), self.desk, self.pace)
        yield from self._round(batch)
        with suppress(TryAgain):
            for attempt in self.retry.blocking():
                if attempt.retry_state.attempt_number > 1:
                    batch.renew()
                    yield from self._round(batch)
                batch.tell(attempt)
        yield from batch.given_up()

    def _round(self, batch: Batch) -> Iterator[Receipt]:
        while True:
            for delivered in self.transport.deliver_many(batch.take):
                batch.settle(delivered)
                yield from batch.ended()
            yield from batch.ended()
            if not batch.wait:
                return
            time.sleep(batch.wait)

    def _delivered(self, message: Message, envelope: Envelope | None, key: str) -> Sending:
        sending = self.desk.open(message, envelope, key)
        if sending.is_over:
            return sending
        try:
            self._attempt(sending)
            if sending.is_waiting:  # hardly ever; the rest is for these
                self._try_again(sending)
        except BaseException as error:
            self.desk.abort(sending, error)
            raise
        return self.desk.close(sending)

    def _try_again(self, sending: Sending) -> None:
        with suppress(TryAgain):
            for attempt in self.retry.blocking():
                with attempt:
                    if attempt.retry_state.attempt_number > 1:  # the first one has been made
                        self._attempt(sending)
                    sending.again_if_needed()

    def _attempt(self, sending: Sending) -> None:
        if not self.pace.is_free:
            time.sleep(self.pace.reserve(sending.parcel.envelope.recipients))
        try:
            outcomes = self.transport.deliver(*sending.parcel)
        except MailkitError as error:
            sending.failed(error)
        else:
            sending.note(outcomes)

    def close(self) -> None:
        """Close the connections, when all copies have been saved. The mailer may be used again."""
        self._transport.close()
        if self.copies is not None:
            self.copies.close()

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

    async def send(self, message: Message, *, envelope: Envelope | None = None, idempotency_key: str = "") -> Receipt:
        """Send a message; see :meth:`Mailer.send`."""
        sending = await self._delivered(message, envelope, idempotency_key)
        receipt = sending.receipt()
        receipt.raise_if_nobody(sending.last_error)
        return receipt

    async def deliver(
        self, message: Message, *, envelope: Envelope | None = None, idempotency_key: str = ""
    ) -> Receipt:
        """Send a message; see :meth:`Mailer.deliver`."""
        return (await self._delivered(message, envelope, idempotency_key)).receipt()

    async def send_many(self, messages: Iterable[Mail] | AsyncIterable[Mail]) -> AsyncGenerator[Receipt, None]:
        """Send messages over one connection; see :meth:`Mailer.send_many`. They may come of an asynchronous iterable."""
        async with _Feed(messages) as feed:
            batch = Batch(feed.draw, self.desk, self.pace)
            async with aclosing(self._round(batch, feed)) as receipts:
                async for receipt in receipts:
                    yield receipt
        with suppress(TryAgain):
            async for attempt in self.retry.asynchronous():
                if attempt.retry_state.attempt_number > 1:
                    batch.renew()
                    async with aclosing(self._round(batch, None)) as receipts:
                        async for receipt in receipts:
                            yield receipt
                batch.tell(attempt)
        for receipt in batch.given_up():
            yield receipt

    async def _round(self, batch: Batch, feed: "_Feed | None") -> AsyncGenerator[Receipt, None]:
        while True:
            # Closed at once when nobody wants any more: a connection with messages under way is of no use to others.
            async with aclosing(self.transport.adeliver_many(batch.take)) as many:
                async for delivered in many:
                    batch.settle(delivered)
                    for receipt in batch.ended():
                        yield receipt
            for receipt in batch.ended():
                yield receipt
            if batch.wait:
                await asyncio.sleep(batch.wait)
            elif feed is None or not await feed.has_more():
                return

    async def _delivered(self, message: Message, envelope: Envelope | None, key: str) -> Sending:
        sending = self.desk.open(message, envelope, key)
        if sending.is_over:
            return sending
        try:
            await self._attempt(sending)
            if sending.is_waiting:
                await self._try_again(sending)
        except BaseException as error:
            self.desk.abort(sending, error)
            raise
        return self.desk.close(sending)

    async def _try_again(self, sending: Sending) -> None:
        with suppress(TryAgain):
            async for attempt in self.retry.asynchronous():
                with attempt:
                    if attempt.retry_state.attempt_number > 1:
                        await self._attempt(sending)
                    sending.again_if_needed()

    async def _attempt(self, sending: Sending) -> None:
        if not self.pace.is_free:
            await asyncio.sleep(self.pace.reserve(sending.parcel.envelope.recipients))
        try:
            outcomes = await self.transport.adeliver(*sending.parcel)
        except MailkitError as error:
            sending.failed(error)
        else:
            sending.note(outcomes)

    async def aclose(self) -> None:
        """Close the connections, when all copies have been saved. The mailer may be used again."""
        await self._transport.aclose()
        if self.copies is not None:
            await asyncio.to_thread(self.copies.close)

    async def __aenter__(self) -> "AsyncMailer":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()


class _Feed:
    """Mail of any iterable, to be drawn without waiting. An asynchronous one is read ahead by a task."""

    def __init__(self, messages: Iterable[Mail] | AsyncIterable[Mail]) -> None:
        self._messages = messages
        self._drawn = iter(messages) if isinstance(messages, Iterable) else iter(())
        self._ready: deque[Mail] = deque()
        self._room = asyncio.Semaphore(_AHEAD)
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def draw(self) -> Mail | None:
        if self._task is None:
            return next(self._drawn, None)
        if not self._ready:
            return None
        self._room.release()
        return self._ready.popleft()

    async def has_more(self) -> bool:
        """Wait until there is something to draw; False when there never will be. Raises what the iterable has raised."""
        while not self._ready and self._task is not None:
            if self._task.done():
                self._task.result()
                return False
            self._news.clear()
            await self._news.wait()
        return bool(self._ready)

    async def _read(self, messages: AsyncIterable[Mail]) -> None:
        try:
            async for mail in messages:
                await self._room.acquire()
                self._ready.append(mail)
                self._news.set()
        finally:
            self._news.set()

    async def __aenter__(self) -> "_Feed":
        if isinstance(self._messages, AsyncIterable):
            self._task = asyncio.create_task(self._read(self._messages))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task is not None and not self._task.done():
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
