"""What an envelope asks about reports, in the words of SMTP (RFC 3461, RFC 6533)."""

from mailkit.message import Address, Envelope
from mailkit.smtp import DsnRequest, RecipientDsn

__all__ = ["dsn_request"]

_RET = {"": "", "full": "FULL", "headers": "HDRS"}


def dsn_request(envelope: Envelope) -> DsnRequest | None:
    """Return what the client is to ask for, or None when the envelope asks for nothing."""
    asked = envelope.dsn
    if asked is None:
        return None
    notify = tuple(word.upper() for word in asked.notify)
    return DsnRequest(
        ret=_RET[asked.returned],
        envid=asked.identifier,
        recipients=tuple(
            RecipientDsn(notify, _original(recipient) if asked.original_recipient else "")
            for recipient in envelope.recipients
        ),
    )


def _original(recipient: Address) -> str:
    # RFC 6533 3: an address that ASCII cannot write has a type of its own.
    return f"{'utf-8' if recipient.needs_smtputf8 else 'rfc822'};{recipient.wire}"
