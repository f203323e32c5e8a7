"""HTML as its pieces, each with the line it stands on: the tokens of the HTML standard, in time linear in its length.

Python's own parser gives no lines of attributes, and takes the square of the length for some input; a mail may be hostile.
"""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["MOST_READ", "Attribute", "Comment", "Declaration", "Tag", "Text", "Token", "read"]


MOST_READ = 1_000_000
"""Characters of HTML, or of text, that checks look at: ten times what Gmail shows, and seconds of work at worst."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """``line`` is where the value begins."""

    name: str
    value: str
    line: int


@dataclass(frozen=True, slots=True)
class Tag:
    name: str
    attributes: tuple[Attribute, ...]
    line: int
    is_end: bool = False

    def get(self, name: str) -> str | None:
        """Return the value of an attribute; of two, browsers take the first."""
        return next((one.value for one in self.attributes if one.name == name), None)


@dataclass(frozen=True, slots=True)
class Text:
    """Characters between tags. ``within`` names the element in which they are no markup, such as style."""

    text: str
    line: int
    within: str = ""


@dataclass(frozen=True, slots=True)
class Comment:
    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Declaration:
    """What begins with ``<!`` or ``<?`` and is no comment: the DOCTYPE, or what browsers pass over."""

    text: str
    line: int


Token = Tag | Text | Comment | Declaration

_LETTER = re.compile(r"[a-zA-Z]")
_TAG_NAME = re.compile(r"[^\t\n\f />]+")
_BETWEEN = re.compile(r"[\t\n\f /]*")
_ATTRIBUTE = re.compile(r"(=?[^\t\n\f />=]*)[\t\n\f ]*(?:(=)[\t\n\f ]*)?")
_UNQUOTED = re.compile(r"[^\t\n\f >]*")
_COMMENT_END = re.compile(r"--!?>")
# Elements in which there is text only: with entities in the first two, without in the others.
_WITH_ENTITIES = ("title", "textarea")
_RAW = (*_WITH_ENTITIES, "style", "script", "xmp", "iframe", "noembed", "noframes")
_RAW_ENDS = {name: re.compile(rf"</{name}(?=[\t\n\f />])", re.IGNORECASE) for name in _RAW}


def read(markup: str) -> Iterator[Token]:
    """Go through the tokens of an HTML document or fragment; no input is an error."""
    return _Reader(markup.replace("\r\n", "\n").replace("\r", "\n")).tokens()


class _Reader:
    def __init__(self, markup: str) -> None:
        self._markup = markup
        self._at = 0
        self._counted = 0
        self._line = 1

    def tokens(self) -> Iterator[Token]:
        markup = self._markup
        while self._at < len(markup):
            begin = self._next_markup()
            if begin > self._at:
                line = self._line_of(self._at)
                yield Text(html.unescape(markup[self._at : begin]), line)
            self._at = begin
            if begin < len(markup):
                yield from self._marked()

    def _next_markup(self) -> int:
        """Where the next ``<`` is that opens something."""
        at = self._markup.find("<", self._at)
        while at >= 0:
            after = self._markup[at + 1 : at + 2]
            if after in ("!", "?", "/") or _LETTER.match(after):
                return at if after != "/" or at + 2 < len(self._markup) else len(self._markup)
            at = self._markup.find("<", at + 1)
        return len(self._markup)

    def _marked(self) -> Iterator[Token]:
        markup, begin = self._markup, self._at
        line = self._line_of(begin)
        if markup.startswith("<!--", begin):
            yield Comment(self._comment(), line)
            return
        is_end = markup.startswith("</", begin)
        name_at = begin + 2 if is_end else begin + 1
        if not _LETTER.match(markup, name_at):
            text = self._up_to(">", name_at)
            if not is_end:
                yield Declaration(text, line)
            elif text:
                yield Comment(text, line)
            return
        tag = self._tag(name_at, line, is_end)
        if tag is None:
            return  # the input ends within it: browsers show nothing of it
        yield tag
        if not is_end and tag.name in _RAW:
            yield from self._raw(tag.name)

    def _comment(self) -> str:
        begin = self._at + 4
        for short in (">", "->"):
            if self._markup.startswith(short, begin):
                self._at = begin + len(short)
                return ""
        end = _COMMENT_END.search(self._markup, begin)
        self._at = end.end() if end else len(self._markup)
        return self._markup[begin : end.start() if end else len(self._markup)]

    def _up_to(self, mark: str, begin: int) -> str:
        end = self._markup.find(mark, begin)
        self._at = end + 1 if end >= 0 else len(self._markup)
        return self._markup[begin : end if end >= 0 else len(self._markup)]

    def _tag(self, at: int, line: int, is_end: bool) -> Tag | None:
        markup = self._markup
        named = _TAG_NAME.match(markup, at)
        assert named, "a letter was there"
        attributes: dict[str, Attribute] = {}
        at = named.end()
        while True:
            between = _BETWEEN.match(markup, at)
            at = between.end() if between else at
            if at >= len(markup):
                self._at = len(markup)
                return None
            if markup[at] == ">":
                self._at = at + 1
                return Tag(named[0].lower(), tuple(attributes.values()), line, is_end)
            found = _ATTRIBUTE.match(markup, at)
            assert found, "it matches anything"
            begin, end, at = self._value(found) if found[2] else (found.end(), found.end(), found.end())
            if at < 0:
                self._at = len(markup)
                return None
            name = found[1].lower()
            if name not in attributes:
                attributes[name] = Attribute(name, html.unescape(markup[begin:end]), self._line_of(begin))

    def _value(self, found: re.Match[str]) -> tuple[int, int, int]:
        """Where a value begins and ends, and where to go on; -1 when its quotation mark is never closed."""
        at = found.end()
        quote = self._markup[at : at + 1]
        if quote in ("'", '"') and quote:
            end = self._markup.find(quote, at + 1)
            return at + 1, end, end + 1 if end >= 0 else -1
        end = found.end() if (plain := _UNQUOTED.match(self._markup, at)) is None else plain.end()
        return at, end, end

    def _raw(self, name: str) -> Iterator[Text]:
        begin = self._at
        end = _RAW_ENDS[name].search(self._markup, begin)
        self._at = end.start() if end else len(self._markup)
        if text := self._markup[begin : self._at]:
            line = self._line_of(begin)
            yield Text(html.unescape(text) if name in _WITH_ENTITIES else text, line, within=name)

    def _line_of(self, at: int) -> int:
        """The line of a place that is not before the one asked for last."""
        self._line += self._markup.count("\n", self._counted, at)
        self._counted = max(self._counted, at)
        return self._line
