"""A message as bytes: the only writer of headers and MIME in mailkit (RFC 5322, 2045-2047, 2183, 2231, 2387).

Theory of operation. Nothing here reads a clock or rolls a die: dates and ids were put into the headers when the message
was built, and boundaries are derived from the Message-ID, so the same message gives the same bytes on every machine and
every version of Python. Lines end in CRLF throughout.
"""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache

from mailkit.message import fields
from mailkit.message.address import Address, quoted_phrase
from mailkit.message.fields import Kind
from mailkit.message.headers import Field, Headers
from mailkit.message.shape import Leaf, Multipart, Part
from mailkit.mime import encodedword, parameter
from mailkit.mime.fold import LINE_LENGTH, fold, raw_tokens, text_tokens

__all__ = ["write", "write_field"]

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def write(headers: Headers, tree: Part) -> bytes:
    """Return the message as bytes."""
    seed = headers.get("Message-ID", "") + headers.get("Date", "")
    head = "".join([write_field(field) for field in headers.fields])
    pieces: list[bytes] = [head.encode()]
    _write_part(tree, seed, pieces)
    if not pieces[-1].endswith(b"\r\n"):
        pieces.append(b"\r\n")
    return b"".join(pieces)


def write_field(field: Field) -> str:
    """Return one header field with its line end."""
    name, value = field.name, field.value
    if isinstance(value, datetime):
        return f"{name}: {_date(value)}\r\n"
    if isinstance(value, tuple):
        return _write_addresses(name, value)
    if fields.kind(name) is Kind.TEXT:
        return fold(name, text_tokens(value, column=len(name) + 1))
    return fold(name, raw_tokens(value))


@lru_cache(maxsize=512)
def _write_addresses(name: str, addresses: tuple[Address, ...]) -> str:
    return fold(name, _address_tokens(addresses, len(name) + 1))


def _date(moment: datetime) -> str:
    """RFC 5322 3.3. A time without offset is taken as UTC, and says so by ``-0000``."""
    offset = moment.utcoffset()
    if offset is None:
        zone = "-0000"
    else:
        minutes = int(offset.total_seconds()) // 60
        zone = f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}{abs(minutes) % 60:02}"
    day, month = _DAYS[moment.weekday()], _MONTHS[moment.month - 1]
    time = f"{moment.hour:02}:{moment.minute:02}:{moment.second:02}"
    return f"{day}, {moment.day:02} {month} {moment.year:04} {time} {zone}"


def _address_tokens(addresses: Iterable[Address], column: int) -> list[str]:
    tokens: list[str] = []
    for number, address in enumerate(addresses):
        if number:
            tokens[-1] += ","
        written = _mailbox(address, column if not number else 1)
        tokens.extend(written)
    return tokens


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


def _write_part(part: Part, seed: str, pieces: list[bytes]) -> None:
    """Append the part's own fields, the empty line and its body; the last line has no end yet."""
    if isinstance(part, Leaf):
        parameters = tuple(part.parameters.items())
        head = _leaf_head(part.type, parameters, part.body.encoding, part.disposition, part.filename, part.cid)
        pieces.append(head)
        pieces.append(part.body.data)
        return
    inner: list[list[bytes]] = []
    for number, child in enumerate(part.parts):
        pieces_of_child: list[bytes] = []
        _write_part(child, f"{seed}.{number}", pieces_of_child)
        inner.append(pieces_of_child)
    boundary = _boundary(seed, part)
    named = {"boundary": boundary}
    if part.subtype == "related":
        named["type"] = _media_type(part.parts[0])  # RFC 2387 3.1
    line = fold("Content-Type", [f" multipart/{part.subtype}", *parameter.tokens(named)])
    pieces.append(f"{line}\r\n".encode())
    for child_pieces in inner:
        pieces.append(f"--{boundary}\r\n".encode())
        pieces.extend(child_pieces)
        pieces.append(b"\r\n")
    pieces.append(f"--{boundary}--\r\n".encode())


@lru_cache(maxsize=512)
def _leaf_head(
    kind: str, parameters: tuple[tuple[str, str], ...], encoding: str, disposition: str, filename: str, cid: str
) -> bytes:
    """The fields of a part. Those of bodies, and of files that go to many, are the same in every message."""
    lines = [fold("Content-Type", [f" {kind}", *parameter.tokens(dict(parameters))])]
    lines.append(f"Content-Transfer-Encoding: {encoding}\r\n")
    if disposition:
        named = {"filename": filename} if filename else {}
        lines.append(fold("Content-Disposition", [f" {disposition}", *parameter.tokens(named)]))
    if cid:
        lines.append(fold("Content-ID", [f" <{cid}>"]))
    return ("".join(lines) + "\r\n").encode()


def _media_type(part: Part) -> str:
    return part.type if isinstance(part, Leaf) else f"multipart/{part.subtype}"


def _boundary(seed: str, part: Multipart) -> str:
    """A boundary that stands nowhere in the parts. ``=_`` cannot occur in base64 or quoted-printable (RFC 2045 6.7)."""
    bodies = [leaf.body.data for leaf in _leaves(part) if leaf.body.encoding in ("7bit", "8bit")]
    attempt = 0
    while True:
        boundary = "=_" + hashlib.sha256(f"{seed}/{attempt}".encode()).hexdigest()[:32]
        mark = boundary.encode()
        if not any(mark in body for body in bodies):
            return boundary
        attempt += 1


def _leaves(part: Part) -> Iterable[Leaf]:
    if isinstance(part, Leaf):
        yield part
    else:
        for child in part.parts:
            yield from _leaves(child)
