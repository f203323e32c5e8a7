"""Content transfer encodings (RFC 2045 6): how a body becomes lines that every relay carries unharmed.

The line-ending policy of mailkit is here: in text, each of CR, LF and CRLF becomes CRLF; in binary data nothing is touched.
"""

import quopri
import re
from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64, b2a_qp
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from mailkit.mime.bodytype import BodyType
from mailkit.mime.fold import HARD_LIMIT

__all__ = [
    "Encoded",
    "base64_blocks",
    "base64_size",
    "body_type",
    "canonical",
    "decode",
    "encode_binary",
    "encode_message",
    "encode_text",
    "is_canonical",
]

_ANY_LINE_END = re.compile(rb"\r\n|\r|\n")
_BASE64_LINE = 57  # bytes: 76 characters of base64 (RFC 2045 6.8)
_QP_PLAIN = bytes([9, 10, 13, *range(32, 61), *range(62, 127)])
_SEVEN_BIT = BodyType.SEVEN_BIT  # looked up once: in its class that costs a call on Python 3.11
_DEMANDS = {"8bit": BodyType.EIGHT_BIT, "binary": BodyType.BINARY}


class Encoded(NamedTuple):
    """A body ready for the wire: the name for Content-Transfer-Encoding, and CRLF lines without a final line end."""

    encoding: str
    data: bytes


def body_type(encoding: str) -> BodyType:
    """Return what a transfer encoding demands of a server."""
    return _DEMANDS.get(encoding, _SEVEN_BIT)


def canonical(data: bytes) -> bytes:
    """Return ``data`` with every line end, CR, LF or CRLF, as CRLF."""
    return _ANY_LINE_END.sub(b"\r\n", data) if b"\r" in data else data.replace(b"\n", b"\r\n")


def is_canonical(data: bytes) -> bool:
    """Whether every CR and LF in ``data`` is a part of CRLF."""
    rest = data.replace(b"\r\n", b"")
    return b"\r" not in rest and b"\n" not in rest


def _fits_lines(data: bytes) -> bool:
    """Whether CRLF lines are legal as ``7bit`` or ``8bit``: no NUL, no line over 998."""
    if b"\0" in data:
        return False
    start, last = 0, len(data) - HARD_LIMIT
    while start < last:  # from one line end to the last that is near enough
        found = data.rfind(b"\r\n", start, start + HARD_LIMIT + 2)
        if found < 0:
            return False
        start = found + 2
    return True


def encode_text(text: str, *, limit: BodyType = BodyType.SEVEN_BIT) -> Encoded:
    """Encode text as the cheapest of 7bit, 8bit (if ``limit`` allows), quoted-printable and base64.

    Each carries it exactly. Raises UnicodeEncodeError for a lone surrogate, which no encoding can carry.
    """
    data = canonical(text.encode())
    is_ascii = text.isascii()
    if (is_ascii or limit is not _SEVEN_BIT) and _fits_lines(data):
        return Encoded("7bit" if is_ascii else "8bit", data)
    # Quoted-printable stays readable in the source and costs two more bytes for each byte it escapes; base64 costs a
    # third of everything. The cheaper one wins.
    if 2 * len(data.translate(None, _QP_PLAIN)) > len(data) // 3:
        return Encoded("base64", base64_lines(data))
    return Encoded("quoted-printable", _quoted_printable(data))


def encode_binary(data: bytes, *, limit: BodyType = BodyType.SEVEN_BIT) -> Encoded:
    """Encode bytes as base64, which every relay leaves alone; or not at all if ``limit`` allows."""
    if limit is BodyType.BINARY:
        return Encoded("binary", data)
    return Encoded("base64", base64_lines(data))


def encode_message(data: bytes) -> Encoded | None:
    """Encode a message inside a message, which may not be base64 (RFC 2046 5.2.1): as 7bit or 8bit.

    Returns None when it has a NUL or a line over 998 bytes, and so neither is legal.
    """
    data = canonical(data)
    if not _fits_lines(data):
        return None
    return Encoded("7bit" if data.isascii() else "8bit", data)


def base64_size(count: int) -> int:
    """Return how many bytes :func:`base64_blocks` makes of ``count`` bytes."""
    letters = (count + 2) // 3 * 4
    return letters + max(letters - 1, 0) // 76 * 2


def base64_blocks(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Encode a stream as base64, in blocks that joined are what :func:`encode_binary` makes of the whole."""
    rest = b""
    is_first = True
    for block in blocks:
        rest += block
        # A whole number of lines, with at least one byte left for the end, which has no line end.
        whole = (len(rest) - 1) // _BASE64_LINE * _BASE64_LINE if rest else 0
        if whole:
            yield (b"" if is_first else b"\r\n") + base64_lines(rest[:whole])
            rest = rest[whole:]
            is_first = False
    if rest:
        yield (b"" if is_first else b"\r\n") + base64_lines(rest)


def base64_lines(data: bytes) -> bytes:
    if len(data) <= _BASE64_LINE:
        return b2a_base64(data, newline=False)
    whole = b2a_base64(data, newline=False)
    return b"\r\n".join([whole[start : start + 76] for start in range(0, len(whole), 76)])


def _quoted_printable(data: bytes) -> bytes:
    # Line by line, because most lines of a template are the same in all its messages.
    lines = data.split(b"\n")  # each but the last with its CR
    return b"\n".join([_printable(line) if len(line) <= _REMEMBERED else _encoded_line(line) for line in lines])


def _encoded_line(line: bytes) -> bytes:
    # Without a line end to copy, b2a_qp writes bare LF for soft breaks; a CR alone it would escape.
    end = b"\r" if line.endswith(b"\r") else b""
    body = line[: len(line) - len(end)]
    return b2a_qp(body, quotetabs=False, istext=True, header=False).replace(b"=\n", b"=\r\n") + end


_REMEMBERED = 2_000  # bytes in a line; with the number of lines it bounds the memory
_printable = lru_cache(maxsize=8_192)(_encoded_line)


def decode(data: bytes, encoding: str) -> bytes:
    """Undo a transfer encoding, tolerantly: what cannot be decoded comes back as it is."""
    match encoding.strip().lower():
        case "base64":
            try:
                return a2b_base64(data)
            except Base64Error:
                # Real mail has base64 that is cut off or not padded; the whole bytes in it are still worth having.
                letters = re.sub(rb"[^A-Za-z0-9+/]", b"", data)
                whole = letters[: len(letters) - (len(letters) % 4 == 1)]
                return a2b_base64(whole + b"=" * (-len(whole) % 4))
        case "quoted-printable":
            return quopri.decodestring(data)
        case _:
            return data
