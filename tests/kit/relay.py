"""A relay to send to: a real SMTP server on a free port, which keeps what it gets and answers as it is told."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from mailkit import Message
from mailkit.net import Listener
from mailkit.smtp import Policy, Received, Reply, ServerProfile


@dataclass
class Relay(Policy):
    """Keeps every message in ``received``. ``refuse`` answers RCPT for an address, ``on_message`` the end of data."""

    refuse: dict[str, Reply] = field(default_factory=dict)
    on_message: Callable[[Received], Reply | None] | None = None
    password: str = ""
    received: list[Received] = field(default_factory=list)
    url: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def authenticate(self, user: str, password: str) -> bool:
        return password == self.password

    def recipient(self, address: str) -> Reply | None:
        return self.refuse.get(address)

    def message(self, received: Received) -> Reply | None:
        with self.lock:
            self.received.append(received)
        return self.on_message(received) if self.on_message else None

    @property
    def messages(self) -> list[Message]:
        return [Message.parse(received.data) for received in self.received]

    @property
    def copies(self) -> Counter[str]:
        """How many messages each address got."""
        return Counter(address for received in self.received for address in received.recipients)


@contextmanager
def relay(**settings: object) -> Iterator[Relay]:
    """Run a relay; ``relay.url`` is where it listens."""
    policy = Relay(**settings)  # type: ignore[arg-type]
    needs_auth = bool(policy.password)
    profile = ServerProfile(auth=needs_auth, auth_required=needs_auth, unsafe_plaintext_auth=needs_auth)
    with Listener(policy, profile=profile) as listener:
        user = f"user:{policy.password}@" if needs_auth else ""
        policy.url = f"smtp://{user}127.0.0.1:{listener.port}" + ("?unsafe_plaintext_auth=yes" if needs_auth else "")
        yield policy
