"""Values of SMTP parameters that may hold anything: xtext (RFC 3461 4), and its kin for addresses in UTF-8 (RFC 6533 3)."""

import re

__all__ = ["decode", "decode_address", "encode", "encode_address"]

_XTEXT = re.compile(rb"(?:[!-*,-<>-~]|\+[0-9A-F]{2})*")
_HEX = re.compile(rb"\+([0-9A-F]{2})")
_OTHER = re.compile(rb"[^!-*,-<>-~]")

# RFC 6533 3: what is outside QCHAR is written as \x{HEXPOINT}. That is ASCII, and needs no SMTPUTF8.
_OUTSIDE_QCHAR = re.compile(r"[^!-*,-<>-\[\]-~]")
_POINT = re.compile(r"\\x\{((?:10|[0-9A-F])?[0-9A-F]{1,4})\}")
_UTF8_ADDRESS = re.compile(rf"(?:[!-*,-<>-\[\]-~]|[^\x00-\x7f]|{_POINT.pattern})*")


def encode(text: str) -> str:
    """Return ``text`` as xtext: ASCII without spaces, controls, ``+`` and ``=``.

    >>> encode("order 18+15")
    'order+2018+2B15'
    """
    return _OTHER.sub(lambda found: b"+%02X" % found[0][0], text.encode()).decode()


def decode(text: str) -> str | None:
    """Return what ``text`` stands for, or None when it is not xtext."""
    data = text.encode()
    if not _XTEXT.fullmatch(data):
        return None
    try:
        return _HEX.sub(lambda found: bytes([int(found[1], 16)]), data).decode()
    except UnicodeDecodeError:
        return None


def encode_address(text: str) -> str:
    r"""Return an address outside ASCII in the form that every server with DSN can carry.

    >>> encode_address("zoë@example.com")
    'zo\\x{EB}@example.com'
    """
    return _OUTSIDE_QCHAR.sub(lambda found: f"\\x{{{ord(found[0]):02X}}}", text)


def decode_address(text: str) -> str | None:
    """Return what ``text`` stands for, in either of its forms, or None when it is in none."""
    if not _UTF8_ADDRESS.fullmatch(text):
        return None
    decoded = _POINT.sub(lambda found: chr(int(found[1], 16)), text)
    return None if re.search("[\ud800-\udfff]", decoded) else decoded
