"""A message with its envelope: what a transport is given to deliver."""

from typing import NamedTuple, TypeAlias

from mailkit.errors import MailkitError
from mailkit.message import Envelope, Message
from mailkit.transport.outcome import Outcome

__all__ = ["Delivered", "Parcel"]


class Parcel(NamedTuple):
    """A message, and who it is from and to on the wire."""

    envelope: Envelope
    message: Message


Delivered: TypeAlias = tuple[Parcel, tuple[Outcome, ...] | MailkitError]
"""A parcel with one outcome for each recipient; or with an error, when nothing can be said about any of them."""
