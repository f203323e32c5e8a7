"""Mailboxes and groups as they are found in text (RFC 5322 3.4), and what an address may contain.

That is decided by email-validator, except that whatever two programs may take for two different mailboxes is refused.
"""

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple, TypeAlias

from mailkit.errors import AddressError, MessageError
from mailkit.mime import domain as domains
from mailkit.mime.control import CONTROL, refuse_controls

__all__ = [
    "ITEM",
    "MAX_LENGTH",
    "PLAIN_LENGTH",
    "WORD",
    "Entry",
    "Grouped",
    "Mailbox",
    "checked",
    "excerpt",
    "flat",
    "is_ordinary",
    "plain",
    "refuse",
]

MAX_LENGTH = 1_000  # no address is longer than 254 (RFC 5321 4.5.3.1.3); escapes in quotes are dropped before counting
PLAIN_LENGTH = 64  # so short that no limit of RFC 5321 4.5.3.1 or RFC 1035 2.3.4 (a label: 63) is in reach

_ATEXT = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]"
_DOT_ATOM = rf"{_ATEXT}++(?:\.{_ATEXT}++)*+"
# Host names without "--" (Punycode and the labels of RFC 5890 2.3.1 are decided with care), not ending in a number.
_LABEL = r"[A-Za-z0-9]++(?:-[A-Za-z0-9]++)*+"
_HOST = rf"(?:{_LABEL}\.)*+(?![0-9]++(?![A-Za-z0-9-])){_LABEL}"
WORD = r'[^ \t()<>@,;:\\"\[\]]++'  # atoms, with the dots between them (obs-phrase), in any script
# What nearly all mailboxes are like; the long way, in scan.py, reads them the same (a property test compares).
_PLAIN = rf'(?:(?:"([^"\\]*+)" ?|({WORD}(?: {WORD})*+) ?)?(<))?({_DOT_ATOM}@{_HOST})(?(3)>)'

_WHOLE = re.compile(_PLAIN)
_LOCAL = re.compile(_DOT_ATOM)
_ENCODED = re.compile(r"=\?[^?]+\?[BbQq]\?[^?]*\?=")
_MARKS = frozenset('()<>@,;:\\"[] ')
ITEM = re.compile(rf"[ \t,]*+{_PLAIN}[ \t]*+(?=[,;]|\Z)")


class Mailbox(NamedTuple):
    """A mailbox as it was found; ``at`` is where its address begins."""

    name: str
    email: str
    at: int
    is_plain: bool = False
    """Whether the address is so ordinary that nothing about it is left to decide."""


class Grouped(NamedTuple):
    """A group as it was found."""

    name: str
    members: list[Mailbox]
    at: int


Entry: TypeAlias = Mailbox | Grouped


def flat(entries: list[Entry]) -> list[Mailbox]:
    """Return the mailboxes, those in groups too."""
    found: list[Mailbox] = []
    for entry in entries:
        if isinstance(entry, Mailbox):
            found.append(entry)
        else:
            found += entry.members
    return found


def plain(text: str) -> tuple[str, str] | None:
    """Return the name and the address when ``text`` is one mailbox of the most ordinary kind."""
    found = _WHOLE.fullmatch(text)
    if found is None or "=?" in text or not text.isprintable() or len(found[4]) > PLAIN_LENGTH:
        return None
    return found[1] or found[2] or "", found[4]


def refuse(text: str, *, field: str) -> None:
    """Raise AddressError with the position of a control character."""
    try:
        refuse_controls(text, field=field)
    except MessageError as error:
        found = CONTROL.search(text)
        position = found.start() if found else 0
        raise AddressError(error.problem, text=text, position=position, hint=error.hint) from None


def excerpt(text: str, position: int = 0) -> str:
    """Return ``text`` as an error shows it: short, with what stands around ``position``."""
    if len(text) <= 80:
        return repr(text)
    start = max(0, min(position - 40, len(text) - 77))
    shown = text[start : start + 77]
    return repr(f"{'...' if start else ''}{shown}{'...' if start + 77 < len(text) else ''}")


def is_ordinary(email: str) -> bool:
    """Whether nothing is left to decide. By the same rules as in the long way; a property test holds them together."""
    if "=?" in email:
        return False
    if (whole := plain(email)) and whole[1] == email:
        return True
    local, _, domain = email.rpartition("@")
    return (
        len(local) <= 64
        and _LOCAL.fullmatch(local) is not None
        and domains.is_plain(domain)
        and not domain.rpartition(".")[2].isdigit()
        and "--" not in domain
        and len(email) <= 254
    )


@lru_cache(maxsize=1024)
def checked(email: str) -> str:
    """Return the address in the form that mailkit keeps, or raise AddressError."""
    if is_ordinary(email):
        return email
    refuse(email, field="address")
    local, at, domain = email.rpartition("@")
    if not at:
        problem, position, hint = "has no @", len(email), "Write it as name@example.com."
    elif len(email) > MAX_LENGTH:
        problem, position, hint = f"is not an address: it has {len(email):,} characters", MAX_LENGTH, ""
    elif _ENCODED.search(local):
        # Python's parser, for one, decodes it, and then sees another mailbox (RFC 2047 5 forbids it here).
        problem, position, hint = "is not an address: an encoded word stands for a name, never for an address", 0, ""
    else:
        return _validated(local, domain)
    raise AddressError(f"{excerpt(email)} {problem}", text=email, position=position, hint=hint)


def _validated(local: str, domain: str) -> str:
    from email_validator import EmailNotValidError, validate_email  # here: it costs 50 ms that plain mail never needs

    email = f"{local}@{domain}"
    # email-validator refuses localhost and .local, where mail is developed, so it is not asked about host names.
    is_host = domains.is_plain(domain) and "--" not in domain and len(email) <= 254
    try:
        valid = validate_email(
            f"{local}@example.com" if is_host else email,
            check_deliverability=False,
            allow_quoted_local=True,
            allow_domain_literal=True,
            globally_deliverable=False,
            test_environment=True,  # .test too is where mail is developed
        )
    except EmailNotValidError as error:
        raise AddressError(f"{excerpt(email)} is not an address: {_sentence(error)}", text=email) from None
    if not is_host:
        _refuse_lookalikes(email, domain)
        domain = valid.domain
    if domain.rpartition(".")[2].isdigit():
        raise AddressError(
            f"{excerpt(email)} is not an address: no domain ends in a number",
            text=email,
            hint="Write name@[192.0.2.1].",
        )
    if not local.isascii() and any(_MARKS & set(unicodedata.normalize("NFKC", one)) for one in local if one > "\x7f"):
        raise AddressError(
            f"{excerpt(email)} is not an address: a letter before the @ is read as a mark of ASCII by some programs",
            text=email,
        )
    # A quoted local part may hold another address; only the last @ counts, and quotes go only where none are needed.
    return f"{valid.local_part}@{domain}"


def _refuse_lookalikes(email: str, domain: str) -> None:
    """Refuse a domain that IDNA would write with other letters, such as ``.`` for ``。``.

    A program that does not map them (UTS 46) sees another domain. Only the case of letters and the order of their
    accents (NFC) may differ (RFC 5895 2).
    """
    if domain.isascii():
        return
    import idna

    letters = [unicodedata.normalize("NFC", letter.lower()) for letter in domain]
    lowered = unicodedata.normalize("NFC", "".join(letters))
    mapped = idna.uts46_remap(domain, std3_rules=False, transitional=False)
    # The sign for kelvin is a k in lower case.
    is_other = any(new.isascii() and not old.isascii() for old, new in zip(domain, letters, strict=True))
    if is_other or mapped != lowered:
        raise AddressError(
            f"{excerpt(email)} is not an address: its domain has letters that are read as others",
            text=email,
            hint=f"If {mapped!r} is meant, write that.",
        )


def _sentence(error: Exception) -> str:
    text = str(error).strip()
    return text[:1].lower() + text[1:]
