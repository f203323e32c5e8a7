"""A message: an immutable value, right on the wire, that can be sent, kept, compared and read back."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mailkit.errors import ParseError
from mailkit.message import shape, write
from mailkit.message.address import Address
from mailkit.message.alternative import Alternative
from mailkit.message.attachment import Attachment
from mailkit.message.dsn import Dsn
from mailkit.message.envelope import Envelope
from mailkit.message.headers import Headers
from mailkit.message.origin import Origin
from mailkit.message.read import NO_HEADER, read
from mailkit.message.stored import StoredFile
from mailkit.message.translation import Translation
from mailkit.message.wire import Wire
from mailkit.mime.bodytype import BodyType

if TYPE_CHECKING:
    from mailkit.message.builder import MessageBuilder

__all__ = ["Message"]


_SEVEN_BIT = BodyType.SEVEN_BIT  # looked up once: in its class that costs a call on Python 3.11


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
    is_flowed: bool = False
    """Whether readers may wrap the plain text to their width (``format=flowed``, RFC 3676)."""
    alternatives: tuple[Alternative, ...] = ()
    """Further forms of the body, such as a calendar invitation."""
    attachments: tuple[Attachment, ...] = ()
    embedded: tuple[Attachment, ...] = ()
    """Images that the HTML shows by ``cid:``."""
    translations: tuple[Translation, ...] = ()
    """The message in further languages (RFC 8255)."""
    bcc: tuple[Address, ...] = ()
    """Recipients who are in the envelope, never in the bytes."""
    return_path: Address | None = None
    """Where bounces go, if not to Sender or From."""
    dsn: Dsn | None = None
    """Which reports the relay is asked for (RFC 3461); in the envelope, never in the bytes."""
    requires_tls: bool = False
    """Whether no server may hand it on without TLS (RFC 8689)."""
    origin: Origin | None = field(default=None, repr=False, compare=False)
    """What it was made from, which only a development inbox is told."""
    raw: bytes = field(default=b"", repr=False)
    """The bytes that the message was read from; they are sent as they are, so that signatures stay valid."""
    defects: tuple[str, ...] = field(default=(), repr=False, compare=False)
    """What was wrong with the bytes that the message was read from."""

    @classmethod
    def parse(cls, raw: bytes, *, strict: bool = False) -> "Message":
        """Read a message from bytes, tolerantly: whatever they are, what is wrong with them is listed in ``defects``.

        Line ends become CRLF. A Bcc field moves from the headers to :attr:`bcc`. With ``strict`` the first defect is
        raised, as a ParseError.
        """
        message = cls(**read(raw))
        if strict and message.defects:
            hint = "A message starts with lines such as 'From: ada@example.com', then an empty line, then the body."
            raise ParseError(message.defects[0], hint=hint if message.defects[0] == NO_HEADER else "")
        return message

    @classmethod
    def made(cls, values: dict[str, object]) -> "Message":
        """Return a message of values that are right already, such as a builder's, at a fraction of the usual cost."""
        fresh = object.__new__(cls)
        object.__setattr__(fresh, "__dict__", values)
        return fresh

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
        everybody = [*self.to, *self.cc, *self.bcc]
        return Envelope(senders[0] if senders else None, everybody, dsn=self.dsn, requires_tls=self.requires_tls)

    def wire(self, limit: BodyType = BodyType.SEVEN_BIT) -> Wire:
        """Return the form for a server that takes ``limit``: 7 bits, 8BITMIME (RFC 6152) or BINARYMIME (RFC 3030).

        A message that was read from bytes has one form only. Raises MessageError when it cannot be written.
        """
        if limit is not _SEVEN_BIT:
            limit = self._useful(limit)
        kept: Wire | None = self.__dict__.get(limit)
        if kept is None:
            kept = self.__dict__[limit] = self._written(limit)
        return kept

    def _useful(self, limit: BodyType) -> BodyType:
        """The least limit that gives the same bytes, so that one form serves all servers where it can."""
        if self.raw:
            return _SEVEN_BIT
        if limit is BodyType.BINARY and (self.attachments or self.embedded):
            return limit
        if self.translations or self.alternatives:
            return BodyType.EIGHT_BIT
        is_ascii = (self.text is None or self.text.isascii()) and (self.html is None or self.html.isascii())
        return _SEVEN_BIT if is_ascii else BodyType.EIGHT_BIT

    def _written(self, limit: BodyType) -> Wire:
        if self.raw:
            return Wire.of_raw(self.raw)
        tree = shape.shape(
            text=self.text,
            html=self.html,
            is_flowed=self.is_flowed,
            alternatives=self.alternatives,
            embedded=self.embedded,
            translations=self.translations,
            attachments=self.attachments,
            limit=limit,
        )
        return write.write(self.headers, tree)

    def __bytes__(self) -> bytes:
        """The form that every server takes. Large files in it are read from the disk; :meth:`wire` gives blocks."""
        return bytes(self.wire())

    @property
    def is_eight_bit(self) -> bool:
        """Whether even :func:`bytes` goes beyond ASCII, so that the server must offer 8BITMIME (RFC 6152) or SMTPUTF8."""
        wire = self.wire()
        return wire.body is not BodyType.SEVEN_BIT or wire.needs_smtputf8

    @property
    def is_stored(self) -> bool:
        """Whether it carries large files that stay on the disk until it is sent."""
        return any(isinstance(file.content, StoredFile) for file in self.parts())

    @property
    def needs_smtputf8(self) -> bool:
        """Whether the header goes beyond ASCII: an address in it has a local part that only SMTPUTF8 carries."""
        return self.wire().needs_smtputf8

    def __str__(self) -> str:
        return bytes(self).decode("utf-8", "replace")

    @property
    def size(self) -> int:
        """The size of ``bytes(message)``, as a server counts it (RFC 1870)."""
        return self.wire().size

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
        return {name: value for name, value in self.__dict__.items() if not isinstance(value, Wire)}
