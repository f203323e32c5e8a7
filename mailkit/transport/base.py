"""What a transport is. One method is required; the rest has defaults that fit most."""

import asyncio
from abc import ABC, abstractmethod

from mailkit.message import Envelope, Message
from mailkit.transport.outcome import Outcome, Status

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
