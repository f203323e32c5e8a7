"""Style sheets of the template folders: ``<link rel="stylesheet" href="styles/mail.css">`` becomes a style block.

Nothing is fetched: an address with a scheme stays as it is. No path leaves the template folders.
"""

import re
from collections.abc import Callable
from html import unescape
from posixpath import dirname, join, normpath

from mailkit.errors import MessageError
from mailkit.template.slot import MARK

__all__ = ["embed_sheets", "unknown_sheet"]

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


def embed_sheets(html: str, read: _Read) -> str:
    """Return ``html`` with the sheets in it that ``read`` finds by their paths. Raises MessageError."""
    hidden = [found.span() for found in _COMMENT.finditer(html)]

    def embedded(link: re.Match[str]) -> str:
        attributes = {
            found[1].lower(): found[2] or found[3] or found[4] or "" for found in _ATTRIBUTE.finditer(link["rest"])
        }
        path = unescape(attributes.get("href", "")).strip()
        is_sheet = "stylesheet" in attributes.get("rel", "").lower().split()
        if not is_sheet or not path or _SCHEME.match(path) or MARK in path:
            return link[0]
        if any(start <= link.start() < end for start, end in hidden):
            return link[0]
        sheet = _sheet(normpath(path), read, ())
        media = attributes.get("media", "").replace('"', "&quot;")
        kept = f' media="{media}"' if media and media.lower() != "all" else ""
        return f"<style{kept}>\n{sheet.rstrip()}\n</style>"

    return _LINK.sub(embedded, html)


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
