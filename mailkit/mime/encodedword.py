"""Encoded words: text outside ASCII in header fields (RFC 2047).

Subject: =?utf-8?q?Zo=C3=AB?= has arrived
"""

import re
from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64

from mailkit.mime import charset

__all__ = ["decode", "encode", "is_plain"]

_LIMIT = 75  # RFC 2047 2: an encoded word is at most 75 characters long
_OVERHEAD = len("=?utf-8?q??=")

# RFC 2047 5(3): the characters that Q leaves alone even inside a display name; the safe set for every position.
_Q_ESCAPED = re.compile(rb"[^A-Za-z0-9!*+/ -]+")

_WORD = re.compile(r"=\?([!-+\--<>@-~]+)\?([BbQq])\?([!->@-~]*)\?=")
_HEX = re.compile(rb"=([0-9A-Fa-f]{2})")
_GAP = re.compile(r"(=\?[^?\s]+\?[BbQq]\?[^?\s]*\?=)[ \t\r\n]+(?==\?[^?\s]+\?[BbQq]\?[^?\s]*\?=)")


def is_plain(text: str) -> bool:
    """Whether ``text`` can stand in a header as it is: ASCII, and nothing that a reader would take for an encoded word."""
    return text.isascii() and "=?" not in text


def encode(text: str, *, first: int = _LIMIT) -> list[str]:
    """Return the encoded words for ``text``, each at most 75 characters, the first at most ``first``.

    No character is split between two words (RFC 2047 5). Written after one another with a fold between, they read
    back as exactly ``text``: a reader drops the white space between encoded words (6.2).
    """
    data = text.encode()
    whole = _q(data)
    in_base64 = 4 * ((len(data) + 2) // 3)
    as_q = len(whole) <= in_base64
    room = max(_OVERHEAD + 12, first) - _OVERHEAD
    if (len(whole) if as_q else in_base64) <= room:  # nearly always one word is enough
        return [f"=?utf-8?q?{whole}?=" if as_q else _word(text, as_q=False)]
    words: list[str] = []
    start = size = raw = 0
    for position, character in enumerate(text):
        encoded = character.encode()
        cost = len(_q(encoded)) if as_q else len(encoded)
        full = size + cost > room if as_q else 4 * ((raw + cost + 2) // 3) > room
        if full:
            words.append(_word(text[start:position], as_q=as_q))
            start, size, raw, room = position, 0, 0, _LIMIT - _OVERHEAD
        size += cost
        raw += cost
    words.append(_word(text[start:], as_q=as_q))
    return words


def _word(text: str, *, as_q: bool) -> str:
    data = text.encode()
    if as_q:
        return f"=?utf-8?q?{_q(data)}?="
    return f"=?utf-8?b?{b2a_base64(data, newline=False).decode()}?="


def _q(data: bytes) -> str:
    return _Q_ESCAPED.sub(_escaped, data).replace(b" ", b"_").decode()


def _escaped(found: re.Match[bytes]) -> bytes:
    return b"=" + found[0].hex("=").upper().encode()


def decode(text: str) -> str:
    """Replace every encoded word in ``text`` by what it says; leave alone what cannot be decoded."""
    if "=?" not in text:
        return text
    pieces: list[tuple[str, bytearray] | str] = []
    position = 0
    text = _GAP.sub(r"\1", text)
    for found in _WORD.finditer(text):
        if found.start() > position:
            pieces.append(text[position : found.start()])
        raw = _payload(found[2], found[3])
        name = found[1].split("*")[0].lower()  # RFC 2231 5: a language may follow
        if raw is None:
            pieces.append(found[0])
        elif pieces and isinstance(pieces[-1], tuple) and pieces[-1][0] == name:
            # Broken senders split a character between two words; joining the bytes first heals that.
            pieces[-1][1].extend(raw)  # in place: a megabyte of words would be copied for each of them
        else:
            pieces.append((name, bytearray(raw)))
        position = found.end()
    pieces.append(text[position:])
    return "".join(piece if isinstance(piece, str) else _characters(piece[0], bytes(piece[1])) for piece in pieces)


def _payload(encoding: str, payload: str) -> bytes | None:
    if encoding in "Bb":
        try:
            return a2b_base64(payload + "=" * (-len(payload) % 4))
        except Base64Error:
            return None
    data = payload.replace("_", " ").encode("ascii", "replace")
    return _HEX.sub(lambda found: bytes([int(found[1], 16)]), data) if b"=" in data else data


def _characters(name: str, data: bytes) -> str:
    text = charset.decode(data, name)
    if text is not None:
        return text
    return data.decode("utf-8", "replace") if name in ("utf-8", "utf8") else data.decode("latin-1")
