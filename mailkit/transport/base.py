"""What a transport is. One method is required; the rest has defaults that fit most."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Callable, Iterator

from mailkit.errors import MailkitError, MessageWithheld
from mailkit.message import Envelope, Message
from mailkit.transport.outcome import Outcome, Status
from mailkit.transport.parcel import Delivered, Parcel, Seal

__all__ = ["Transport"]


class Transport(ABC):
    """A way for messages to leave. Instances are safe to share between threads."""

    name: str = ""
    """What reports and logs call it. It never holds a password."""

    @abstractmethod
    def deliver(self, envelope: Envelope, message: Message) -> tuple[Outcome, ...]:
        """Hand the message over once, and return one outcome for each recipient, in order.

        A refusal is an outcome. Raise a TransportError only when nothing can be said about any recipient; one with
        ``is_temporary`` is tried again. Never retry here what may have been accepted.
        """

    async def adeliver(self, envelope: Envelope, message: Message) -> tuple[Outcome, ...]:
        """Do the same for asyncio. The default runs :meth:`deliver` in a thread."""
        return await asyncio.to_thread(self.deliver, envelope, message)

    def deliver_many(self, take: Callable[[], Parcel | None], seal: Seal | None = None) -> Iterator[Delivered]:
        """Deliver what ``take`` gives until that is None, and say of each what :meth:`deliver` would return or raise.

        The order may change where the transport sends again over another connection what the first one did not take.
        ``seal`` is asked for each just before it may reach anybody: here before :meth:`deliver`, and later by a transport
        that knows better.
        """
        while (parcel := take()) is not None:
            if seal is not None and not seal([parcel])[0]:  # type: ignore[index]  # it answers at once
                yield parcel, MessageWithheld()
                continue
            try:
                yield parcel, self.deliver(parcel.envelope, parcel.message)
            except MailkitError as error:
                yield parcel, error

    async def adeliver_many(
        self, take: Callable[[], Parcel | None], seal: Seal | None = None
    ) -> AsyncGenerator[Delivered, None]:
        """Do the same for asyncio, by :meth:`adeliver`."""
        while (parcel := take()) is not None:
            if seal is not None and not (await seal([parcel]))[0]:  # type: ignore[misc]  # for asyncio it is awaited
                yield parcel, MessageWithheld()
                continue
            try:
                yield parcel, await self.adeliver(parcel.envelope, parcel.message)
            except MailkitError as error:
                yield parcel, error

    def verify(self) -> tuple[str, ...]:
        """Find out whether the transport would work, sending nothing; return what was found, a line a step.

        Raises TransportError or ConfigError when it would not.
        """
        return ("there is nothing to check",)

    def close(self) -> None:
        """Let go of connections. The transport may be used again."""
        return

    async def aclose(self) -> None:
        """Let go of connections made by :meth:`adeliver`."""
        return


def all_accepted(envelope: Envelope, *, relay: str, text: str, queue_id: str = "") -> tuple[Outcome, ...]:
    """Return the outcomes of a transport that takes everything."""
    return tuple(
        Outcome(recipient, Status.ACCEPTED, code=250, text=text, queue_id=queue_id, relay=relay)
        for recipient in envelope.recipients
    )
