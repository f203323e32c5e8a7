"""What became of a message: one outcome for each recipient."""

from dataclasses import dataclass

from mailkit.errors import DataRefused, DeliveryVetoed, RecipientsRefused, ReplyError, RetriesExhausted, SenderRefused
from mailkit.transport import Outcome, Status

__all__ = ["Receipt"]


@dataclass(frozen=True, slots=True)
class Receipt:
    """The outcomes of one message, in the order of its recipients.

    >>> from mailkit import Mailer, MessageBuilder
    >>> message = MessageBuilder().from_("ada@example.com").to("bob@example.com").text("Hello").build()
    >>> with Mailer("memory:") as mailer:
    ...     receipt = mailer.send(message)
    >>> [str(outcome) for outcome in receipt.accepted]
    ['bob@example.com: accepted (250 kept)']
    """

    message_id: str
    outcomes: tuple[Outcome, ...]

    @property
    def accepted(self) -> tuple[Outcome, ...]:
        """Recipients for whom the relay has taken the message."""
        return self._with(Status.ACCEPTED)

    @property
    def deferred(self) -> tuple[Outcome, ...]:
        """Recipients whose every attempt met a temporary failure; the message may be sent to them again."""
        return self._with(Status.DEFERRED)

    @property
    def refused(self) -> tuple[Outcome, ...]:
        """Recipients refused for good."""
        return self._with(Status.REFUSED)

    @property
    def in_doubt(self) -> tuple[Outcome, ...]:
        """Recipients who may or may not have the message: the connection was lost after the end of data."""
        return self._with(Status.IN_DOUBT)

    @property
    def is_complete(self) -> bool:
        """Whether the message was accepted for everyone."""
        return len(self.accepted) == len(self.outcomes)

    def _with(self, status: Status) -> tuple[Outcome, ...]:
        return tuple(outcome for outcome in self.outcomes if outcome.status is status)

    def raise_if_nobody(self, cause: Exception | None = None) -> None:
        """Raise when the message reached nobody, and is not in doubt either.

        RetriesExhausted when it may be tried again later; SenderRefused, RecipientsRefused or DataRefused otherwise; DeliveryVetoed
        for one that a hook has stopped.
        """
        if self.accepted or self.in_doubt or not self.outcomes:
            return
        if self.deferred:
            last = self.deferred[-1]
            tries = "1 attempt" if last.attempts == 1 else f"{last.attempts} attempts"
            raise RetriesExhausted(
                f"nobody got the message after {tries}: {_said(last)}",
                attempts=last.attempts,
                receipt=self,
                hint=getattr(cause, "hint", "") or "The failure is temporary: the message may be sent again later.",
            ) from cause
        first = self.refused[0]
        if first.command == "veto":
            raise DeliveryVetoed(f"the message was stopped: {first.text}", receipt=self)
        kind, what = _REFUSALS.get(first.command, (DataRefused, "the message"))
        others = f" (and {len(self.refused) - 1} more)" if len(self.refused) > 1 else ""
        if kind is RecipientsRefused:
            what = f"{first.recipient.email}{others}"
        raise kind(
            f"{first.relay or 'the relay'} refused {what}: {_said(first)}",
            command=first.command,
            reply=first,
            receipt=self,
        )


_REFUSALS: dict[str, tuple[type[ReplyError], str]] = {
    "MAIL": (SenderRefused, "the sender"),
    "RCPT": (RecipientsRefused, "the recipients"),
}


def _said(outcome: Outcome) -> str:
    return " ".join(part for part in (str(outcome.code or ""), outcome.enhanced, outcome.text) if part)
