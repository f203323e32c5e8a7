"""The asyncio halves behind the same face as the blocking ones, so that one test runs through both."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Self, TypeAlias

from mailkit import AsyncMailer, Envelope, Mailer, Message, Receipt
from mailkit.delivery import Mail
from mailkit.transport import Delivered, Outcome, Parcel, Transport, open_transport


class BlockingTransport:
    """A transport's blocking half."""

    def __init__(self, given: str | Transport) -> None:
        self.transport = open_transport(given)

    def deliver(self, message: Message, envelope: Envelope | None = None) -> tuple[Outcome, ...]:
        return self.transport.deliver(envelope or message.envelope(), message)

    def many(self, messages: Iterable[Message]) -> list[Delivered]:
        parcels = iter([Parcel(message.envelope(), message) for message in messages])
        return list(self.transport.deliver_many(lambda: next(parcels, None)))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.transport.close()


class AsyncTransport:
    """A transport's asyncio half, in an event loop of its own."""

    def __init__(self, given: str | Transport) -> None:
        self.transport = open_transport(given)
        self._runner = asyncio.Runner()

    def deliver(self, message: Message, envelope: Envelope | None = None) -> tuple[Outcome, ...]:
        return self._runner.run(self.transport.adeliver(envelope or message.envelope(), message))

    def many(self, messages: Iterable[Message]) -> list[Delivered]:
        parcels = iter([Parcel(message.envelope(), message) for message in messages])

        async def collect() -> list[Delivered]:
            return [one async for one in self.transport.adeliver_many(lambda: next(parcels, None))]

        return self._runner.run(collect())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._runner.run(self.transport.aclose())
        self._runner.close()


class AsyncMailerTwin:
    """AsyncMailer, in an event loop of its own."""

    def __init__(self, *arguments: object, **settings: object) -> None:
        self.mailer = AsyncMailer(*arguments, **settings)  # type: ignore[arg-type]
        self._runner = asyncio.Runner()

    def send(self, message: Message, *, envelope: Envelope | None = None, idempotency_key: str = "") -> Receipt:
        return self._runner.run(self.mailer.send(message, envelope=envelope, idempotency_key=idempotency_key))

    def deliver(self, message: Message, *, envelope: Envelope | None = None, idempotency_key: str = "") -> Receipt:
        return self._runner.run(self.mailer.deliver(message, envelope=envelope, idempotency_key=idempotency_key))

    def send_many(self, messages: Iterable[Mail]) -> Iterator[Receipt]:
        async def collect() -> list[Receipt]:
            return [receipt async for receipt in self.mailer.send_many(messages)]

        return iter(self._runner.run(collect()))

    def __repr__(self) -> str:
        return repr(self.mailer)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._runner.run(self.mailer.aclose())
        self._runner.close()


TransportTwin: TypeAlias = type[BlockingTransport] | type[AsyncTransport]
TRANSPORTS: tuple[TransportTwin, ...] = (BlockingTransport, AsyncTransport)

MailerTwin: TypeAlias = Callable[..., Mailer | AsyncMailerTwin]
MAILERS: tuple[MailerTwin, ...] = (Mailer, AsyncMailerTwin)
