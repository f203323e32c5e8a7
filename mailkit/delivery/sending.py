"""One message on its way: who still waits for it, and what became of the others."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from mailkit.delivery.receipt import Receipt
from mailkit.delivery.retry import TryAgain
from mailkit.errors import MailkitError
from mailkit.transport import Outcome, Parcel, Status, failed

__all__ = ["Sending"]

_log = logging.getLogger("mailkit.delivery")


class Sending:
    """Collects outcomes over the attempts. ``parcel`` is for those who still wait."""

    def __init__(self, parcel: Parcel, *, key: str = "") -> None:
        self.parcel = parcel
        self.key = key
        self.last_error: MailkitError | None = None
        self.is_over = False
        """Whether nothing more is tried."""
        self.span: Any = None
        """The tracer's, if there is one."""
        self._outcomes: tuple[Outcome, ...] = ()  # in the order of the recipients
        self._attempts = 0

    def note(self, outcomes: tuple[Outcome, ...]) -> None:
        """Keep an attempt's outcomes."""
        self._attempts += 1
        if self._attempts == 1:
            self._outcomes = outcomes
        else:
            again = {outcome.recipient.key: replace(outcome, attempts=self._attempts) for outcome in outcomes}
            self._outcomes = tuple([again.get(outcome.recipient.key, outcome) for outcome in self._outcomes])
        if _log.isEnabledFor(logging.INFO):
            self._log(outcomes)

    def _log(self, outcomes: tuple[Outcome, ...]) -> None:
        identifier = self.parcel.message.message_id
        for outcome in outcomes:
            facts = {"message_id": identifier, "attempt": self._attempts, "outcome": outcome}
            _log.info("%s %s for %s", identifier, outcome.status, outcome.recipient.email, extra={"mailkit": facts})

    def failed(self, error: MailkitError) -> None:
        """Note an attempt about which the transport can say only that it failed. Raises what no retry can mend."""
        if not error.is_temporary and not self._has_result():
            raise error
        # Some recipients have the message already: an exception now would hide that.
        self.last_error = error
        self.note(failed(self.parcel.envelope.recipients, error))

    def refused(self, reason: str, *, command: str) -> None:
        """Note that it is not sent to anybody."""
        self.note(
            tuple(Outcome(one, Status.REFUSED, text=reason, command=command) for one in self.parcel.envelope.recipients)
        )

    def known(self, outcomes: Sequence[Outcome]) -> None:
        """Take over what became of it another time."""
        self._outcomes = tuple(outcomes)

    def _has_result(self) -> bool:
        return any(outcome.status is not Status.DEFERRED for outcome in self._outcomes)

    @property
    def is_waiting(self) -> bool:
        """Whether a recipient was deferred."""
        for outcome in self._outcomes:  # noqa: SIM110 - for one or two, any() takes twice as long
            if outcome.status is Status.DEFERRED:
                return True
        return False

    @property
    def may_have_arrived(self) -> bool:
        """Whether somebody has it, or may have it."""
        return any(one.status in (Status.ACCEPTED, Status.IN_DOUBT) for one in self._outcomes)

    def again_if_needed(self) -> None:
        """Raise TryAgain for the recipients that were deferred, and for nobody else."""
        if self.is_waiting:
            self.narrow()
            raise TryAgain

    def narrow(self) -> None:
        """Leave those alone of whom it is known what became of them."""
        waiting = [outcome.recipient for outcome in self._outcomes if outcome.status is Status.DEFERRED]
        self.parcel = Parcel(self.parcel.envelope.only(waiting), self.parcel.message)

    def receipt(self) -> Receipt:
        return Receipt(self.parcel.message.message_id, self._outcomes)
