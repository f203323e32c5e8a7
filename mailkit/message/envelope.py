"""Who a message goes to and where reports about it come back: the SMTP envelope (RFC 5321 2.3.1).

The envelope is not the header. Blind copies are only here; the header's To may name a list that is not.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from mailkit.errors import MessageError
from mailkit.message.address import Address, Addressee, addresses
from mailkit.message.dsn import Dsn

__all__ = ["Envelope"]


@dataclass(frozen=True, slots=True)
class Envelope:
    """A return path and at least one recipient, each mailbox once.

    ``sender`` may be None, the null return path ``<>`` of bounces and automatic replies (RFC 5321 4.5.5).
    ``dsn`` says which reports are asked for, ``requires_tls`` that no server may hand the message on without TLS
    (RFC 8689). Raises MessageError when there is nobody to send to.
    """

    sender: Address | None
    recipients: tuple[Address, ...]
    dsn: Dsn | None = None
    requires_tls: bool = False

    def __init__(
        self,
        sender: Addressee | None,
        recipients: Addressee | Iterable[Addressee],
        *,
        dsn: Dsn | None = None,
        requires_tls: bool = False,
    ) -> None:
        unique: dict[str, Address] = {}
        for recipient in addresses(recipients, field="recipients"):
            unique.setdefault(recipient.key, recipient)
        if not unique:
            raise MessageError(
                "an envelope needs at least one recipient",
                field="recipients",
                hint="Add .to(...), .cc(...) or .bcc(...).",
            )
        paths = addresses(sender, field="sender") if sender else ()
        if len(paths) > 1:
            raise MessageError("an envelope has one sender", field="sender")
        object.__setattr__(self, "sender", paths[0] if paths else None)
        object.__setattr__(self, "recipients", tuple(unique.values()))
        object.__setattr__(self, "dsn", dsn)
        object.__setattr__(self, "requires_tls", requires_tls)

    def __reduce__(self) -> tuple[object, ...]:
        return _restore, (self.sender, self.recipients, self.dsn, self.requires_tls)

    @property
    def needs_smtputf8(self) -> bool:
        """Whether an address has a local part outside ASCII, which only SMTPUTF8 (RFC 6531) can carry."""
        if self.sender is not None and self.sender.needs_smtputf8:
            return True
        for recipient in self.recipients:  # noqa: SIM110 - for one or two, any() takes twice as long
            if recipient.needs_smtputf8:
                return True
        return False

    def only(self, recipients: Iterable[Address]) -> "Envelope":
        """Return the same envelope for some of its recipients."""
        return Envelope(self.sender, list(recipients), dsn=self.dsn, requires_tls=self.requires_tls)


def _restore(sender: Address | None, recipients: tuple[Address, ...], dsn: Dsn | None, requires_tls: bool) -> Envelope:
    return Envelope(sender, recipients, dsn=dsn, requires_tls=requires_tls)
