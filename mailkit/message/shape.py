"""The tree of parts that a message becomes (RFC 2046 5.1, RFC 2387, RFC 8255).

::

    multipart/mixed                    only with attached files
    ├── multipart/multilingual         only with translations; the message's own bodies are its preface
    │   ├── multipart/related          only with embedded images
    │   │   ├── multipart/alternative  only with more than one body
    │   │   │   ├── text/plain         worst first: a reader shows the last one that it can
    │   │   │   ├── text/x-amp-html    before the HTML, because some readers show the last in any case
    │   │   │   ├── text/html
    │   │   │   └── text/calendar      with its method; last, as Outlook and Gmail expect it
    │   │   └── image/png              <img src="cid:logo">
    │   ├── message/rfc822             Content-Language: de
    │   └── message/rfc822             Content-Language: fr
    └── application/pdf
"""

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from mailkit.errors import MessageError
from mailkit.message.alternative import Alternative
from mailkit.message.attachment import Attachment
from mailkit.message.stored import StoredBody
from mailkit.message.translation import Translation
from mailkit.mime import flowed, transfer
from mailkit.mime.bodytype import BodyType
from mailkit.mime.transfer import Encoded

__all__ = ["Inner", "Leaf", "Multipart", "Part", "shape"]

Parameters: TypeAlias = tuple[tuple[str, str], ...]


class Leaf(NamedTuple):
    """A part with content. ``disposition`` is empty for bodies."""

    type: str
    parameters: Parameters
    body: Encoded | StoredBody
    disposition: str = ""
    filename: str = ""
    cid: str = ""


class Multipart(NamedTuple):
    """Parts held together by a boundary."""

    subtype: str
    parts: tuple["Part", ...]


class Inner(NamedTuple):
    """The message in one of its languages: a message of its own inside the message."""

    translation: Translation
    tree: "Part"


Part: TypeAlias = Leaf | Multipart | Inner

_EMPTY = Leaf("text/plain", (("charset", "utf-8"),), Encoded("7bit", b""))
_AMP = "text/x-amp-html"
_FIELDS = {"text/plain": "text", "text/html": "html"}
_UTF8: Parameters = (("charset", "utf-8"),)
_FLOWED: Parameters = (*_UTF8, ("format", "flowed"))


def shape(
    *,
    text: str | None,
    html: str | None,
    is_flowed: bool = False,
    alternatives: Sequence[Alternative] = (),
    embedded: Sequence[Attachment] = (),
    translations: Sequence[Translation] = (),
    attachments: Sequence[Attachment] = (),
    limit: BodyType = BodyType.SEVEN_BIT,
) -> Part:
    """Return the tree for these contents. A message with nothing in it has one empty text part."""
    bodies: list[Part] = []
    if text is not None:
        bodies.append(
            _body(flowed.flow(text), "text/plain", _FLOWED, limit)
            if is_flowed
            else _body(text, "text/plain", _UTF8, limit)
        )
    elif html is None and not alternatives:
        bodies.append(_EMPTY)
    if alternatives:
        bodies.extend(_alternative(form, limit) for form in alternatives if form.type == _AMP)
    if html is not None:
        bodies.append(_body(html, "text/html", _UTF8, limit))
    if alternatives:
        bodies.extend(_alternative(form, limit) for form in alternatives if form.type != _AMP)
    tree = bodies[0] if len(bodies) == 1 else Multipart("alternative", tuple(bodies))
    if embedded:
        tree = Multipart("related", (tree, *(_file(image, limit) for image in embedded)))
    if translations:
        tree = Multipart("multilingual", (tree, *(_translation(version, limit) for version in translations)))
    if attachments:
        tree = Multipart("mixed", (tree, *(_file(attachment, limit) for attachment in attachments)))
    return tree


def _body(text: str, kind: str, parameters: Parameters, limit: BodyType) -> Leaf:
    try:
        return Leaf(kind, parameters, transfer.encode_text(text, limit=limit))
    except UnicodeEncodeError as error:
        raise MessageError(
            f"half a character (a lone surrogate) at position {error.start}",
            field=_FIELDS.get(kind, kind),
            hint="Decode the text correctly before composing, for example with errors='replace'.",
        ) from None


def _alternative(form: Alternative, limit: BodyType) -> Leaf:
    return _body(form.text, form.type, (*_UTF8, *form.parameters), limit)


def _translation(version: Translation, limit: BodyType) -> Inner:
    # An inner message is never binary: not every reader looks for that inside message/rfc822 (RFC 2046 5.2.1).
    inner = BodyType.EIGHT_BIT if limit is BodyType.BINARY else limit
    return Inner(version, shape(text=version.text, html=version.html, limit=inner))


def _file(attachment: Attachment, limit: BodyType) -> Leaf:
    parameters: Parameters = (("charset", attachment.charset),) if attachment.charset else ()
    if attachment.filename:
        # In no RFC, but what old Outlook and many others read.
        parameters = (*parameters, ("name", attachment.filename))
    return Leaf(
        attachment.type,
        parameters,
        attachment.encoded_for(limit),
        "inline" if attachment.is_inline else "attachment",
        attachment.filename,
        attachment.cid,
    )
