"""Style sheets of the template folders: ``<link rel="stylesheet" href="styles/mail.css">`` becomes a style block.

Nothing is fetched: an address with a scheme stays as it is. No path leaves the template folders.
"""

import re
from collections.abc import Callable

from mailkit.errors import MessageError
from mailkit.template.slot import MARK

__all__ = ["embed_sheets"]

_LINK = re.compile(r"<link\b(?P<rest>(?:[^>\"']|\"[^\"]*\"|'[^']*')*)>", re.IGNORECASE)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_ATTRIBUTE = re.compile(r"([^\s=\"'/]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))")
_IMPORT = re.compile(r"@import\s+(?:url\(\s*)?[\"']?([^\"')\s;]+)[\"']?\s*\)?\s*([^;]*);", re.IGNORECASE)
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
        path = attributes.get("href", "").strip()
        is_sheet = "stylesheet" in attributes.get("rel", "").lower().split()
        if not is_sheet or not path or _SCHEME.match(path) or MARK in path:
            return link[0]
        if any(start <= link.start() < end for start, end in hidden):
            return link[0]
        sheet = _sheet(path, read, ())
        media = attributes.get("media", "")
        kept = f' media="{media}"' if media and media.lower() != "all" else ""
        return f"<style{kept}>\n{sheet.rstrip()}\n</style>"

    return _LINK.sub(embedded, html)


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
        if _SCHEME.match(found[1]):
            return found[0]
        inner = _sheet("/".join([*path.split("/")[:-1], found[1]]), read, (*above, path))
        return f"@media {found[2].strip()} {{\n{inner}\n}}" if found[2].strip() else inner

    return _IMPORT.sub(imported, text)
