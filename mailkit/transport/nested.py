"""URLs inside a URL: ``failover(smtp://a roundrobin(smtp://b smtp://c))?dead_for=60`` taken apart."""

import re
from typing import NamedTuple

from mailkit.errors import ConfigError

__all__ = ["Nested", "nested"]

_OPENING = re.compile(r"\s*([A-Za-z][A-Za-z0-9+.-]*)\(")
_MEMBER = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*[:(]")
# "smtp://ada:two words@host" falls apart into two; the second half must not be shown.
_TORN = re.compile(r"[^/(?]*@[^/(]*")
_DEEPEST = 10


class Nested(NamedTuple):
    """The name before the parentheses, the URLs within, the options behind."""

    scheme: str
    members: list[str]
    query: str


def nested(text: str) -> Nested | None:
    """Take ``text`` apart, or return None when it is no such URL. Raises ConfigError, which shows nothing from within."""
    opening = _OPENING.match(text)
    if opening is None:
        return None
    scheme = opening[1].lower()
    members, end = _members(scheme, text, opening.end())
    rest = text[end:].strip()
    if rest[:1] not in ("", "?"):
        raise _unbalanced(scheme)
    for number, member in enumerate(members, 1):
        if _MEMBER.match(member) is None or _TORN.fullmatch(member):
            raise ConfigError(
                f"what stands at place {number} within {scheme}(…) is not a transport URL",
                hint="URLs are separated by spaces; in a password write a space as %20. Write folders as ./name or /name.",
            )
    return Nested(scheme, members, rest[1:])


def _members(scheme: str, text: str, start: int) -> tuple[list[str], int]:
    """Cut at white space outside inner parentheses; return the pieces, and the place behind the closing one."""
    members: list[str] = []
    depth, begin = 1, start
    for place in range(start, len(text)):
        sign = text[place]
        if sign == "(":
            depth += 1
            if depth > _DEEPEST:
                raise ConfigError(f"transports within {scheme}(…) are nested more than {_DEEPEST} deep")
        elif sign == ")":
            depth -= 1
        if (depth == 1 and sign.isspace()) or depth == 0:
            if piece := text[begin:place].strip():
                members.append(piece)
            begin = place + 1
        if depth == 0:
            return members, begin
    raise _unbalanced(scheme)


def _unbalanced(scheme: str) -> ConfigError:
    return ConfigError(
        f"the parentheses of {scheme}(…) do not match",
        hint="In a password write '(' as %28 and ')' as %29.",
    )
