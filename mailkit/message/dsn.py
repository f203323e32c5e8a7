"""What a sender asks about reports: delivery status notifications (RFC 3461)."""

from collections.abc import Iterable
from dataclasses import dataclass

from mailkit.errors import MessageError
from mailkit.mime import xtext
from mailkit.mime.control import refuse_controls

__all__ = ["Dsn"]

_NOTIFY = ("never", "success", "failure", "delay")
_RETURNED = ("", "full", "headers")
_IDENTIFIER_LIMIT = 100  # RFC 3461 4.4


@dataclass(frozen=True, slots=True, init=False)
class Dsn:
    """Which reports a relay is asked for, and what they hold.

    A relay that does not offer DSN gets the message all the same, without these wishes (RFC 3461 5.2), and reports what
    it likes; ``Transport.verify()`` tells what it offers. Raises MessageError, naming the field, for what cannot be asked.

    >>> Dsn(notify=("failure", "delay"), returned="headers", identifier="order-1815")
    Dsn(notify=('failure', 'delay'), returned='headers', identifier='order-1815', original_recipient=True)
    """

    notify: tuple[str, ...]
    """NOTIFY (RFC 3461 4.1): ``"never"`` alone, or some of ``"success"``, ``"failure"`` and ``"delay"``. Empty leaves it
    to the relay, which usually reports failures."""
    returned: str
    """RET (RFC 3461 4.3): whether a report of a failure returns the ``"full"`` message or its ``"headers"``."""
    identifier: str
    """ENVID (RFC 3461 4.4): your name for this sending; reports repeat it as Original-Envelope-Id."""
    original_recipient: bool
    """ORCPT (RFC 3461 4.2): tell the relay the address as you know it, so that reports name it after any forwarding."""

    def __init__(
        self,
        *,
        notify: str | Iterable[str] = (),
        returned: str = "",
        identifier: str = "",
        original_recipient: bool = True,
    ) -> None:
        object.__setattr__(self, "notify", _notify(notify))
        object.__setattr__(self, "returned", _returned(returned))
        object.__setattr__(self, "identifier", _identifier(identifier))
        object.__setattr__(self, "original_recipient", original_recipient)


def _notify(given: str | Iterable[str]) -> tuple[str, ...]:
    words = [given] if isinstance(given, str) else list(given)
    for word in words:
        if word not in _NOTIFY:
            raise MessageError(
                f"{word!r} is no kind of report", field="notify", hint=f"Choose from {', '.join(_NOTIFY)}."
            )
    if "never" in words and set(words) != {"never"}:
        raise MessageError(
            f"'never' cannot be asked together with {', '.join(map(repr, sorted({*words} - {'never'})))}",
            field="notify",
        )
    return tuple(word for word in _NOTIFY if word in words)


def _returned(given: str) -> str:
    if given not in _RETURNED:
        raise MessageError(f"{given!r} cannot be returned", field="returned", hint="Choose 'full' or 'headers'.")
    return given


def _identifier(given: str) -> str:
    refuse_controls(given, field="identifier")
    if not given.isascii() or "\t" in given:
        raise MessageError(f"{given!r} goes beyond printable ASCII", field="identifier")
    if len(xtext.encode(given)) > _IDENTIFIER_LIMIT:
        raise MessageError(
            f"{given!r} is longer than {_IDENTIFIER_LIMIT} characters",
            field="identifier",
            hint="A space, a plus or an equals sign counts as three: that is how it is sent.",
        )
    return given
