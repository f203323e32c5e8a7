"""How fast to send: to the relay, and to each domain behind it."""

import threading
from collections.abc import Iterable, Mapping
from typing import TypeAlias

from mailkit import clock
from mailkit.delivery.throttle import Throttle
from mailkit.message import Address

__all__ = ["Pace", "Rate"]

Rate: TypeAlias = str | Throttle
_DOMAINS = 10_000  # remembered at a time


class Pace:
    """``rate`` is for all messages together, ``domains`` for those to one domain: ``{"gmail.com": "5/s", "*": "20/s"}``."""

    def __init__(self, rate: Rate | None, domains: Rate | Mapping[str, Rate] | None) -> None:
        self.asked = rate, domains
        """What it was made of."""
        self._all = _throttle(rate) if rate is not None else None
        given = {} if domains is None else domains if isinstance(domains, Mapping) else {"*": domains}
        self._named = {name.lower(): _throttle(one) for name, one in given.items()}
        self._each = self._named.pop("*", None)
        self._found: dict[str, Throttle] = {}
        self._lock = threading.Lock()

    @property
    def is_free(self) -> bool:
        """Whether nobody ever waits."""
        return self._all is None and self._each is None and not self._named

    def reserve(self, recipients: Iterable[Address]) -> float:
        """Take the next place in every line that the message has to stand in; return the seconds to wait."""
        waits = [self._all.reserve()] if self._all else []
        if self._each or self._named:
            domains = dict.fromkeys(recipient.ascii_domain for recipient in recipients)
            waits += [throttle.reserve() for domain in domains if (throttle := self._of(domain))]
        return max(waits, default=0.0)

    def _of(self, domain: str) -> Throttle | None:
        named = self._named.get(domain)
        if named is not None or self._each is None:
            return named
        with self._lock:
            if len(self._found) >= _DOMAINS:
                now = clock.monotonic()
                self._found = {name: one for name, one in self._found.items() if one.is_busy(now)}
            return self._found.setdefault(domain, Throttle(self._each.rate, self._each.burst))


def _throttle(given: Rate) -> Throttle:
    return Throttle.parse(given) if isinstance(given, str) else given
