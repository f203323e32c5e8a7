"""What happens to a message before its first attempt and after its last: hooks, keys, spans.

The same for one message and for many, for blocking code and for asyncio.
"""

import logging
from typing import Any, TypeAlias

from mailkit.delivery.hook import Hook
from mailkit.delivery.ledger import Ledger
from mailkit.delivery.sending import Sending
from mailkit.errors import MailkitError
from mailkit.message import Envelope, Message
from mailkit.transport import Parcel

__all__ = ["Desk", "Mail"]

_log = logging.getLogger("mailkit.delivery")

Mail: TypeAlias = Message | tuple[Envelope, Message]
"""A message, or one with an envelope that is not its own."""


class Desk:
    """Opens and closes sendings. ``relay`` is the transport's name; it holds no password."""

    def __init__(self, relay: str, hooks: tuple[Hook, ...], ledger: Ledger | None, tracer: Any) -> None:
        self._relay = relay
        self._hooks = hooks
        self._ledger = ledger
        self._tracer = tracer

    def open(self, message: Message, envelope: Envelope | None, key: str) -> Sending:
        """Return what is to be sent. It is over already when a hook objects, or when its key is known."""
        parcel = Parcel(envelope or message.envelope(), message)
        for hook in self._hooks:
            parcel = hook.edit(parcel)
        sending = Sending(parcel, key=key)
        for hook in self._hooks:
            if reason := hook.veto(parcel):
                sending.refused(reason, command="veto")
                sending.is_over = True
                break
        if key and not sending.is_over:
            self._ledger = self._ledger or Ledger()
            known = self._ledger.claim(key, parcel.envelope.recipients)
            if known is not None:
                sending.known(known)
                sending.is_over = True
        if self._tracer is not None:
            sending.span = self._tracer.start_span("mailkit.send", attributes=self._attributes(parcel))
        if sending.is_over:
            self._tell(sending)
        return sending

    def close(self, sending: Sending) -> Sending:
        """Settle the key, and tell hooks and tracer what became of a sending."""
        sending.is_over = True
        if sending.key and self._ledger:
            if sending.may_have_arrived:
                self._ledger.settle(sending.key, sending.receipt().outcomes)
            else:
                self._ledger.free(sending.key)
        if self._hooks or sending.span is not None:
            self._tell(sending)
        return sending

    def abort(self, sending: Sending, error: BaseException) -> None:
        """Note that an error ends a sending. Its key stays claimed unless nothing has left for sure."""
        if sending.key and self._ledger and isinstance(error, MailkitError) and not sending.may_have_arrived:
            self._ledger.free(sending.key)
        if sending.span is not None:
            sending.span.record_exception(error)
            sending.span.end()

    def _tell(self, sending: Sending) -> None:
        receipt = sending.receipt()
        for hook in self._hooks:
            try:
                hook.observe(sending.parcel, receipt)
            except Exception:  # noqa: BLE001 - whatever it is
                # The message has left, or has not; an observer's failure must not hide which.
                _log.exception("%r failed to observe %s", hook, receipt.message_id)
        if sending.span is not None:
            for name in ("accepted", "deferred", "refused", "in_doubt"):
                sending.span.set_attribute(f"mailkit.{name}", len(getattr(receipt, name)))
            sending.span.end()

    def _attributes(self, parcel: Parcel) -> dict[str, Any]:
        """By OpenTelemetry's names for messaging. Addresses are personal data, and stay out."""
        return {
            "messaging.system": "smtp",
            "messaging.operation.type": "send",
            "messaging.destination.name": self._relay,
            "messaging.message.id": parcel.message.message_id,
            "messaging.message.conversation_id": parcel.message.headers.get("In-Reply-To", ""),
            "mailkit.recipients": len(parcel.envelope.recipients),
        }
