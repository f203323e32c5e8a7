"""The builder: how a message is put together, one readable step after another."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from os import PathLike
from typing import TypeAlias
from urllib.parse import quote

from mailkit import clock
from mailkit.errors import AttachmentError, HeaderError, MessageError
from mailkit.message import fields
from mailkit.message.address import Address, Addressee, addresses
from mailkit.message.attachment import Attachment
from mailkit.message.headers import Field, Headers
from mailkit.message.message import Message
from mailkit.mime.control import refuse_controls

__all__ = ["MessageBuilder"]

_File: TypeAlias = "str | PathLike[str] | bytes | Attachment"


@dataclass(frozen=True)
class MessageBuilder:
    r"""Composes a message. Every step returns a new builder, so a builder is a safe base to fork.

    >>> base = MessageBuilder().from_("Ada Lovelace <ada@example.com>").subject("Résumé")
    >>> message = base.to(("Bob", "bob@example.com")).text("Hello Bob").build()
    >>> print(bytes(message).decode().split("\r\n")[0])
    From: Ada Lovelace <ada@example.com>

    Steps raise MessageError (AddressError, HeaderError, AttachmentError) at once for a value that cannot be written.
    """

    _headers: Headers = field(default_factory=Headers)
    _text: str | None = None
    _html: str | None = None
    _attachments: tuple[Attachment, ...] = ()
    _embedded: tuple[Attachment, ...] = ()
    _bcc: tuple[Address, ...] = ()
    _return_path: Address | None = None

    def from_(self, *senders: Addressee | Iterable[Addressee]) -> "MessageBuilder":
        """Set the author. With several, set :meth:`sender` too (RFC 5322 3.6.2)."""
        return self._with("From", _several(senders, field="from"))

    def sender(self, sender: Addressee) -> "MessageBuilder":
        """Set who sent it on behalf of the author."""
        return self._with("Sender", _single(sender, field="sender"))

    def return_path(self, address: Addressee) -> "MessageBuilder":
        """Set where bounces go: the envelope's sender. Without it they go to Sender or From."""
        return replace(self, _return_path=_single(address, field="return path")[0])

    def to(self, *recipients: Addressee | Iterable[Addressee]) -> "MessageBuilder":
        """Add recipients: a text, a (name, address) pair, an Address, or a list of those."""
        return self._add_recipients("To", recipients)

    def cc(self, *recipients: Addressee | Iterable[Addressee]) -> "MessageBuilder":
        """Add recipients of a copy."""
        return self._add_recipients("Cc", recipients)

    def bcc(self, *recipients: Addressee | Iterable[Addressee]) -> "MessageBuilder":
        """Add recipients of a blind copy: in the envelope, never in the bytes."""
        return replace(self, _bcc=(*self._bcc, *_several(recipients, field="bcc")))

    def reply_to(self, *recipients: Addressee | Iterable[Addressee]) -> "MessageBuilder":
        """Add addresses that answers should go to."""
        return self._add_recipients("Reply-To", recipients)

    def subject(self, subject: str) -> "MessageBuilder":
        """Set the subject."""
        return self.header("Subject", subject)

    def text(self, text: str) -> "MessageBuilder":
        """Set the plain text. Any of CR, LF and CRLF ends a line."""
        return replace(self, _text=_body(text, field="text"))

    def html(self, html: str) -> "MessageBuilder":
        """Set the HTML. A reader shows it rather than the plain text when it can."""
        return replace(self, _html=_body(html, field="html"))

    def attach(self, file: _File, *, filename: str = "", type: str = "") -> "MessageBuilder":  # noqa: A002 - the contract's word
        """Attach a file: a path, an Attachment, or bytes with a ``filename``."""
        return replace(self, _attachments=(*self._attachments, _attachment(file, filename, type)))

    def embed(self, file: _File, *, cid: str, filename: str = "", type: str = "") -> "MessageBuilder":  # noqa: A002
        """Embed an image that the HTML shows as ``<img src="cid:…">``."""
        if not cid:
            raise AttachmentError(
                "an embedded image needs a content id",
                field="cid",
                hint="embed(path, cid='logo') for <img src='cid:logo'>.",
            )
        image = _attachment(file, filename, type).with_cid(cid)
        same = next((old for old in self._embedded if old.cid == cid), None)
        if same == image:
            return self
        if same:
            raise AttachmentError(f"{cid!r} is already another image ({same.filename})", field="cid")
        return replace(self, _embedded=(*self._embedded, image))

    def header(self, name: str, value: str) -> "MessageBuilder":
        """Set a header field that may stand once, or add one that may be repeated.

        Raises HeaderError for fields that another step owns, such as Bcc and Content-Type.
        """
        if hint := fields.owner(name):
            raise HeaderError(f"{name} cannot be set as a header", name=name, hint=hint)
        return replace(self, _headers=self._headers.with_field(Field.checked(name, value)))

    def date(self, moment: datetime) -> "MessageBuilder":
        """Set the date. Without it, :meth:`build` takes the present."""
        if not isinstance(moment, datetime):
            raise HeaderError(f"a datetime is wanted, not {type(moment).__name__}", name="Date")
        return replace(self, _headers=self._headers.with_field(Field("Date", moment)))

    def message_id(self, identifier: str) -> "MessageBuilder":
        """Set the Message-ID, such as ``<unique@example.com>``. Without it, :meth:`build` makes one."""
        bare = refuse_controls(identifier, field="message id").strip("<>")
        if (
            not bare.isascii()
            or any(character in bare for character in " \t<>")
            or not 0 < bare.find("@") < len(bare) - 1
        ):
            raise HeaderError(
                f"{identifier!r} is not a message id", name="Message-ID", hint="Write <unique@domain>, in ASCII."
            )
        return self.header("Message-ID", f"<{bare}>")

    def list_unsubscribe(self, *, url: str = "", mailto: str = "") -> "MessageBuilder":
        """Say how to unsubscribe (RFC 2369). With an https ``url`` also by one click (RFC 8058).

        One click means that the mail program sends a POST to ``url`` by itself; a GET must not change anything.
        """
        targets = []
        if url:
            if (
                not url.startswith(("https://", "http://"))
                or any(character in url for character in " <>,")
                or not url.isascii()
            ):
                raise HeaderError(
                    f"{url!r} is not a URL for this header",
                    name="List-Unsubscribe",
                    hint="Give an https:// URL, percent-encoded.",
                )
            targets.append(f"<{url}>")
        if mailto:
            address, _, query = mailto.removeprefix("mailto:").partition("?")
            if any(character in query for character in " <>"):
                raise HeaderError(
                    f"{mailto!r} is not a mailto URI for this header",
                    name="List-Unsubscribe",
                    hint="Percent-encode what follows the '?'.",
                )
            wire = _single(address, field="mailto")[0].wire
            # No quote() over the query: it is a URI part already (RFC 6068 2).
            targets.append(f"<mailto:{quote(wire, safe='@+')}{'?' + query if query else ''}>")
        if not targets:
            raise HeaderError("give a url, a mailto, or both", name="List-Unsubscribe")
        # Said anew, the whole is said anew: without an https URL nothing is left that could be clicked once.
        builder = replace(self, _headers=self._headers.without("List-Unsubscribe-Post"))
        builder = builder.header("List-Unsubscribe", ", ".join(targets))
        return (
            builder.header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
            if url.startswith("https:")
            else builder
        )

    def build(self) -> Message:
        """Check the whole and return the message, with Date and Message-ID. Raises MessageError naming the field."""
        headers = self._headers
        senders = headers.addresses("From")
        if not senders:
            raise MessageError("a message needs an author", field="from", hint="Add .from_('Name <name@example.com>').")
        if len(senders) > 1 and "Sender" not in headers:
            raise MessageError(
                "several authors need one sender (RFC 5322 3.6.2)", field="sender", hint="Add .sender(...)."
            )
        if "Date" not in headers:
            headers = headers.with_field(Field("Date", clock.now().replace(microsecond=0)))
        if "Message-ID" not in headers:
            headers = headers.with_field(Field("Message-ID", f"<{clock.token()}@{senders[0].ascii_domain}>"))
        headers = headers.with_field(Field("MIME-Version", "1.0"))
        return Message(
            headers=_in_order(headers),
            text=self._text,
            html=self._html,
            attachments=self._attachments,
            embedded=self._embedded,
            bcc=self._bcc,
            return_path=self._return_path,
        )

    def _with(self, name: str, found: tuple[Address, ...]) -> "MessageBuilder":
        return replace(self, _headers=self._headers.with_field(Field(name, found)))

    def _add_recipients(self, name: str, given: tuple[Addressee | Iterable[Addressee], ...]) -> "MessageBuilder":
        found = _several(given, field=name.lower())
        # An empty list adds nobody; a field without an address in it is not legal (RFC 5322 3.6.3).
        return self._with(name, (*self._headers.addresses(name), *found)) if found else self


def _several(given: tuple[Addressee | Iterable[Addressee], ...], *, field: str) -> tuple[Address, ...]:
    return tuple(address for one in given for address in addresses(one, field=field))


def _single(given: Addressee, *, field: str) -> tuple[Address, ...]:
    found = addresses(given, field=field)
    if len(found) != 1:
        raise MessageError(f"one address is wanted here, not {len(found)}", field=field)
    return found


def _body(text: str, *, field: str) -> str:
    if not isinstance(text, str):
        raise MessageError(
            f"text is wanted, not {type(text).__name__}", field=field, hint="Decode bytes first: data.decode('utf-8')."
        )
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise MessageError(
            f"half a character (a lone surrogate) at position {error.start}",
            field=field,
            hint="Decode the text correctly before composing, for example with errors='replace'.",
        ) from None
    return text


def _attachment(file: _File, filename: str, kind: str) -> Attachment:
    if isinstance(file, Attachment):
        if not filename and not kind:
            return file
        return Attachment(file.data, filename=filename or file.filename, type=kind or file.type, cid=file.cid)
    if isinstance(file, bytes | bytearray | memoryview):
        if not filename:
            raise AttachmentError("bytes need a file name", hint="attach(data, filename='report.pdf').")
        return Attachment(bytes(file), filename=filename, type=kind)
    return Attachment.from_path(file, filename=filename, type=kind)


# Readers of raw mail expect the usual order; RFC 5322 3.6 asks for none.
_ORDER = {
    name: place
    for place, name in enumerate(("from", "sender", "reply-to", "to", "cc", "subject", "date", "message-id"))
}


def _in_order(headers: Headers) -> Headers:
    return Headers(sorted(headers.fields, key=lambda field: _ORDER.get(field.name.lower(), len(_ORDER))))
