"""A message as bytes: the only writer of headers and MIME in mailkit (RFC 5322, 2045-2047, 2183, 2231, 2387, 8255).

Theory of operation. Nothing here reads a clock or rolls a die: dates and ids were put into the headers when the message
was built, and boundaries are derived from the header, so the same message gives the same bytes on every machine and
every version of Python. Lines end in CRLF throughout.
"""

import hashlib
from datetime import datetime
from functools import lru_cache

from mailkit.message.address import Address, mailbox_tokens
from mailkit.message.fields import Kind
from mailkit.message.group import Recipient
from mailkit.message.headers import Field, Headers
from mailkit.message.shape import Inner, Leaf, Multipart, Parameters, Part
from mailkit.message.stored import StoredBody
from mailkit.message.wire import Wire
from mailkit.mime import parameter, transfer
from mailkit.mime.bodytype import BodyType
from mailkit.mime.fold import LINE_LENGTH, fold, raw_tokens, stays, text_tokens

__all__ = ["write", "write_field"]

_TEXT, _SEVEN_BIT = Kind.TEXT, BodyType.SEVEN_BIT  # looked up once: in the class that costs a call on Python 3.11
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# What the tree says about itself: a parsed message that is written anew has its old words for it in the headers.
_OF_THE_TREE = frozenset(("content-type", "content-transfer-encoding", "content-disposition", "content-id"))


def write(headers: Headers, tree: Part) -> Wire:
    """Return the message as it goes over the wire."""
    lines = [field.line or write_field(field) for field in headers.fields if field.rule.key not in _OF_THE_TREE]
    # A builder puts it last.
    if not headers.fields or (headers.fields[-1].rule.key != "mime-version" and "MIME-Version" not in headers):
        lines.append("MIME-Version: 1.0\r\n")
    head = "".join(lines).encode()
    needs_smtputf8 = not head.isascii()
    if isinstance(tree, Leaf):  # a plain text: nearly half of all messages
        content = tree.body.data  # type: ignore[union-attr]  # a text is in memory
        end = b"" if content.endswith(b"\r\n") else b"\r\n"
        data = b"".join((head, _head_of(tree), content, end))
        return Wire((data,), len(data), transfer.body_type(tree.body.encoding), needs_smtputf8)
    boundaries = _Boundaries(head, _leaves(tree))
    pieces: list[bytes | StoredBody] = [head]
    _write_part(tree, boundaries, pieces)
    return Wire.of(pieces, body=boundaries.demand, needs_smtputf8=needs_smtputf8)


def write_field(field: Field) -> str:
    """Return one header field with its line end."""
    name, value = field.name, field.value
    if isinstance(value, str):
        is_short = len(name) + len(value) + 2 <= LINE_LENGTH
        if field.rule.kind is not _TEXT:
            line = f"{name}: {value}\r\n" if is_short else fold(name, raw_tokens(value))
        elif is_short and stays(value):
            line = f"{name}: {value}\r\n"
        else:
            line = fold(name, text_tokens(value, column=len(name) + 1))
    elif isinstance(value, datetime):
        line = f"{name}: {_date(value)}\r\n"
    else:
        line = _addresses(name, value)
    object.__setattr__(field, "line", line)  # written once, however many messages carry it
    return line


def _addresses(name: str, recipients: tuple[Recipient, ...]) -> str:
    tokens: list[str] = []
    column = len(name) + 1
    for one in recipients:
        if tokens:
            tokens[-1] += ","
        tokens += mailbox_tokens(one, column) if isinstance(one, Address) else one.tokens(column)
        column = 1
    return fold(name, tokens)


def _date(moment: datetime) -> str:
    """RFC 5322 3.3. A time without offset is taken as UTC, and says so by ``-0000``."""
    iso = moment.isoformat(timespec="seconds")  # 2026-01-02T03:04:05+01:00
    zone = f"{iso[19:22]}{iso[23:25]}" or "-0000"
    day = f"{_DAYS[moment.weekday()]}, {iso[8:10]} {_MONTHS[moment.month - 1]} {iso[:4]}"
    return f"{day} {iso[11:19]} {zone}"


class _Boundaries:
    """Boundaries that stand nowhere in the parts. ``=_`` occurs in no base64 and no quoted-printable (RFC 2045 6.7)."""

    def __init__(self, head: bytes, leaves: list[Leaf]) -> None:
        bodies = [leaf.body for leaf in leaves if leaf.body.encoding in _UNGUARDED]
        self.demand = _demand(leaves)
        self._used = 0
        seed = head
        while True:
            self._stem = "=_" + hashlib.blake2b(seed, digest_size=15).hexdigest()
            mark = self._stem.encode()
            for body in bodies:
                if body.holds(mark) if isinstance(body, StoredBody) else mark in body.data:
                    break
            else:
                return
            seed = mark + seed

    def next(self) -> str:
        self._used += 1
        return f"{self._stem}{self._used:02x}"


_UNGUARDED = frozenset(("7bit", "8bit", "binary"))


def _leaves(part: Part) -> list[Leaf]:
    if isinstance(part, Leaf):
        return [part]
    parts = (part.tree,) if isinstance(part, Inner) else part.parts
    found: list[Leaf] = []
    for child in parts:
        if isinstance(child, Leaf):
            found.append(child)
        else:
            found += _leaves(child)
    return found


def _demand(leaves: list[Leaf]) -> BodyType:
    """A part demands what the most demanding part in it does (RFC 2045 6.4)."""
    encodings = {leaf.body.encoding for leaf in leaves}
    if "binary" in encodings:
        return BodyType.BINARY
    return BodyType.EIGHT_BIT if "8bit" in encodings else BodyType.SEVEN_BIT


def _write_part(part: Part, boundaries: _Boundaries, pieces: list[bytes | StoredBody]) -> None:
    """Append the part's own fields, the empty line and its body; the last line has no end yet."""
    if isinstance(part, Leaf):
        _write_leaf(part, pieces)
    elif isinstance(part, Inner):
        _write_inner(part, boundaries, pieces)
    else:
        _write_multipart(part, boundaries, pieces)


def _write_leaf(part: Leaf, pieces: list[bytes | StoredBody]) -> None:
    body = part.body
    pieces.append(_head_of(part))
    pieces.append(body if isinstance(body, StoredBody) else body.data)


def _head_of(part: Leaf) -> bytes:
    kind, parameters, body, disposition, filename, cid = part
    return _leaf_head(kind, parameters, body.encoding, disposition, filename, cid)


def _write_multipart(part: Multipart, boundaries: _Boundaries, pieces: list[bytes | StoredBody]) -> None:
    boundary = boundaries.next()
    first = part.parts[0]
    kind = first.type if isinstance(first, Leaf) else f"multipart/{getattr(first, 'subtype', '')}"
    encoding = "" if boundaries.demand is _SEVEN_BIT else _ENCODINGS[_demand(_leaves(part))]
    head = _multipart_head(part.subtype, kind, encoding)
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
    if encoding := _ENCODINGS[_demand(_leaves(part))]:
        lines.append(f"Content-Transfer-Encoding: {encoding}\r\n")
    lines.append(f"Content-Language: {version.language}\r\n")
    if version.kind:
        lines.append(f"Content-Translation-Type: {version.kind}\r\n")
    lines.append("Content-Disposition: inline\r\n\r\n")
    if version.author:
        lines.append(_addresses("From", (version.author,)))
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
