"""A message with its envelope: what a transport is given to deliver."""

from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple, TypeAlias

from mailkit.errors import MailkitError
from mailkit.message import Envelope, Message
from mailkit.transport.outcome import Outcome

__all__ = ["Delivered", "Parcel", "Seal"]


class Parcel(NamedTuple):
    """A message, and who it is from and to on the wire."""

    envelope: Envelope
    message: Message


Delivered: TypeAlias = tuple[Parcel, tuple[Outcome, ...] | MailkitError]
"""A parcel with one outcome for each recipient; or with an error, when nothing can be said about any of them."""

Seal: TypeAlias = Callable[[list[Parcel]], Sequence[bool] | Awaitable[Sequence[bool]]]
"""Is told of parcels just before anybody may be given them, and says of each whether it may leave, for example because that
has been written down. One that may not comes back with MessageWithheld. For asyncio the answer is awaited."""
