"""Content transfer encodings (RFC 2045 6): how a body becomes lines that every relay carries unharmed.

The line-ending policy of mailkit is here: in text, each of CR, LF and CRLF becomes CRLF; in binary data nothing is touched.
"""

import quopri
import re
from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64, b2a_qp
from dataclasses import dataclass

from mailkit.mime.fold import HARD_LIMIT

__all__ = ["Encoded", "canonical", "decode", "encode_binary", "encode_text", "is_seven_bit"]

_ANY_LINE_END = re.compile(r"\r\n|\r|\n")
_TOO_LONG = re.compile(rb"[^\r\n]{%d}" % (HARD_LIMIT + 1))
_BASE64_LINE = 57  # bytes: 76 characters of base64 (RFC 2045 6.8)


@dataclass(frozen=True, slots=True)
class Encoded:
    """A body ready for the wire: the name for Content-Transfer-Encoding, and CRLF lines without a final line end."""

    encoding: str
    data: bytes


def canonical(text: str) -> str:
    """Return ``text`` with every line end as CRLF."""
    if "\r" not in text:
        return text.replace("\n", "\r\n")
    return _ANY_LINE_END.sub("\r\n", text)


def is_seven_bit(data: bytes) -> bool:
    """Whether CRLF lines are legal as ``7bit``: ASCII without NUL, no line over 998."""
    return data.isascii() and is_eight_bit(data)


def is_eight_bit(data: bytes) -> bool:
    """Whether CRLF lines are legal as ``8bit``: no NUL, no line over 998."""
    return b"\0" not in data and _TOO_LONG.search(data) is None


def encode_text(text: str) -> Encoded:
    """Encode text as the cheapest of 7bit, quoted-printable and base64 that carries it exactly.

    Raises UnicodeEncodeError for a lone surrogate, which no encoding can carry.
    """
    data = canonical(text).encode()
    if is_seven_bit(data):
        return Encoded("7bit", data)
    # Quoted-printable stays readable in the source and costs two more bytes for each byte outside ASCII; base64
    # costs a third of everything. The cheaper one wins.
    others = len(data) - len(data.decode("ascii", "ignore")) + data.count(b"=")
    if 2 * others > len(data) // 3:
        return Encoded("base64", base64_lines(data))
    return Encoded("quoted-printable", _quoted_printable(data))


def encode_binary(data: bytes) -> Encoded:
    """Encode bytes as base64, which every relay leaves alone."""
    return Encoded("base64", base64_lines(data))


def base64_lines(data: bytes) -> bytes:
    if len(data) <= _BASE64_LINE:
        return b2a_base64(data, newline=False)
    whole = b2a_base64(data, newline=False)
    return b"\r\n".join([whole[start : start + 76] for start in range(0, len(whole), 76)])


def _quoted_printable(data: bytes) -> bytes:
    # b2a_qp copies the line end that it finds first, and writes bare LF for soft breaks when it finds none.
    encoded = b2a_qp(data, quotetabs=False, istext=True, header=False)
    if b"\r\n" not in data:
        encoded = encoded.replace(b"=\n", b"=\r\n")
    return encoded


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
