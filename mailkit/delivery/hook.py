"""What an application may have a say in: every message before it leaves, and what became of it."""

from mailkit.delivery.receipt import Receipt
from mailkit.transport import Parcel

__all__ = ["Hook"]


class Hook:
    """Override what you need. Hooks are called in the order in which the mailer has them, in the thread that sends.

    What a hook raises comes out of the call that sends, before anything was sent.

    >>> class OnlyUs(Hook):
    ...     def veto(self, parcel):
    ...         outside = [one for one in parcel.envelope.recipients if one.domain != "example.com"]
    ...         return f"{outside[0].email} is not ours" if outside else ""
    """

    def edit(self, parcel: Parcel) -> Parcel:
        """Return the envelope and message that are to be sent in the place of these."""
        return parcel

    def veto(self, parcel: Parcel) -> str:
        """Return why the message must not be sent; empty lets it pass. It is asked after all have edited."""
        return ""

    def observe(self, parcel: Parcel, receipt: Receipt) -> None:
        """See what became of a message, also of one that reached nobody."""
