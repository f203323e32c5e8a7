"""How values are written at their places in a finished page: as the inliner would have written them there."""

import re
from collections.abc import Callable
from typing import TypeAlias
from urllib.parse import quote

from markupsafe import escape

from mailkit.template.scan import Where

__all__ = ["DIALECTS", "NotPlain", "Write", "escaped", "flowing", "lxml_address", "same", "verbatim"]

_SPACE = re.compile(r"[ \t\n]+")
_MANY_SPACES = re.compile(r"[\t\n]|  ")
_SPECIAL = re.compile('[&<>"\xa0]')
_BEYOND = re.compile("[^\x21-\x7e]")


class NotPlain(Exception):
    """A value that cannot be written at its place without having been through the inliner."""

    def __init__(self, why: str, number: int | None = None) -> None:
        super().__init__(why)
        self.number = number


def escaped(value: str) -> str:
    return str(escape(value))


def _quiet(value: str) -> str:
    """In a comment, which ends at two hyphens."""
    if "--" in value or value.startswith("-") or value.endswith("-"):
        raise NotPlain("hyphens in a comment")
    return escaped(value)


def _lxml_text(value: str) -> str:
    return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") if _SPECIAL.search(value) else value


def _lxml_attribute(value: str) -> str:
    if '"' in value:  # which decides about the quotes around it
        raise NotPlain("a quotation mark in an attribute")
    return _lxml_text(value)


def _lxml_link(value: str) -> str:
    return _lxml_attribute(lxml_address(value))


def lxml_address(value: str) -> str:
    if not _BEYOND.search(value):
        return value
    if _MANY_SPACES.search(value):
        raise NotPlain("white space in a URL")
    return _BEYOND.sub(lambda found: quote(found[0], safe=""), value)


def _html5_text(value: str) -> str:
    return _lxml_text(value).replace("\xa0", "&nbsp;") if _SPECIAL.search(value) else value


def _html5_attribute(value: str) -> str:
    if not _SPECIAL.search(value):
        return value
    return value.replace("&", "&amp;").replace("\xa0", "&nbsp;").replace('"', "&quot;")


def same(value: str) -> str:
    return value


def flowing(value: str) -> str:
    return _SPACE.sub(" ", value) if _MANY_SPACES.search(value) else value


def verbatim(value: str) -> str:
    if "\n" in value:
        raise NotPlain("a line break in preformatted text")
    return value


Write: TypeAlias = Callable[[str], str]
_TEXT, _ATTRIBUTE, _LINK, _COMMENT = Where.TEXT, Where.ATTRIBUTE, Where.LINK, Where.COMMENT
DIALECTS: dict[str, dict[Where, Write]] = {
    "premailer": {_TEXT: _lxml_text, _ATTRIBUTE: _lxml_attribute, _LINK: _lxml_link, _COMMENT: _quiet},
    "css-inline": {_TEXT: _html5_text, _ATTRIBUTE: _html5_attribute, _LINK: _html5_attribute, _COMMENT: _quiet},
    "none": {_TEXT: escaped, _ATTRIBUTE: escaped, _LINK: escaped, _COMMENT: _quiet},
}
"""How each inliner writes values; ``none`` leaves them as Jinja escapes them."""
