"""A guard at the gate: a test run in which no mail leaves this machine by accident."""

from collections.abc import Iterable

from mailkit.errors import ConfigError
from mailkit.transport import Gate
from mailkit.transport.settings import is_loopback

__all__ = ["HINT", "Guard"]


class Guard(Gate):
    """Forbids connections to other machines, but for hosts in ``allowed``, and programs unless it has ``sendmail``."""

    def __init__(self, allowed: Iterable[str] = ()) -> None:
        self._allowed = {host.lower().strip("[]") for host in allowed}
        self.stopped: list[str] = []
        """What would have been used. An application may well have swallowed the error."""

    def leaving(self, name: str, host: str) -> None:
        if (host and is_loopback(host)) or (host or "sendmail").lower().strip("[]") in self._allowed:
            return
        self.stopped.append(name)
        raise ConfigError(f"a test must not send by {name}", hint=HINT)


HINT = "Take the fixture inbox or outbox, or name the host in mailkit_allow."
