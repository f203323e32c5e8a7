"""User names and passwords in one form, however they were typed (RFC 4013)."""

import stringprep
from unicodedata import ucd_3_2_0

__all__ = ["saslprep"]

# RFC 4013 2.3
_PROHIBITED = (
    stringprep.in_table_c12,
    stringprep.in_table_c21_c22,
    stringprep.in_table_c3,
    stringprep.in_table_c4,
    stringprep.in_table_c5,
    stringprep.in_table_c6,
    stringprep.in_table_c7,
    stringprep.in_table_c8,
    stringprep.in_table_c9,
)


def saslprep(text: str, *, is_stored: bool = True) -> str:
    """Return ``text`` as both sides write it. In a stored string, characters newer than Unicode 3.2 are refused.

    Raises ValueError, which does not show the text.

    >>> saslprep("I\\u00adX"), saslprep("\\u00aa"), saslprep("\\u2168")
    ('IX', 'a', 'IX')
    """
    if text.isascii() and text.isprintable():
        return text
    mapped = "".join(
        " " if stringprep.in_table_c12(sign) else sign for sign in text if not stringprep.in_table_b1(sign)
    )
    prepared = ucd_3_2_0.normalize("NFKC", mapped)
    for sign in prepared:
        if any(is_prohibited(sign) for is_prohibited in _PROHIBITED):
            raise ValueError("it has a character that no user name or password may have")
        if is_stored and stringprep.in_table_a1(sign):
            raise ValueError("it has a character that is newer than the rules for passwords")
    _check_direction(prepared)
    return prepared


def _check_direction(text: str) -> None:
    """RFC 3454 6: text that runs from right to left does so from end to end."""
    if not any(map(stringprep.in_table_d1, text)):
        return
    if any(map(stringprep.in_table_d2, text)) or not all(map(stringprep.in_table_d1, (text[0], text[-1]))):
        raise ValueError("it mixes scripts that run from right to left with others")
