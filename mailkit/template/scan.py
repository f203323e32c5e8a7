"""Where in HTML the tokens stand: what is around each decides how its value is written there, or that it cannot be.

The scanner follows the tokenization of the HTML standard for well-formed markup. Where it does not understand the
markup it says so, for then parsers may differ too.
"""

import re
from collections.abc import Iterator
from enum import StrEnum

from mailkit.template.slot import MARK, TOKEN

__all__ = ["Where", "asks_for_attributes", "asks_for_text", "find_slots"]


class Where(StrEnum):
    """What a token stands in."""

    TEXT = "text"
    ATTRIBUTE = "an attribute"
    LINK = "a URL"
    COMMENT = "a comment"
    CLASS = "a class, id or style"
    OTHER = "an attribute that decides about the page"
    UNQUOTED = "an attribute without quotes"
    TAG = "the name of a tag or an attribute"
    RAW = "a style sheet or script"
    ENTITY = "a character reference"
    BROKEN = "markup that is not well-formed"

    @property
    def is_plain(self) -> bool:
        """Whether a value may stand there without a say in the structure."""
        return self in _PLAIN


_PLAIN = frozenset((Where.TEXT, Where.ATTRIBUTE, Where.LINK, Where.COMMENT))
_PIECE = re.compile(
    r"<!--(?P<comment>.*?)-->"
    r"|<(?P<end>/?)(?P<name>[a-zA-Z][^\s/>]*)(?P<rest>(?:[^>\"']|\"[^\"]*\"|'[^']*')*)>"
    r"|(?P<declaration><[!?][^>]*>)"
    r"|(?P<text>[^<]+)"
    r"|(?P<stray><)",
    re.DOTALL,
)
_ATTRIBUTE = re.compile(r"[\s/]*([^\s/>=]+)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s>\"']+)))?")
_RAW = frozenset(("style", "script", "xmp", "iframe", "noembed", "noframes", "noscript", "plaintext"))
_DECIDING_TAGS = frozenset(("meta", "link", "base", "html", "body", "style", "svg", "math", "template"))
_LINKS = frozenset(("href", "src", "action"))
_FREE = frozenset(
    ("alt", "title", "aria-label", "summary", "abbr", "datetime", "placeholder", "background", "width", "height")
)
_STYLED = frozenset(("class", "id", "style"))
_DECIDING_DATA = ("data-text", "data-premailer", "data-css-inline")
_IN_TEXT = re.compile(rf"&[#\w]*|{TOKEN.pattern}")
_SELECTED = re.compile(r"\[[^\[\]<>=]*=")
_ASKING_FOR_TEXT = (":contains", ":lang")


def find_slots(html: str) -> Iterator[tuple[int, Where]]:
    """Go through the tokens in ``html``: the number of each, and where it stands."""
    position = 0
    is_broken = False
    while position < len(html):
        piece = _PIECE.match(html, position)
        if piece is None:
            is_broken = True
            yield from ((number, Where.BROKEN) for number in _numbers(html[position:]))
            return
        position = piece.end()
        if piece["stray"]:
            is_broken = True
        if is_broken:
            yield from ((number, Where.BROKEN) for number in _numbers(piece[0]))
            continue
        if piece["comment"] is not None:
            where = Where.BROKEN if "--" in piece["comment"] else Where.COMMENT  # parsers do not agree on its end
            yield from ((number, where) for number in _numbers(piece["comment"]))
        elif piece["text"]:
            yield from _in_text(piece["text"], Where.TEXT)
        elif piece["declaration"]:
            yield from ((number, Where.TAG) for number in _numbers(piece["declaration"]))
        elif piece["name"]:
            if MARK in piece[0]:
                yield from _in_tag(piece)
            name = piece["name"].lower()
            if name in _RAW and not piece["end"]:
                end = re.compile(f"</{re.escape(name)}", re.IGNORECASE).search(html, position)
                stop = end.start() if end else len(html)
                yield from ((number, Where.RAW) for number in _numbers(html[position:stop]))
                position = stop


def _in_tag(piece: re.Match[str]) -> Iterator[tuple[int, Where]]:
    name, rest = piece["name"], piece["rest"]
    if MARK in name or piece["end"]:
        yield from ((number, Where.TAG) for number in _numbers(piece[0]))
        return
    for attribute in _ATTRIBUTE.finditer(rest):
        label, double, single, bare = attribute.groups()
        if MARK in label:
            yield from ((number, Where.TAG) for number in _numbers(label))
        if bare:
            yield from ((number, Where.UNQUOTED) for number in _numbers(bare))
        elif value := double or single:
            yield from _in_text(value, _attribute(name.lower(), label.lower()))


def _attribute(tag: str, label: str) -> Where:
    if label in _STYLED:
        return Where.CLASS
    if tag in _DECIDING_TAGS:
        return Where.OTHER
    if label in _LINKS:
        return Where.LINK
    free = label in _FREE or (label.startswith("data-") and not label.startswith(_DECIDING_DATA))
    return Where.ATTRIBUTE if free else Where.OTHER


def _in_text(text: str, where: Where) -> Iterator[tuple[int, Where]]:
    for piece in _IN_TEXT.finditer(text):
        if piece[1]:
            yield int(piece[1]), where
        else:  # "&" with all that could be the name behind it
            yield from ((number, Where.ENTITY) for number in _numbers(piece[0]))


def _numbers(text: str) -> Iterator[int]:
    return (int(token[1]) for token in TOKEN.finditer(text))


def asks_for_attributes(html: str) -> bool:
    """Whether a style sheet in ``html`` may ask for the value of an attribute."""
    return _SELECTED.search(html) is not None


def asks_for_text(html: str) -> bool:
    """Whether a style sheet in ``html`` may ask for what an element says."""
    return any(sign in html for sign in _ASKING_FOR_TEXT)
