"""The path in MAIL and RCPT, as a server reads it (RFC 5321 4.1.2)."""

import re

__all__ = ["loose_path", "strict_path"]

_STRICT = re.compile(r'(FROM|TO):[ ]?<((?:[^<>"\s]|"(?:[^"\\]|\\.)*")*)>(.*)', re.IGNORECASE | re.DOTALL)
# Spaces where none belong, and no angle brackets: what programs write that never met a strict server.
_LOOSE = re.compile(
    r'(FROM|TO)\s*:\s*(?:<\s*((?:[^<>"\s]|"(?:[^"\\]|\\.)*")*)\s*>|([^<>"\s]+@[^<>"\s]+))(.*)',
    re.IGNORECASE | re.DOTALL,
)
# Two addresses in the place of one make a recipient that nobody meant. A route in front of one has commas, too.
_SEVERAL = re.compile(r"^(?!@).*[,;]")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')


def strict_path(keyword: str, argument: str) -> tuple[str, str] | None:
    """Return the address in ``FROM:<address>`` or ``TO:<address>`` and what follows it, or None when it is not written so."""
    found = _STRICT.fullmatch(argument)
    if found is None or found[1].upper() != keyword or _SEVERAL.search(_QUOTED.sub("", found[2])):
        return None
    return found[2], found[3]


def loose_path(keyword: str, argument: str) -> tuple[str, str] | None:
    """Return the same of what is not quite written so, but can mean nothing else."""
    found = _LOOSE.fullmatch(argument)
    address = (found[2] or found[3] or "") if found else ""
    if found is None or found[1].upper() != keyword or _SEVERAL.search(_QUOTED.sub("", address)):
        return None
    return address, found[4]
