"""How fast to send: a token bucket that spaces messages evenly (GCRA), shared by all threads and tasks."""

import re
import threading
from dataclasses import dataclass, field

from mailkit import clock
from mailkit.errors import ConfigError

__all__ = ["Throttle"]

_RATE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*/\s*(s|sec|second|m|min|minute|h|hour|d|day)\s*")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass
class Throttle:
    """At most ``rate`` messages a second, evenly spaced: no burst at the start, which is what relays punish.

    ``burst`` messages may go at once after a pause of as long as they would have taken.
    """

    rate: float
    burst: int = 1
    _next: float = field(default=0.0, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @classmethod
    def parse(cls, text: str) -> "Throttle":
        """Read ``50/s``, ``600/min``, ``5000/h`` or ``50000/day``. Raises ConfigError."""
        found = _RATE.fullmatch(text)
        if found is None or float(found[1]) <= 0:
            raise ConfigError(
                f"{text!r} is not a rate", hint="Write a number of messages and a unit: 50/s, 600/min, 5000/h."
            )
        return cls(float(found[1]) / _SECONDS[found[2][0]])

    def reserve(self) -> float:
        """Take the next place in the line; return the seconds to wait for it."""
        now = clock.monotonic()
        with self._lock:
            due = max(now, self._next)
            self._next = due + 1.0 / self.rate
        return max(0.0, due - now - (self.burst - 1) / self.rate)

    def is_busy(self, now: float) -> bool:
        """Whether it remembers anything that matters."""
        return self._next > now
