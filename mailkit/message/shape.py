"""The tree of parts that a message becomes (RFC 2046 5.1, RFC 2387).

::

    multipart/mixed                    only with attached files
    ├── multipart/related              only with embedded images
    │   ├── multipart/alternative      only with more than one body
    │   │   ├── text/plain             worst first: a reader shows the last one that it can
    │   │   ├── text/x-amp-html        before the HTML, because some readers show the last in any case
    │   │   ├── text/html
    │   │   └── text/calendar          with its method; last, as Outlook and Gmail expect it
    │   └── image/png                  <img src="cid:logo">
    └── application/pdf
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from mailkit.errors import MessageError
from mailkit.message.alternative import Alternative
from mailkit.message.attachment import Attachment
from mailkit.mime import transfer
from mailkit.mime.transfer import Encoded

__all__ = ["Leaf", "Multipart", "Part", "shape"]


@dataclass(frozen=True, slots=True)
class Leaf:
    """A part with content. ``disposition`` is empty for bodies."""

    type: str
    parameters: dict[str, str]
    body: Encoded
    disposition: str = ""
    filename: str = ""
    cid: str = ""


@dataclass(frozen=True, slots=True)
class Multipart:
    """Parts held together by a boundary."""

    subtype: str
    parts: tuple["Part", ...]


Part: TypeAlias = Leaf | Multipart

_AMP = "text/x-amp-html"
_FIELDS = {"text/plain": "text", "text/html": "html"}


def shape(
    *,
    text: str | None,
    html: str | None,
    alternatives: Sequence[Alternative],
    embedded: Sequence[Attachment],
    attachments: Sequence[Attachment],
) -> Part:
    """Return the tree for these contents. A message with nothing in it has one empty text part."""
    bodies: list[Part] = []
    if text is not None or (html is None and not alternatives):
        bodies.append(_body(Alternative(text or "", "text/plain")))
    bodies.extend(_body(form) for form in alternatives if form.type == _AMP)
    if html is not None:
        bodies.append(_body(Alternative(html, "text/html")))
    bodies.extend(_body(form) for form in alternatives if form.type != _AMP)
    tree = _together("alternative", bodies)
    tree = _together("related", [tree, *(_file(image) for image in embedded)])
    return _together("mixed", [tree, *(_file(attachment) for attachment in attachments)])


def _together(subtype: str, parts: Sequence[Part]) -> Part:
    return parts[0] if len(parts) == 1 else Multipart(subtype, tuple(parts))


def _body(form: Alternative) -> Leaf:
    try:
        body = transfer.encode_text(form.text)
    except UnicodeEncodeError as error:
        raise MessageError(
            f"half a character (a lone surrogate) at position {error.start}",
            field=_FIELDS.get(form.type, form.type),
            hint="Decode the text correctly before composing, for example with errors='replace'.",
        ) from None
    return Leaf(form.type, {"charset": "utf-8", **dict(form.parameters)}, body)


def _file(attachment: Attachment) -> Leaf:
    parameters = {"charset": attachment.charset} if attachment.charset else {}
    if attachment.filename:
        parameters["name"] = attachment.filename  # not in any RFC, but what old Outlook and many others read
    return Leaf(
        attachment.type,
        parameters,
        attachment.encoded,
        disposition="inline" if attachment.is_inline else "attachment",
        filename=attachment.filename,
        cid=attachment.cid,
    )
