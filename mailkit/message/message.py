"""A message: an immutable value, right on the wire, that can be sent, kept, compared and read back."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from mailkit.message import shape, write
from mailkit.message.address import Address
from mailkit.message.alternative import Alternative
from mailkit.message.attachment import Attachment
from mailkit.message.envelope import Envelope
from mailkit.message.headers import Headers
from mailkit.message.read import read

if TYPE_CHECKING:
    from mailkit.message.builder import MessageBuilder

__all__ = ["Message"]


@dataclass(frozen=True)
class Message:
    """An e-mail message. Build one with :class:`mailkit.MessageBuilder`, or read one with :meth:`parse`.

    ``bytes(message)`` is what goes over the wire, with CRLF line ends; the same message gives the same bytes every time.

    >>> message = Message.parse(b"From: ada@example.com\\r\\nSubject: =?utf-8?q?Caf=C3=A9?=\\r\\n\\r\\nHello")
    >>> message.subject, message.text
    ('Café', 'Hello')
    """

    headers: Headers
    text: str | None = None
    html: str | None = None
    alternatives: tuple[Alternative, ...] = ()
    """Further forms of the body, such as a calendar invitation."""
    attachments: tuple[Attachment, ...] = ()
    embedded: tuple[Attachment, ...] = ()
    """Images that the HTML shows by ``cid:``."""
    bcc: tuple[Address, ...] = ()
    """Recipients who are in the envelope, never in the bytes."""
    return_path: Address | None = None
    """Where bounces go, if not to Sender or From."""
    raw: bytes = field(default=b"", repr=False)
    """The bytes that the message was read from; they are sent as they are, so that signatures stay valid."""
    defects: tuple[str, ...] = field(default=(), repr=False, compare=False)
    """What was wrong with the bytes that the message was read from."""

    @classmethod
    def parse(cls, raw: bytes) -> "Message":
        """Read a message from bytes, tolerantly: what is wrong with it is listed in ``defects``.

        Line ends become CRLF. A Bcc field moves from the headers to :attr:`bcc`. Raises ParseError only when ``raw``
        is empty or starts with no header field at all.
        """
        return cls(**read(raw))

    @property
    def subject(self) -> str:
        return self.headers.get("Subject", "")

    @property
    def from_(self) -> tuple[Address, ...]:
        return self.headers.addresses("From")

    @property
    def to(self) -> tuple[Address, ...]:
        return self.headers.addresses("To")

    @property
    def cc(self) -> tuple[Address, ...]:
        return self.headers.addresses("Cc")

    @property
    def reply_to(self) -> tuple[Address, ...]:
        return self.headers.addresses("Reply-To")

    @property
    def message_id(self) -> str:
        """The Message-ID with its angle brackets."""
        return self.headers.get("Message-ID", "")

    def envelope(self) -> Envelope:
        """Return who the message goes to: To, Cc and Bcc, from the return path, Sender or the first From.

        Raises MessageError when the message has no recipient.
        """
        senders = (self.return_path,) if self.return_path else self.headers.addresses("Sender") or self.from_
        return Envelope(senders[0] if senders else None, [*self.to, *self.cc, *self.bcc])

    @cached_property
    def _wire(self) -> bytes:
        if self.raw:
            return self.raw
        return write.write(self.headers, self._tree())

    def _tree(self) -> shape.Part:
        return shape.shape(
            text=self.text,
            html=self.html,
            alternatives=self.alternatives,
            embedded=self.embedded,
            attachments=self.attachments,
        )

    def __bytes__(self) -> bytes:
        return self._wire

    @property
    def is_eight_bit(self) -> bool:
        """Whether the bytes go beyond ASCII, so that the server must offer 8BITMIME (RFC 6152) or SMTPUTF8."""
        return not self._wire.isascii()

    @property
    def needs_smtputf8(self) -> bool:
        """Whether the header goes beyond ASCII: an address in it has a local part that only SMTPUTF8 carries."""
        return not self._wire.isascii() and not self._wire.partition(b"\r\n\r\n")[0].isascii()

    def __str__(self) -> str:
        return self._wire.decode("utf-8", "replace")

    @property
    def size(self) -> int:
        """The size in bytes, as a server counts it (RFC 1870)."""
        return len(self._wire)

    def reply(self, *, to_all: bool = False, quote: bool = True) -> "MessageBuilder":
        """Begin an answer: recipients (with ``to_all`` also those of To and Cc), subject, threading, quoted text."""
        from mailkit.message.reply import reply  # a builder makes messages, so it stands above this file

        return reply(self, to_all=to_all, quote=quote)

    def forward(self) -> "MessageBuilder":
        """Begin to pass the message on: attached as it is, so that signatures stay valid."""
        from mailkit.message.reply import forward

        return forward(self)

    def parts(self) -> Iterator[Attachment]:
        """Go through the embedded images, then the attached files."""
        yield from self.embedded
        yield from self.attachments

    def __getstate__(self) -> dict[str, object]:
        return {name: value for name, value in self.__dict__.items() if name != "_wire"}
