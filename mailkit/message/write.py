"""A message as bytes: the only writer of headers and MIME in mailkit (RFC 5322, 2045-2047, 2183, 2231, 2387, 8255).

Theory of operation. Nothing here reads a clock or rolls a die: dates and ids were put into the headers when the message
was built, and boundaries are derived from the header, so the same message gives the same bytes on every machine and
every version of Python. Lines end in CRLF throughout.
"""

import hashlib
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache

from mailkit.message import fields
from mailkit.message.address import Address, quoted_phrase
from mailkit.message.fields import Kind
from mailkit.message.headers import Field, Headers
from mailkit.message.shape import Inner, Leaf, Multipart, Parameters, Part
from mailkit.message.stored import StoredBody
from mailkit.message.wire import Wire
from mailkit.mime import encodedword, parameter, transfer
from mailkit.mime.bodytype import BodyType
from mailkit.mime.fold import LINE_LENGTH, fold, raw_tokens, text_tokens

__all__ = ["write", "write_field"]

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# What the tree says about itself: a parsed message that is written anew has its old words for it in the headers.
_OF_THE_TREE = frozenset(("content-type", "content-transfer-encoding", "content-disposition", "content-id"))


def write(headers: Headers, tree: Part) -> Wire:
    """Return the message as it goes over the wire."""
    lines = [write_field(field) for field in headers.fields if field.key not in _OF_THE_TREE]
    if "MIME-Version" not in headers:
        lines.append("MIME-Version: 1.0\r\n")
    head = "".join(lines).encode()
    pieces: list[bytes | StoredBody] = [head]
    if isinstance(tree, Leaf):
        _write_leaf(tree, pieces)
        body = transfer.body_type(tree.body.encoding)
    else:
        body = _demand(tree)
        _write_part(tree, _Boundaries(head, tree), pieces)
    last = pieces[-1]
    if not isinstance(last, bytes) or not last.endswith(b"\r\n"):
        pieces.append(b"\r\n")
    return Wire.of(pieces, body=body, needs_smtputf8=not head.isascii())


def write_field(field: Field) -> str:
    """Return one header field with its line end."""
    name, value = field.name, field.value
    if isinstance(value, str):
        if fields.kind(field.key) is Kind.TEXT:
            return fold(name, text_tokens(value, column=len(name) + 1))
        if len(name) + len(value) + 2 <= LINE_LENGTH:
            return f"{name}: {value}\r\n"
        return fold(name, raw_tokens(value))
    if isinstance(value, datetime):
        return f"{name}: {_date(value)}\r\n"
    return _write_addresses(name, value)


@lru_cache(maxsize=512)
def _write_addresses(name: str, addresses: tuple[Address, ...]) -> str:
    if len(addresses) == 1:
        return fold(name, _mailbox(addresses[0], len(name) + 1))
    tokens: list[str] = []
    column = len(name) + 1
    for address in addresses:
        if tokens:
            tokens[-1] += ","
        tokens.extend(_mailbox(address, column))
        column = 1
    return fold(name, tokens)


def _date(moment: datetime) -> str:
    """RFC 5322 3.3. A time without offset is taken as UTC, and says so by ``-0000``."""
    offset = moment.utcoffset()
    if offset is None:
        zone = "-0000"
    else:
        minutes = int(offset.total_seconds()) // 60
        zone = f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}{abs(minutes) % 60:02}"
    _, _, _, hour, minute, second, weekday, _, _ = moment.timetuple()
    day = f"{_DAYS[weekday]}, {moment.day:02} {_MONTHS[moment.month - 1]} {moment.year:04}"
    return f"{day} {hour:02}:{minute:02}:{second:02} {zone}"


@lru_cache(maxsize=512)
def _mailbox(address: Address, column: int) -> tuple[str, ...]:
    """The tokens of one mailbox. Only the display name is ever encoded: an encoded address reaches nobody."""
    if not address.name:
        return (f" {address.wire}",)
    # A local part outside ASCII stays raw UTF-8 (RFC 6532); the envelope then asks for SMTPUTF8.
    wire = f" <{address.wire}>"
    # Readers strip white space around a name, even inside quotes; inside an encoded word they do not.
    if encodedword.is_plain(address.name) and address.name == address.name.strip(" \t"):
        phrase = quoted_phrase(address.name)
        # A quoted string stays whole: some readers keep the fold inside it as part of the name.
        tokens = [f" {phrase}"] if phrase[:1] == '"' else raw_tokens(phrase)
        if max(map(len, tokens)) <= LINE_LENGTH:
            return (*tokens, wire)
    words = encodedword.encode(address.name, first=LINE_LENGTH - 1 - column)
    return (*(" " + word for word in words), wire)


class _Boundaries:
    """Boundaries that stand nowhere in the parts. ``=_`` occurs in no base64 and no quoted-printable (RFC 2045 6.7)."""

    def __init__(self, head: bytes, tree: Part) -> None:
        bodies = [leaf.body for leaf in _leaves(tree) if leaf.body.encoding in ("7bit", "8bit", "binary")]
        self._used = 0
        attempt = 0
        while True:
            self._stem = "=_" + hashlib.sha256(head + b"%d" % attempt).hexdigest()[:30]
            mark = self._stem.encode()
            if not any(body.holds(mark) if isinstance(body, StoredBody) else mark in body.data for body in bodies):
                return
            attempt += 1

    def next(self) -> str:
        self._used += 1
        return f"{self._stem}{self._used:02x}"


def _leaves(part: Part) -> Iterator[Leaf]:
    if isinstance(part, Leaf):
        yield part
    elif isinstance(part, Inner):
        yield from _leaves(part.tree)
    else:
        for child in part.parts:
            yield from _leaves(child)


def _demand(part: Part) -> BodyType:
    """A part demands what the most demanding part in it does (RFC 2045 6.4)."""
    return max((transfer.body_type(leaf.body.encoding) for leaf in _leaves(part)), key=lambda kind: kind.rank)


def _write_part(part: Part, boundaries: _Boundaries, pieces: list[bytes | StoredBody]) -> None:
    """Append the part's own fields, the empty line and its body; the last line has no end yet."""
    if isinstance(part, Leaf):
        _write_leaf(part, pieces)
    elif isinstance(part, Inner):
        _write_inner(part, boundaries, pieces)
    else:
        _write_multipart(part, boundaries, pieces)


def _write_leaf(part: Leaf, pieces: list[bytes | StoredBody]) -> None:
    kind, parameters, body, disposition, filename, cid = part
    pieces.append(_leaf_head(kind, parameters, body.encoding, disposition, filename, cid))
    pieces.append(body if isinstance(body, StoredBody) else body.data)


def _write_multipart(part: Multipart, boundaries: _Boundaries, pieces: list[bytes | StoredBody]) -> None:
    boundary = boundaries.next()
    first = part.parts[0]
    kind = first.type if isinstance(first, Leaf) else f"multipart/{getattr(first, 'subtype', '')}"
    head = _multipart_head(part.subtype, kind, _ENCODINGS[_demand(part)])
    pieces.append(head.replace(_DUMMY, boundary).encode())
    delimiter = f"--{boundary}\r\n".encode()
    for child in part.parts:
        pieces.append(delimiter)
        _write_part(child, boundaries, pieces)
        pieces.append(b"\r\n")
    pieces.append(f"--{boundary}--\r\n".encode())


_DUMMY = "=_" + "0" * 32
_ENCODINGS = {BodyType.SEVEN_BIT: "", BodyType.EIGHT_BIT: "8bit", BodyType.BINARY: "binary"}


@lru_cache(maxsize=64)
def _multipart_head(subtype: str, first: str, encoding: str) -> str:
    named = {"boundary": _DUMMY}
    if subtype == "related":
        named["type"] = first  # RFC 2387 3.1
    line = fold("Content-Type", [f" multipart/{subtype}", *parameter.tokens(named)])
    return f"{line}Content-Transfer-Encoding: {encoding}\r\n\r\n" if encoding else f"{line}\r\n"


def _write_inner(part: Inner, boundaries: _Boundaries, pieces: list[bytes | StoredBody]) -> None:
    """One language of the message (RFC 8255 3.2): its own subject, and the author when it is written differently."""
    version = part.translation
    lines = ["Content-Type: message/rfc822\r\n"]
    if encoding := _ENCODINGS[_demand(part)]:
        lines.append(f"Content-Transfer-Encoding: {encoding}\r\n")
    lines.append(f"Content-Language: {version.language}\r\n")
    if version.kind:
        lines.append(f"Content-Translation-Type: {version.kind}\r\n")
    lines.append("Content-Disposition: inline\r\n\r\n")
    if version.author:
        lines.append(_write_addresses("From", (version.author,)))
    lines.append(write_field(Field("Subject", version.subject)))
    lines.append("MIME-Version: 1.0\r\n")
    pieces.append("".join(lines).encode())
    _write_part(part.tree, boundaries, pieces)


@lru_cache(maxsize=512)
def _leaf_head(kind: str, parameters: Parameters, encoding: str, disposition: str, filename: str, cid: str) -> bytes:
    """The fields of a part. Those of bodies, and of files that go to many, are the same in every message."""
    lines = [fold("Content-Type", [f" {kind}", *parameter.tokens(dict(parameters))])]
    lines.append(f"Content-Transfer-Encoding: {encoding}\r\n")
    if disposition:
        named = {"filename": filename} if filename else {}
        lines.append(fold("Content-Disposition", [f" {disposition}", *parameter.tokens(named)]))
    if cid:
        lines.append(fold("Content-ID", [f" <{cid}>"]))
    return ("".join(lines) + "\r\n").encode()
