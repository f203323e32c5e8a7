"""Bytes to characters, by the charset name that a stranger's message gives (RFC 2045 5, RFC 2047 2)."""

import codecs
import re

__all__ = ["decode"]

# Python codecs that are not charsets of mail: quadratic ones, and ones that read backslashes as a program does.
_NOT_CHARSETS = frozenset(("idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape"))

_SURROGATE = re.compile("[\ud800-\udfff]")


def decode(data: bytes, charset: str) -> str | None:
    """Return the characters, or None when the charset is unknown or ``data`` is not in it.

    Half characters, which UTF-7 lets through, become U+FFFD: nothing that is read can fail to be written.
    """
    try:
        codec = codecs.lookup(charset)
        if codec.name.replace("_", "-") in _NOT_CHARSETS:
            return None
        text = data.decode(charset)
    except (LookupError, ValueError):
        return None
    return _SURROGATE.sub("\ufffd", text)
