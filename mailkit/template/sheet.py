"""Style sheets of the template folders: ``<link rel="stylesheet" href="styles/mail.css">`` becomes a style block.

Nothing is fetched: an address with a scheme stays as it is. No path leaves the template folders.
"""

import re
from collections.abc import Callable, Iterator
from html import unescape
from posixpath import dirname, join, normpath
from typing import NamedTuple

from mailkit.errors import MessageError
from mailkit.template.slot import MARK

__all__ = ["Linked", "embed_sheets", "linked", "read_sheet", "unknown_sheet"]

_LINK = re.compile(r"<link\b(?P<rest>(?:[^>\"']|\"[^\"]*\"|'[^']*')*)>", re.IGNORECASE)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_ATTRIBUTE = re.compile(r"([^\s=\"'/]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))")
# Comments and strings come first: an @import in them is none.
_IMPORT = re.compile(
    r"/\*.*?(?:\*/|\Z)"
    r"|@import\s*(?P<path>url\(\s*(?:\"[^\"]*\"|'[^']*'|[^\"')\s]+)\s*\)|\"[^\"]*\"|'[^']*')(?P<media>[^;{}]*)(?:;|\Z)"
    r"|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'",
    re.IGNORECASE | re.DOTALL,
)
_URL = re.compile(r"url\(\s*(.*?)\s*\)", re.IGNORECASE | re.DOTALL)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:|//", re.IGNORECASE)
_DEPTH = 8

_Read = Callable[[str], bytes | None]


class Linked(NamedTuple):
    """A link to a style sheet of the template folders: where it stands in the page, and the tag that takes its place."""

    start: int
    end: int
    path: str
    tag: str


def linked(html: str) -> Iterator[Linked]:
    """Go through the links to style sheets of the template folders, in their order."""
    hidden = [found.span() for found in _COMMENT.finditer(html)]
    for link in _LINK.finditer(html):
        attributes = {
            found[1].lower(): found[2] or found[3] or found[4] or "" for found in _ATTRIBUTE.finditer(link["rest"])
        }
        path = unescape(attributes.get("href", "")).strip()
        is_sheet = "stylesheet" in attributes.get("rel", "").lower().split()
        if not is_sheet or not path or _SCHEME.match(path) or MARK in path:
            continue
        if any(start <= link.start() < end for start, end in hidden):
            continue
        media = attributes.get("media", "").replace('"', "&quot;")
        kept = f' media="{media}"' if media and media.lower() != "all" else ""
        yield Linked(link.start(), link.end(), normpath(path), f"<style{kept}>")


def read_sheet(path: str, read: _Read) -> str:
    """Return the text of a sheet, with those in it that it imports. Raises MessageError."""
    return _sheet(path, read, ()).rstrip()


def embed_sheets(html: str, read: _Read) -> str:
    """Return ``html`` with the sheets in it that ``read`` finds by their paths. Raises MessageError."""
    made, end = [], 0
    for link in linked(html):
        made += [html[end : link.start], f"{link.tag}\n{read_sheet(link.path, read)}\n</style>"]
        end = link.end
    return "".join([*made, html[end:]])


def unknown_sheet(html: str) -> str:
    """Return why it cannot be said which sheets a skeleton has; empty when it can."""
    for link in _LINK.finditer(html) if "<link" in html else ():
        if MARK in link[0] and "stylesheet" in link[0].lower():
            return "a value names a style sheet"
    return ""


def _sheet(path: str, read: _Read, above: tuple[str, ...]) -> str:
    if path in above or len(above) >= _DEPTH:
        raise MessageError(
            f"the style sheet {path!r} imports itself, or too deep", field="stylesheet", hint=" > ".join((*above, path))
        )
    data = read(path)
    if data is None:
        raise MessageError(
            f"there is no style sheet {path!r} in the template folders",
            field="stylesheet",
            hint="The path is relative to the template folder and cannot leave it.",
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise MessageError(f"the style sheet {path!r} is not UTF-8", field="stylesheet") from None
    if "</style" in text.lower():
        raise MessageError(f"the style sheet {path!r} would end its own element: </style", field="stylesheet")

    def imported(found: re.Match[str]) -> str:
        if not found["path"]:
            return found[0]
        wanted = _URL.sub(r"\1", found["path"]).strip("\"'").strip()
        if not wanted or _SCHEME.match(wanted):
            return found[0]
        inner = _sheet(normpath(join(dirname(path), wanted)), read, (*above, path))
        media = found["media"].strip()
        return f"@media {media} {{\n{inner}\n}}" if media else inner

    return _IMPORT.sub(imported, text)
