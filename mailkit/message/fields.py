"""What mailkit knows about header fields: which hold addresses, which may stand only once, and who sets them.

The tables follow RFC 5322 3.6, RFC 2045, RFC 2369, RFC 8058 and RFC 3834.
"""

import re
from enum import Enum
from functools import lru_cache
from typing import NamedTuple

from mailkit.errors import HeaderError

__all__ = ["Kind", "Rule", "rule"]


class Kind(Enum):
    """How the value of a field is written."""

    TEXT = "unstructured text; encoded words where needed"
    ADDRESSES = "a list of mailboxes and groups"
    MAILBOXES = "a list of mailboxes, where no group may stand (RFC 5322 3.6.2)"
    DATE = "a date and time"
    RAW = "tokens, ids or URIs in ASCII, folded but never encoded"


_KINDS = {
    **dict.fromkeys(
        ("to", "cc", "bcc", "reply-to", "resent-to", "resent-cc", "resent-bcc"),
        Kind.ADDRESSES,
    ),
    **dict.fromkeys(("from", "sender", "resent-from", "resent-sender", "disposition-notification-to"), Kind.MAILBOXES),
    **dict.fromkeys(("date", "resent-date"), Kind.DATE),
    **dict.fromkeys(
        (
            *(
                "message-id",
                "in-reply-to",
                "references",
                "resent-message-id",
                "mime-version",
                "return-path",
                "received",
            ),
            *("list-id", "list-unsubscribe", "list-unsubscribe-post", "list-subscribe", "list-archive", "list-post"),
            *("list-help", "list-owner", "auto-submitted", "precedence", "feedback-id", "dkim-signature"),
            *("importance", "x-priority", "x-auto-response-suppress"),
            *("content-type", "content-transfer-encoding", "content-disposition", "content-id", "content-language"),
        ),
        Kind.RAW,
    ),
}

# RFC 5322 3.6: these occur at most once; for the rest, RFC 2369 3.4, 8058 3.1, 3834 5 and 2045 say the same.
_UNIQUE = frozenset(
    (
        *(
            "date",
            "from",
            "sender",
            "reply-to",
            "to",
            "cc",
            "bcc",
            "message-id",
            "in-reply-to",
            "references",
            "subject",
        ),
        *("mime-version", "content-type", "content-transfer-encoding", "content-disposition", "content-id"),
        *("list-id", "list-unsubscribe", "list-unsubscribe-post", "list-subscribe", "list-archive", "list-post"),
        *("list-help", "list-owner", "auto-submitted", "precedence", "feedback-id", "return-path"),
        *("importance", "x-priority", "x-auto-response-suppress", "disposition-notification-to"),
    )
)

_OWNERS = {
    "bcc": "Use .bcc(...): blind copies belong to the envelope and are never written.",
    "resent-bcc": "Blind copies belong to the envelope and are never written.",
    "content-type": "The parts decide it: use .text(), .html(), .attach() or .embed().",
    "content-transfer-encoding": "mailkit chooses the cheapest legal one.",
    "content-disposition": "Use .attach() or .embed().",
    "content-id": "Use .embed(..., cid=...).",
    "mime-version": "mailkit always writes it.",
    "return-path": "Use .return_path(...): the receiving server writes this field from the envelope.",
}


# Readers of raw mail expect the usual order; RFC 5322 3.6 asks for none.
_ORDER = ("from", "sender", "reply-to", "to", "cc", "subject", "date", "message-id")
_PLACES = {key: place for place, key in enumerate(_ORDER)}

_NAME = re.compile(r"[!-9;-~]{1,200}")  # RFC 5322 2.2: printable ASCII without the colon


class Rule(NamedTuple):
    """What is known of the fields of one name."""

    key: str
    """The name in lower case, by which fields are looked up."""
    kind: Kind
    is_unique: bool
    place: int
    """Where such a field stands among the others."""
    owner: str
    """What to do instead when another step of the builder sets the field; empty when anybody may."""


@lru_cache(maxsize=1024)
def rule(name: str) -> Rule:
    """Return what is known of fields called ``name``. Raises HeaderError when no field can be called that."""
    if _NAME.fullmatch(name) is None:
        raise HeaderError("a header name is printable ASCII without spaces and colons (RFC 5322 2.2)", name=repr(name))
    key = name.lower()
    return Rule(key, _KINDS.get(key, Kind.TEXT), key in _UNIQUE, _PLACES.get(key, len(_ORDER)), _OWNERS.get(key, ""))
