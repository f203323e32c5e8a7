"""The HTML of a mail as a browser may show it: as it is, but alone, and without a way to the outside.

Theory of operation. Nothing is sanitised, since who previews a mail wants to see that mail. What keeps it harmless is the answer's
header: a ``sandbox`` without scripts and without an origin, and a policy by which it can load nothing, until the person has
asked for images. It holds in the page's frame and in a tab of its own alike. What such a policy does not cover is taken out here:
``<link>``, which can look up names ahead of time, and ``<meta http-equiv>``, which can lead elsewhere.
"""

import base64
import re
from collections.abc import Iterable
from enum import StrEnum

from mailkit.message import Attachment

__all__ = ["Scheme", "content_policy", "framed", "remote_count"]

_MOST_EMBEDDED = 10_000_000  # bytes of pictures that are written into the HTML


class Scheme(StrEnum):
    """In which colours a mail is shown."""

    LIGHT = "light"
    DARK = "dark"
    """As the mail itself has it for the dark."""
    FORCED = "forced"
    """As clients make it that turn the colours of any mail round."""


_SANDBOX = "sandbox allow-popups allow-popups-to-escape-sandbox"
_CLOSED = "default-src 'none'; form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
_REMOTE = re.compile(
    r"""(?:\b(?:src|srcset|background|poster|data)\s*=\s*["']?\s*|url\(\s*["']?\s*|@import\s+["']?\s*)(?:https?:)?//""",
    re.IGNORECASE,
)
# Names of elements and attributes cannot be written in another way, as values can; so what they stand in need not be
# understood to rename them. Where a mail only talks of http-equiv, it reads x-http-equiv.
_DISARMED = re.compile(r"(?<=<)(?=(?:link|base)[\s/>])|(?=http-equiv)", re.IGNORECASE)
_CID = re.compile(r"""cid:([^\s"'()<>]{1,300})""", re.IGNORECASE)
_PREFERS = re.compile(r"prefers-color-scheme\s*:\s*(dark|light)", re.IGNORECASE)
_SUPPORTS_DARK = re.compile(r"color-scheme[^;>]{0,60}\bdark\b", re.IGNORECASE)
_HEAD = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (r"<head(?:\s[^>]{0,500})?>", r"<html(?:\s[^>]{0,2000})?>", r"<!doctype[^>]{0,500}>")
)
_FORCED = (
    "<style>html{background:#fff;filter:invert(1) hue-rotate(180deg)}"
    "img,picture,video,svg,[background],[style*='url(']{filter:invert(1) hue-rotate(180deg)}</style>"
)


def content_policy(*, images: bool = False) -> str:
    """Return the Content-Security-Policy under which a mail is shown; with ``images`` it may load what it asks for, but run nothing."""
    remote = " https: http:" if images else ""
    return f"{_SANDBOX}; {_CLOSED}; img-src data:{remote}; style-src 'unsafe-inline'{remote}; font-src data:{remote}; media-src data:{remote}"


def framed(html: str, pictures: Iterable[Attachment] = (), *, scheme: Scheme = Scheme.LIGHT) -> str:
    """Return the document to show: embedded pictures in their places, links for new tabs, and the colours of a ``scheme``."""
    html = _DISARMED.sub("x-", _embedded(html, pictures))  # in this order: a type is the mail's, too
    dark = scheme is Scheme.DARK
    html = _PREFERS.sub(lambda found: "min-width:0" if (found[1].lower() == "dark") is dark else "max-width:0", html)
    added = '<base target="_blank">'
    if dark and _SUPPORTS_DARK.search(html):
        added += "<style>:root{color-scheme:dark}</style>"
    elif scheme is Scheme.FORCED:
        added += _FORCED
    return _headed(html, added)


def remote_count(html: str) -> int:
    """Return how much the HTML would load from elsewhere."""
    return sum(1 for _ in _REMOTE.finditer(html))


def _embedded(html: str, pictures: Iterable[Attachment]) -> str:
    room = _MOST_EMBEDDED
    known: dict[str, str] = {}
    for picture in pictures:
        content = picture.content
        if picture.cid and picture.type.startswith("image/") and isinstance(content, bytes) and len(content) <= room:
            room -= len(content)
            known[picture.cid] = f"data:{picture.type.partition(';')[0]};base64,{base64.b64encode(content).decode()}"
    return _CID.sub(lambda found: known.get(found[1], found[0]), html) if known else html


def _headed(html: str, added: str) -> str:
    """Put ``added`` where the head begins. In front of a doctype it would change how the whole mail is laid out."""
    for pattern in _HEAD:
        if found := pattern.search(html[:20_000]):
            return html[: found.end()] + added + html[found.end() :]
    return added + html
