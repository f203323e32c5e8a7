"""What a body demands of the servers that carry it (RFC 6152, RFC 3030)."""

from enum import StrEnum

__all__ = ["BodyType"]


class BodyType(StrEnum):
    """The values of BODY= in MAIL FROM, from the least demanding to the most."""

    SEVEN_BIT = "7BIT"
    """ASCII in lines: every server takes it."""
    EIGHT_BIT = "8BITMIME"
    """Any bytes but NUL, in lines of at most 998 (RFC 6152)."""
    BINARY = "BINARYMIME"
    """Anything; sent in counted chunks, because no line ends it (RFC 3030)."""

    @property
    def rank(self) -> int:
        """How much it demands: a type holds everything that one of a lower rank holds."""
        return _RANKS[self]


_RANKS = {kind: rank for rank, kind in enumerate(BodyType)}
