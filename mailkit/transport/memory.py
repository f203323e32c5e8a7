"""Messages that go nowhere: kept for tests, or dropped."""

import threading
from dataclasses import dataclass

from mailkit.message import Envelope, Message
from mailkit.transport.base import Transport, all_accepted
from mailkit.transport.outcome import Outcome

__all__ = ["MemoryTransport", "NullTransport", "Sent"]


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that was delivered, with its envelope."""

    envelope: Envelope
    message: Message


class MemoryTransport(Transport):
    """Keeps every message in :attr:`sent`, for tests to look at."""

    name = "memory:"

    def __init__(self) -> None:
        self.sent: list[Sent] = []
        self._lock = threading.Lock()

    @property
    def messages(self) -> list[Message]:
        """The messages, oldest first."""
        return [sent.message for sent in self.sent]

    def deliver(self, envelope: Envelope, message: Message) -> tuple[Outcome, ...]:
        message.wire()  # what cannot be written must fail here as it would on a wire
        with self._lock:
            self.sent.append(Sent(envelope, message))
            number = len(self.sent)
        return all_accepted(envelope, relay=self.name, text="kept", queue_id=str(number))

    async def adeliver(self, envelope: Envelope, message: Message) -> tuple[Outcome, ...]:
        return self.deliver(envelope, message)

    def clear(self) -> None:
        """Forget all messages."""
        with self._lock:
            self.sent.clear()


class NullTransport(Transport):
    """Accepts everything and keeps nothing, for measuring and for switching mail off."""

    name = "null:"

    def deliver(self, envelope: Envelope, message: Message) -> tuple[Outcome, ...]:
        for _ in message.wire().blocks():
            pass
        return all_accepted(envelope, relay=self.name, text="dropped")

    async def adeliver(self, envelope: Envelope, message: Message) -> tuple[Outcome, ...]:
        return self.deliver(envelope, message)
