"""Bytes back to a message (RFC 5322, RFC 2045-2049): tolerant of what real mail contains.

No input makes the reader fail, recurse without end or take more than linear time; what is wrong is
noted as a defect, and the rest is read.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import TypedDict

from mailkit.errors import MessageError
from mailkit.message import fields
from mailkit.message.address import Address
from mailkit.message.alternative import Alternative
from mailkit.message.attachment import Attachment
from mailkit.message.fields import Kind
from mailkit.message.group import members, parse_list
from mailkit.message.headers import Field, Headers, Value
from mailkit.message.translation import Translation, TranslationType
from mailkit.message.wire import says_binary
from mailkit.mime import charset, encodedword, flowed, mediatype, parameter, transfer
from mailkit.mime.control import replace_controls

__all__ = ["NO_HEADER", "Contents", "read"]

_MAX_DEPTH = 30  # forwarded in forwarded in forwarded: nobody nests deeper, except to exhaust a reader
_MAX_PARTS = 2_000

_LINE_END = re.compile(rb"\r\n|\r|\n")
_MBOX = re.compile(rb"(?:From [^\r]*+\r\n)++")
_FIELD = re.compile(rb"([!-9;-~]{1,200})[ \t]*:")


@dataclass(slots=True)
class _Found:
    text: str | None = None
    html: str | None = None
    is_flowed: bool = False
    alternatives: list[Alternative] = field(default_factory=list)
    translations: list[Translation] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    embedded: list[Attachment] = field(default_factory=list)
    defects: list[str] = field(default_factory=list)
    parts: int = 0


NO_HEADER = "this is not a message: it does not begin with a header field"


class Contents(TypedDict):
    """What was read, by the names of a message's fields."""

    headers: Headers
    text: str | None
    html: str | None
    is_flowed: bool
    alternatives: tuple[Alternative, ...]
    translations: tuple[Translation, ...]
    attachments: tuple[Attachment, ...]
    embedded: tuple[Attachment, ...]
    bcc: tuple[Address, ...]
    raw: bytes
    defects: tuple[str, ...]


def read(raw: bytes) -> Contents:
    """Read a message. Bytes that do not begin with a header field are read as a text, with that as the defect."""
    if (b"\r" in raw or b"\n" in raw) and not says_binary(raw):
        raw = _LINE_END.sub(b"\r\n", raw)
    if separators := _MBOX.match(raw):
        raw = raw[separators.end() :]
    found = _Found()
    head, body = _split(raw)
    lines = _field_lines(head, found.defects)
    if not lines:
        found.defects.insert(0, NO_HEADER)
        body = raw
    kept = [(name, line) for name, line in lines if name.lower() != "bcc"]
    blind = [_value("Bcc", _unfolded(line), found) for name, line in lines if name.lower() == "bcc"]
    if blind:
        raw = b"".join(line + b"\r\n" for _, line in kept) + b"\r\n" + body
    headers = Headers(Field(name, _value(name, _unfolded(line), found)) for name, line in kept)
    _read_part(kept, body, found, depth=0, where="")
    return Contents(
        headers=headers,
        text=found.text,
        html=found.html,
        is_flowed=found.is_flowed,
        alternatives=tuple(found.alternatives),
        translations=tuple(found.translations),
        attachments=tuple(found.attachments),
        embedded=tuple(found.embedded),
        bcc=tuple(address for value in blind if isinstance(value, tuple) for address in members(value)),
        raw=raw,
        defects=tuple(found.defects),
    )


def _split(part: bytes) -> tuple[bytes, bytes]:
    if part.startswith(b"\r\n"):
        return b"", part[2:]
    head, _, body = part.partition(b"\r\n\r\n")
    return head, body


def _field_lines(head: bytes, defects: list[str]) -> list[tuple[str, bytes]]:
    folded: list[tuple[str, list[bytes]]] = []
    for line in head.split(b"\r\n"):
        if line[:1] in (b" ", b"\t") and folded:
            folded[-1][1].append(line)
        elif start := _FIELD.match(line):
            folded.append((start[1].decode(), [line]))
        elif line:
            defects.append(f"a header line that is no field: {line[:60]!r}")
    return [(name, b"\r\n".join(lines)) for name, lines in folded]


def _unfolded(line: bytes) -> str:
    value = line.partition(b":")[2].replace(b"\r\n", b"")
    try:
        return value.decode().strip(" \t")
    except UnicodeDecodeError:
        return value.decode("latin-1").strip(" \t")


def _value(name: str, text: str, found: _Found) -> Value:
    try:
        match fields.rule(name).kind:
            case Kind.ADDRESSES | Kind.MAILBOXES:
                return parse_list(text, tolerant=True)
            case Kind.DATE:
                return parsedate_to_datetime(text)
            case Kind.TEXT:
                text = encodedword.decode(text)
    except (MessageError, ValueError, OverflowError, TypeError, IndexError):
        found.defects.append(f"{name} cannot be read: {text[:60]!r}")
        text = encodedword.decode(text)
    # A line break smuggled into an encoded word must not come alive when the value is written into another message.
    clean = replace_controls(text, by="\ufffd")
    if clean != text:
        found.defects.append(f"a control character in {name}")
    return clean


def _read_part(lines: Iterable[tuple[str, bytes]], body: bytes, found: _Found, *, depth: int, where: str) -> None:
    found.parts += 1
    head = {name.lower(): _unfolded(line) for name, line in reversed(list(lines))}
    default = "message/rfc822" if where == "digest" else "text/plain"
    kind, parameters = parameter.parse(head.get("content-type", default))
    kind = kind.lower()
    boundary = parameters.get("boundary", "")
    if kind.startswith("multipart/") and boundary:
        if depth >= _MAX_DEPTH:
            found.defects.append(f"parts nested more than {_MAX_DEPTH} deep are not read")
            return
        for child in _children(body, boundary.encode("utf-8", "replace"), found):
            child_head, child_body = _split(child)
            child_lines = _field_lines(child_head, found.defects)
            _read_part(child_lines, child_body, found, depth=depth + 1, where=kind.removeprefix("multipart/"))
        return
    data = transfer.decode(body, head.get("content-transfer-encoding", "7bit"))
    disposition, options = parameter.parse(head.get("content-disposition", ""))
    filename = options.get("filename") or parameters.get("name", "")
    is_file = disposition.lower() == "attachment" or bool(filename)
    if kind == "text/plain" and not is_file and found.text is None:
        found.text = _plain_text(data, parameters, found)
    elif kind == "text/html" and not is_file and found.html is None:
        found.html = _characters(data, parameters.get("charset", "us-ascii"), found)
    elif (
        where == "alternative"
        and kind.startswith("text/")
        and not is_file
        and kind not in ("text/plain", "text/html")
        and _read_alternative(data, kind, parameters, found)
    ) or (where == "multilingual" and kind == "message/rfc822" and _read_translation(data, head, found)):
        return
    else:
        _read_file(data, kind, filename, head.get("content-id", ""), disposition.lower(), found)


def _plain_text(data: bytes, parameters: dict[str, str], found: _Found) -> str:
    text = _characters(data, parameters.get("charset", "us-ascii"), found)
    if parameters.get("format", "").lower() != "flowed":
        return text
    found.is_flowed = True
    return flowed.unflow(text, delete_space=parameters.get("delsp", "").lower() == "yes")


def _read_alternative(data: bytes, kind: str, parameters: dict[str, str], found: _Found) -> bool:
    """Whether the part is a further form of the body that could be written again."""
    text = _characters(data, parameters.get("charset", "utf-8"), found)
    others = tuple((name, value) for name, value in parameters.items() if name != "charset")
    try:
        found.alternatives.append(Alternative(text, kind, others))
    except MessageError as error:
        found.defects.append(str(error))
        return False
    return True


def _read_translation(data: bytes, head: dict[str, str], found: _Found) -> bool:
    """Whether the part is a version of the message in another language (RFC 8255 3.2)."""
    try:
        inner = read(data)
        if not inner["headers"]:
            return False
        authors = inner["headers"].addresses("From")
        kind = head.get("content-translation-type", "").lower()
        version = Translation(
            head.get("content-language", ""),
            inner["headers"].get("Subject", ""),
            inner["text"],
            inner["html"],
            authors[0] if authors else None,
            TranslationType(kind) if kind in set(TranslationType) else None,
        )
    except MessageError:
        return False  # it is kept as a file then
    found.translations.append(version)
    found.defects += inner["defects"]
    return True


def _children(body: bytes, boundary: bytes, found: _Found) -> Iterable[bytes]:
    """The parts between the boundary's lines (RFC 2046 5.1.1); a missing end is a defect, not a loss."""
    mark = re.compile(rb"(?:^|\r\n)--" + re.escape(boundary) + rb"(--)?[ \t]*(?=\r\n|$)")
    start: int | None = None
    for line in mark.finditer(body):
        if start is not None:
            if found.parts >= _MAX_PARTS:
                found.defects.append(f"only the first {_MAX_PARTS} parts are read")
                return
            yield body[start : line.start()] if line.start() > start else b""
        if line[1]:
            return
        start = line.end() + 2
    if start is None:
        found.defects.append("a multipart without any part")
    else:
        found.defects.append("a multipart without its end")
        yield body[start:]


def _read_file(data: bytes, kind: str, filename: str, cid: str, disposition: str, found: _Found) -> None:
    if kind.startswith("multipart/"):
        found.defects.append("a multipart without boundary is kept as a file")
        kind = mediatype.UNKNOWN
    name = replace_controls(filename, by="_").rpartition("/")[2].rpartition("\\")[2]
    if name != filename:
        found.defects.append(f"an unsafe file name: {filename[:60]!r}")
    cid = cid.strip("<> ")
    try:
        # What HTML can show is embedded; a text or a message is no picture, whatever it calls itself.
        is_embedded = disposition != "attachment" and cid and not kind.startswith(("text/", "message/"))
        attachment = Attachment(
            data,
            filename=name,
            type=kind,
            cid=cid if is_embedded else "",
            inline=disposition == "inline" and not is_embedded,
        )
    except MessageError as error:
        found.defects.append(str(error))
        attachment = Attachment(data, filename=name.encode("ascii", "replace").decode(), type=mediatype.UNKNOWN)
    (found.embedded if attachment.cid else found.attachments).append(attachment)


def _characters(data: bytes, name: str, found: _Found) -> str:
    text = charset.decode(data, "utf-8" if name.lower() in ("us-ascii", "ascii") else name)
    if text is None:
        found.defects.append(f"text that is not {name}")
        text = data.decode("utf-8", "replace")
    return text.replace("\r\n", "\n")
