"""The path in MAIL and RCPT, as a server reads it (RFC 5321 4.1.2)."""

import re

__all__ = ["loose_path", "strict_path"]

_STRICT = re.compile(r'(FROM|TO):[ ]?<((?:[^<>"\s]|"(?:[^"\\]|\\.)*")*)>(.*)', re.IGNORECASE | re.DOTALL)
# Spaces where none belong, and no angle brackets: what programs write that never met a strict server.
_LOOSE = re.compile(
    r'(FROM|TO)\s*:\s*(?:<\s*((?:[^<>"\s]|"(?:[^"\\]|\\.)*")*)\s*>|([^<>"\s]+@[^<>"\s]+))(.*)',
    re.IGNORECASE | re.DOTALL,
)


def strict_path(keyword: str, argument: str) -> tuple[str, str] | None:
    """Return the address in ``FROM:<address>`` or ``TO:<address>`` and what follows it, or None when it is not written so."""
    found = _STRICT.fullmatch(argument)
    if found is None or found[1].upper() != keyword:
        return None
    return found[2], found[3]


def loose_path(keyword: str, argument: str) -> tuple[str, str] | None:
    """Return the same of what is not quite written so, but can mean nothing else."""
    found = _LOOSE.fullmatch(argument)
    if found is None or found[1].upper() != keyword:
        return None
    return found[2] or found[3] or "", found[4]
