"""Domain names for people and for the wire (IDNA 2008, RFC 5891).

``straße.de`` and ``strasse.de`` are two domains. IDNA 2003 mapped one to the other; this module never does.
"""

import re
from functools import lru_cache

__all__ = ["to_ascii", "to_unicode"]

_PLAIN = re.compile(
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
)


@lru_cache(maxsize=4096)
def to_ascii(domain: str) -> str:
    """Return the A-label form, in lower case. A domain literal such as ``[192.0.2.1]`` stays as it is.

    Raises ValueError for what is no domain name.
    """
    if domain.startswith("["):
        return domain
    if domain.isascii():
        return domain.lower()
    import idna  # here, because its tables are large and most mail never needs them

    try:
        return idna.encode(domain, uts46=True, transitional=False).decode()
    except idna.IDNAError as error:
        raise ValueError(str(error)) from None


@lru_cache(maxsize=4096)
def to_unicode(domain: str) -> str:
    """Return the form for people: ``xn--exmple-cua.com`` becomes ``exämple.com``. What cannot be read stays."""
    if "xn--" not in domain.lower():
        return domain
    import idna

    try:
        return idna.decode(domain)
    except idna.IDNAError:
        return domain


def is_plain(domain: str) -> bool:
    """Whether ``domain`` is an ordinary ASCII host name of letters, digits and hyphens, of legal length."""
    return len(domain) <= 253 and _PLAIN.fullmatch(domain) is not None
