"""The builder: how a message is put together, one readable step after another."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from operator import attrgetter
from os import PathLike

from mailkit import clock
from mailkit.errors import AttachmentError, HeaderError, MessageError
from mailkit.message import fields, given
from mailkit.message.address import Address, Addressee
from mailkit.message.alternative import Alternative, Invitation, invitation
from mailkit.message.attachment import Attachment
from mailkit.message.dsn import Dsn
from mailkit.message.given import File, Several
from mailkit.message.group import Recipient, members, only_mailboxes, recipients
from mailkit.message.headers import Field, Headers, placed
from mailkit.message.mailing import list_id, target, unsubscribe_headers
from mailkit.message.message import Message
from mailkit.message.origin import Origin
from mailkit.message.picture import embed_data, embed_files
from mailkit.message.purpose import CLASS_FIELDS, MessageClass, Priority, class_headers, priority_headers
from mailkit.message.rules import AttachmentRules
from mailkit.message.translation import Translation, TranslationType
from mailkit.mime.control import refuse_controls

__all__ = ["MessageBuilder"]


@dataclass(frozen=True, init=False)
class MessageBuilder:
    r"""Composes a message. Every step returns a new builder, so a builder is a safe base to fork.

    >>> base = MessageBuilder().from_("Ada Lovelace <ada@example.com>").subject("Résumé")
    >>> message = base.to(("Bob", "bob@example.com")).text("Hello Bob").build()
    >>> print(bytes(message).decode().split("\r\n")[0])
    From: Ada Lovelace <ada@example.com>

    Steps raise MessageError (AddressError, HeaderError, AttachmentError) at once for a value that cannot be written.
    """

    # An instance holds only what was set; the rest is here.
    _fields: tuple[Field, ...] = ()
    _text: str | None = None
    _html: str | None = None
    _alternatives: tuple[Alternative, ...] = ()
    _attachments: tuple[Attachment, ...] = ()
    _embedded: tuple[Attachment, ...] = ()
    _translations: tuple[Translation, ...] = ()
    _bcc: tuple[Address, ...] = ()
    _return_path: Address | None = None
    _dsn: Dsn | None = None
    _requires_tls: bool = False
    _is_flowed: bool = False
    _rules: AttachmentRules | None = None
    _origin: Origin | None = None

    def from_(self, *senders: Addressee | Iterable[Addressee]) -> "MessageBuilder":
        """Set the author. With several, set :meth:`sender` too (RFC 5322 3.6.2)."""
        if len(senders) == 1 and isinstance(senders[0], str):
            return self._with_field(_addressed("From", senders[0]))  # nearly always
        return self._with_field(Field("From", only_mailboxes(list(senders), field="from")))

    def sender(self, sender: Addressee) -> "MessageBuilder":
        """Set who sent it on behalf of the author."""
        return self._with_field(Field("Sender", given.single(sender, field="sender")))

    def return_path(self, address: Addressee) -> "MessageBuilder":
        """Set where bounces go: the envelope's sender. Without it they go to Sender or From."""
        return self._but(_return_path=given.single(address, field="return path")[0])

    def to(self, *recipients: Several) -> "MessageBuilder":
        """Add recipients: a text, a (name, address) pair, an Address, a Group, or a list of those."""
        return self._add_recipients("To", recipients)

    def cc(self, *recipients: Several) -> "MessageBuilder":
        """Add recipients of a copy."""
        return self._add_recipients("Cc", recipients)

    def bcc(self, *recipients: Several) -> "MessageBuilder":
        """Add recipients of a blind copy: in the envelope, never in the bytes."""
        return self._but(_bcc=(*self._bcc, *members(given.several(recipients, field="bcc"))))

    def reply_to(self, *recipients: Several) -> "MessageBuilder":
        """Add addresses that answers should go to."""
        return self._add_recipients("Reply-To", recipients)

    def subject(self, subject: str) -> "MessageBuilder":
        """Set the subject."""
        if not isinstance(subject, str):
            raise HeaderError(f"text is wanted, not {type(subject).__name__}", name="Subject")
        return self._with_field(Field("Subject", subject))

    def text(self, text: str, *, flowed: bool = False) -> "MessageBuilder":
        """Set the plain text. Any of CR, LF and CRLF ends a line.

        With ``flowed``, long lines go as ``format=flowed`` (RFC 3676): readers wrap them to their own width.
        """
        return self._but(_text=given.body(text, field="text"), _is_flowed=flowed)

    def html(self, html: str, *, pictures: str | PathLike[str] | None = None) -> "MessageBuilder":
        """Set the HTML. A reader shows it rather than the plain text when it can.

        Pictures in ``data:`` URIs, which no mail program shows, become embedded ones. With ``pictures``, so do those
        whose ``src`` is a path inside that folder.
        """
        html, embedded = embed_data(given.body(html, field="html"))
        if pictures is not None:
            html, files = embed_files(html, folder=pictures)
            embedded += files
        builder = self._but(_html=html)
        for image in embedded:
            builder = builder.embed(image, cid=image.cid)
        return builder

    def translation(
        self,
        language: str,
        *,
        subject: str,
        text: str | None = None,
        html: str | None = None,
        author: Addressee | None = None,
        kind: TranslationType | str | None = None,
    ) -> "MessageBuilder":
        """Add the message in another language, such as ``de`` (RFC 8255).

        The message's own bodies then are the preface, for readers that show all parts one below the other: say there,
        in each language, that the text follows. ``kind`` is ``original``, ``human`` or ``automated``.
        """
        version = Translation(
            language,
            subject,
            None if text is None else given.body(text, field="text"),
            None if html is None else given.body(html, field="html"),
            given.single(author, field="author")[0] if author is not None else None,
            None if kind is None else given.choice(TranslationType, kind, field="kind"),
        )
        if any(other.language.lower() == language.lower() for other in self._translations):
            raise MessageError(f"{language!r} is there already", field="language")
        return self._but(_translations=(*self._translations, version))

    def attach(
        self,
        file: File,
        *,
        filename: str = "",
        type: str = "",  # noqa: A002 - the contract's word
        inline: bool = False,
    ) -> "MessageBuilder":
        """Attach a file: a path, a binary stream, an Attachment, a Message, or bytes with a ``filename``.

        With ``inline``, readers are asked to show it below the text rather than to offer it.
        """
        attachment = self._ruled(file, filename, type)
        if inline and not attachment.inline:
            attachment = replace(attachment, inline=True)
        return self._but(_attachments=(*self._attachments, attachment))

    def embed(self, file: File, *, cid: str, filename: str = "", type: str = "") -> "MessageBuilder":  # noqa: A002
        """Embed an image that the HTML shows as ``<img src="cid:…">``."""
        if not cid:
            raise AttachmentError(
                "an embedded image needs a content id",
                field="cid",
                hint="embed(path, cid='logo') for <img src='cid:logo'>.",
            )
        image = self._ruled(file, filename, type).with_cid(cid)
        if image.type.startswith(("text/", "message/")):
            raise AttachmentError(
                f"{image.filename or cid!r} is {image.type}, which readers show as a body of the message",
                field="type",
                hint="Embed images, sound or fonts; use .attach() for the rest.",
            )
        same = next((old for old in self._embedded if old.cid == cid), None)
        if same == image:
            return self
        if same:
            raise AttachmentError(f"{cid!r} is already another image ({same.filename})", field="cid")
        return self._but(_embedded=(*self._embedded, image))

    def attachment_rules(self, rules: AttachmentRules) -> "MessageBuilder":
        """Check every file that is attached or embedded, before and after this step: for files that others choose."""
        for file in (*self._attachments, *self._embedded):
            rules.check(file)
        return self._but(_rules=rules)

    def _ruled(self, file: File, filename: str, kind: str) -> Attachment:
        if self._rules and isinstance(file, str | PathLike):
            self._rules.check_path(file)
        attachment = given.attachment(file, filename, kind)
        if self._rules:
            self._rules.check(attachment)
        return attachment

    def header(self, name: str, value: str) -> "MessageBuilder":
        """Set a header field that may stand once, or add one that may be repeated.

        Raises HeaderError for fields that another step owns, such as Bcc and Content-Type.
        """
        if hint := fields.rule(name).owner:
            raise HeaderError(f"{name} cannot be set as a header", name=name, hint=hint)
        return self._with_field(Field.checked(name, value))

    def date(self, moment: datetime) -> "MessageBuilder":
        """Set the date. Without it, :meth:`build` takes the present."""
        if not isinstance(moment, datetime):
            raise HeaderError(f"a datetime is wanted, not {type(moment).__name__}", name="Date")
        return self._with_field(Field("Date", moment))

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
        # Said anew, the whole is said anew.
        return self._without("List-Unsubscribe-Post")._with_headers(unsubscribe_headers(url=url, mailto=mailto))

    def mailing_list(
        self,
        identifier: str,
        *,
        title: str = "",
        archive: str = "",
        help: str = "",  # noqa: A002 - the words of RFC 2369
        owner: str = "",
        post: str = "",
        subscribe: str = "",
    ) -> "MessageBuilder":
        """Name the list that the message belongs to (RFC 2919), and where to turn (RFC 2369): URLs or addresses.

        ``identifier`` looks like a domain: ``news.example.com``. ``post="NO"`` says that nobody may write to it.
        """
        targets = {"Archive": archive, "Help": help, "Owner": owner, "Post": post, "Subscribe": subscribe}
        headers = [("List-Id", list_id(identifier, title=title))]
        for word, uri in targets.items():
            if uri:
                name = f"List-{word}"
                headers.append((name, uri if (word, uri) == ("Post", "NO") else target(uri, name=name)))
        return self._with_headers(headers)

    def message_class(self, kind: MessageClass | str) -> "MessageBuilder":
        """Say what the message is for: ``transactional``, ``bulk`` or ``auto_reply`` (RFC 3834)."""
        headers = class_headers(given.choice(MessageClass, kind, field="message class"))
        return self._without(*CLASS_FIELDS)._with_headers(headers)

    def priority(self, priority: Priority | str) -> "MessageBuilder":
        """Say how urgent it is: ``high``, ``normal`` or ``low``."""
        return self._with_headers(priority_headers(given.choice(Priority, priority, field="priority")))

    def request_receipt(self, address: Addressee) -> "MessageBuilder":
        """Ask the reader's mail program to report to ``address`` when the message is shown (RFC 8098)."""
        return self._with_field(Field("Disposition-Notification-To", given.single(address, field="request receipt")))

    def delivery_report(
        self,
        *,
        notify: str | Iterable[str] = (),
        returned: str = "",
        identifier: str = "",
        original_recipient: bool = True,
    ) -> "MessageBuilder":
        """Ask the servers on the way to report to the return path (RFC 3461): see :class:`mailkit.message.Dsn`.

        ``notify`` is ``"never"``, or some of ``"success"``, ``"failure"`` and ``"delay"``.
        """
        asked = Dsn(notify=notify, returned=returned, identifier=identifier, original_recipient=original_recipient)
        return self._but(_dsn=asked)

    def require_tls(self) -> "MessageBuilder":
        """Let no server hand the message on without TLS (RFC 8689). Sending fails where the relay cannot see to that."""
        return self._but(_requires_tls=True)

    def feedback_id(self, *parts: str) -> "MessageBuilder":
        """Set Feedback-ID: up to three names of the campaign and the sender's own, last, for Gmail's statistics."""
        if not 1 <= len(parts) <= 4 or any(not part or ":" in part or " " in part for part in parts):
            raise HeaderError("one to four names without colons and spaces are wanted", name="Feedback-ID")
        return self.header("Feedback-ID", ":".join(parts))

    def alternative(self, text: str, *, type: str, **parameters: str) -> "MessageBuilder":  # noqa: A002
        """Add one more form of the body, such as ``text/x-amp-html``; ``parameters`` go with its media type."""
        form = Alternative(given.body(text, field=type), type, tuple(parameters.items()))
        return self._but(_alternatives=(*self._alternatives, form))

    def calendar(self, calendar: Invitation, *, method: str = "", filename: str = "invite.ics") -> "MessageBuilder":
        """Invite: an iCalendar object as an alternative with its method, and as a file (RFC 6047).

        Text, bytes, or an object of the icalendar package. The method is the object's own, or ``PUBLISH``.
        """
        form, file = invitation(calendar, method=method, filename=filename)
        return self._but(_alternatives=(*self._alternatives, form), _attachments=(*self._attachments, file))

    def build(self) -> Message:
        """Check the whole and return the message, with Date and Message-ID. Raises MessageError naming the field."""
        senders: tuple[Address, ...] = ()
        there = []
        for field in self._fields:
            there.append(field.rule.key)
            if field.rule.key == "from":
                senders = members(field.value)  # type: ignore[arg-type]  # the step made it so
        if not senders:
            raise MessageError("a message needs an author", field="from", hint="Add .from_('Name <name@example.com>').")
        found = list(self._fields)
        if len(senders) > 1 and "sender" not in there:
            raise MessageError(
                "several authors need one sender (RFC 5322 3.6.2)", field="sender", hint="Add .sender(...)."
            )
        if self._rules:
            self._rules.check_total((*self._attachments, *self._embedded))
        if "date" not in there:
            found.append(_dated(clock.second()))
        if "message-id" not in there:
            found.append(Field("Message-ID", f"<{clock.token()}@{senders[0].ascii_domain}>"))
        if "mime-version" not in there:
            found.append(_MIME_VERSION)
        found.sort(key=_PLACE)
        values: dict[str, object] = {
            "headers": Headers(found),
            "text": self._text,
            "html": self._html,
            "is_flowed": self._is_flowed,
            "alternatives": self._alternatives,
            "attachments": self._attachments,
            "embedded": self._embedded,
            "translations": self._translations,
            "bcc": self._bcc,
            "return_path": self._return_path,
            "dsn": self._dsn,
            "requires_tls": self._requires_tls,
            "origin": self._origin,
        }
        return Message.made(values)

    def origin(self, *, template: str = "", row: str = "", campaign: str = "") -> "MessageBuilder":
        """Note what it is made from, which a development inbox alone is told (:mod:`mailkit.inbox`)."""
        return self._but(_origin=Origin(template, row, campaign))

    def _but(self, **changes: object) -> "MessageBuilder":
        """Return a builder that differs in some fields."""
        fresh = object.__new__(MessageBuilder)
        fresh.__dict__.update(self.__dict__, **changes)
        return fresh

    def _with_field(self, field: Field) -> "MessageBuilder":
        fresh = object.__new__(MessageBuilder)
        values = fresh.__dict__
        values.update(self.__dict__)
        values["_fields"] = placed(self._fields, field)
        return fresh

    def _without(self, *names: str) -> "MessageBuilder":
        return self._but(_fields=tuple(field for field in self._fields if field.name not in names))

    def _with_headers(self, headers: Iterable[tuple[str, str]]) -> "MessageBuilder":
        builder = self
        for name, value in headers:
            builder = builder.header(name, value)
        return builder

    def _add_recipients(self, name: str, several: tuple[Several, ...]) -> "MessageBuilder":
        before: tuple[Recipient, ...] = ()
        for field in self._fields:
            if field.name == name:
                before = field.value  # type: ignore[assignment]  # this step made it
        if not before and len(several) == 1 and isinstance(several[0], str):
            return self._with_field(_addressed(name, several[0]))
        found = given.several(several, field=name.lower())
        # An empty list adds nobody; a field without an address in it is not legal (RFC 5322 3.6.3).
        return self._with_field(Field(name, (*before, *found))) if found else self


_MIME_VERSION = Field("MIME-Version", "1.0")
_PLACE = attrgetter("rule.place")


@lru_cache(maxsize=4)
def _dated(moment: datetime) -> Field:
    """The Date of all messages of one second."""
    return Field("Date", moment)


@lru_cache(maxsize=1024)
def _addressed(name: str, text: str) -> Field:
    read = only_mailboxes if name == "From" else recipients
    return Field(name, read(text, field=name.lower()))
