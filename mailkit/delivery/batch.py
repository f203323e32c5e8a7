"""Many messages on their way: which is handed over next, when, and which of them go again."""

from collections import deque
from collections.abc import Callable
from typing import Any

from mailkit import clock
from mailkit.delivery.desk import Desk, Mail
from mailkit.delivery.pace import Pace
from mailkit.delivery.receipt import Receipt
from mailkit.delivery.retry import TryAgain
from mailkit.delivery.sending import Sending
from mailkit.errors import CapabilityMissing, MailkitError, MessageError
from mailkit.message import Message
from mailkit.transport import Delivered, Parcel

__all__ = ["Batch"]


class Batch:
    """Gives out parcels in order, each when its time has come. ``draw`` gives the next mail, or None if there is none now."""

    def __init__(self, draw: Callable[[], Mail | None], desk: Desk, pace: Pace) -> None:
        self._draw = draw
        self._desk = desk
        self._pace = pace
        self._held: tuple[Sending, float] | None = None
        self._under_way: dict[int, deque[Sending]] = {}
        self._ended: list[Receipt] = []
        self._waiting: list[Sending] = []
        self._renewed: deque[Sending] | None = None

    def take(self) -> Parcel | None:
        """Return the next parcel; None when there is none, or it has to wait."""
        if self._held is not None:
            sending, due = self._held
            if clock.monotonic() < due:
                return None
            self._held = None
        elif (found := self._next()) is None:
            return None
        else:
            sending = found
            if not self._pace.is_free and (wait := self._pace.reserve(sending.parcel.envelope.recipients)):
                self._held = sending, clock.monotonic() + wait
                return None
        # By identity: what comes back is what was handed over, and several may be equal.
        self._under_way.setdefault(id(sending.parcel), deque()).append(sending)
        return sending.parcel

    def _next(self) -> Sending | None:
        if self._renewed is not None:
            return self._renewed.popleft() if self._renewed else None
        while (mail := self._draw()) is not None:
            envelope, message = (None, mail) if isinstance(mail, Message) else mail
            sending = self._desk.open(message, envelope, "")
            if not sending.is_over:
                return sending
            self._ended.append(sending.receipt())
        return None

    @property
    def wait(self) -> float:
        """How many seconds the next parcel has to wait; 0 when none does."""
        return max(1e-6, self._held[1] - clock.monotonic()) if self._held else 0.0

    def settle(self, delivered: Delivered) -> None:
        """Note what became of a parcel. Raises what stops them all."""
        parcel, result = delivered
        line = self._under_way[id(parcel)]
        sending = line.popleft()
        if not line:
            del self._under_way[id(parcel)]
        try:
            _note(sending, result)
        except BaseException as error:
            self._desk.abort(sending, error)
            raise
        if sending.is_waiting:
            self._waiting.append(sending)
        else:
            self._ended.append(self._desk.close(sending).receipt())

    def ended(self) -> list[Receipt]:
        """Return the receipts of those that have ended since it was asked last."""
        ended, self._ended = self._ended, []
        return ended

    def renew(self) -> None:
        """Go on with those who wait, and only with them."""
        for sending in self._waiting:
            sending.narrow()
        self._renewed, self._waiting = deque(self._waiting), []

    def tell(self, attempt: Any) -> None:
        """Tell tenacity whether there is somebody who waits."""
        if self._waiting:
            attempt.retry_state.set_exception((TryAgain, TryAgain(), None))
        else:
            attempt.retry_state.set_result(None)

    def given_up(self) -> list[Receipt]:
        """Return the receipts of those who still wait."""
        return [self._desk.close(sending).receipt() for sending in self._waiting]


def _note(sending: Sending, result: Any) -> None:
    if not isinstance(result, MailkitError):
        sending.note(result)
    elif isinstance(result, CapabilityMissing | MessageError):
        # What is wrong with one message, or with what it needs, does not stop the others.
        sending.last_error = result
        sending.refused(str(result), command="MAIL")
    else:
        sending.failed(result)
