"""From which line of which template each line of a page is: for who is told that a line of the page is wrong.

Theory of operation. The page is rendered once more, with a mark before each piece of a template's own text and before each
value. A mark names file and line. Then the marks are taken out, and what they said of the places where they stood is kept.
It is the page before its CSS is inlined, since that is what its author wrote. Where the marks have changed the page (a template
may look at what it has captured) nothing is told.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import jinja2
from jinja2 import nodes
from jinja2.visitor import NodeTransformer

from mailkit.template.sheet import linked, read_sheet
from mailkit.template.slot import MARK

__all__ = ["NOWHERE", "MarkingEnvironment", "Origin", "Origins", "origins"]

_MARK = re.compile(rf"{MARK}([0-9a-f]*)l([0-9]+)z")
_BREAK = re.compile(r"\n|(?<!\n)(?=<[a-zA-Z])")


class Origin(NamedTuple):
    """A line of a file in the template places; 0 says that it has none."""

    name: str
    line: int


NOWHERE = Origin("", 0)


@dataclass(frozen=True, slots=True)
class Origins:
    """A page before its CSS is inlined, with each tag at the beginning of a line, and where each of its lines is from."""

    html: str = ""
    lines: tuple[Origin, ...] = ()

    def of(self, line: int) -> Origin:
        """Return where a line is from, counted from 1; :data:`NOWHERE` where that is not known."""
        return self.lines[line - 1] if 0 < line <= len(self.lines) else NOWHERE

    @property
    def files(self) -> tuple[str, ...]:
        """The files that the page is made of, each once."""
        return tuple(dict.fromkeys(origin.name for origin in self.lines if origin.name))


class _Marker(NodeTransformer):
    """Puts the marks into a template's syntax tree."""

    def __init__(self, name: str) -> None:
        self._name = name.encode().hex()

    def visit_Output(self, node: nodes.Output) -> nodes.Node:
        self.generic_visit(node)
        made: list[nodes.Expr] = []
        for child in node.nodes:
            if isinstance(child, nodes.TemplateData):
                pieces = child.data.splitlines(keepends=True)
                text = "".join(self._mark(child.lineno + index) + piece for index, piece in enumerate(pieces))
                made.append(nodes.TemplateData(text, lineno=child.lineno))
            else:
                made += [nodes.TemplateData(self._mark(child.lineno), lineno=child.lineno), child]
        node.nodes = made
        return node

    def _mark(self, line: int) -> str:
        return f"{MARK}{self._name}l{line}z"


class MarkingEnvironment(jinja2.Environment):
    """Compiles pages so that they print marks; text templates are left as they are."""

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        if self.autoescape(name) if callable(self.autoescape) else self.autoescape:
            _Marker(name or "").visit(tree)
        return tree


def origins(marked: str, plain: str, read: Callable[[str], bytes | None]) -> Origins:
    """Return what the marks in a page say, if it is the same page without them. Raises MessageError for a style sheet."""
    html, places = _unmarked(marked)
    if "".join(html.split()) != "".join(plain.split()):
        return Origins()
    made: list[tuple[str, Origin]] = []
    end = 0
    for link in linked(html):
        made += _broken(html, end, link.start, places)
        made.append((link.tag, _at(places, link.start)))
        made += _of_sheet(link.path, read)
        made.append(("</style>", _at(places, link.start)))
        end = link.end
    made += _broken(html, end, len(html), places)
    return Origins("\n".join(text for text, _ in made), tuple(origin for _, origin in made))


def _unmarked(marked: str) -> tuple[str, list[tuple[int, Origin]]]:
    """The page without its marks, and from which place on each of them holds."""
    pieces: list[str] = []
    places: list[tuple[int, Origin]] = []
    length = end = 0
    for mark in _MARK.finditer(marked):
        pieces.append(marked[end : mark.start()])
        length += mark.start() - end
        places.append((length, Origin(bytes.fromhex(mark[1]).decode(), int(mark[2]))))
        end = mark.end()
    return "".join([*pieces, marked[end:]]), places


def _broken(html: str, start: int, end: int, places: list[tuple[int, Origin]]) -> Iterator[tuple[str, Origin]]:
    """Lines, with a break before each tag too: what several templates have written in one line is told apart."""
    if start == end:
        return
    starts = [start, *(found.end() for found in _BREAK.finditer(html, start, end) if start < found.end() < end)]
    for begin, stop in pairwise([*starts, end]):
        yield html[begin:stop].removesuffix("\n"), _at(places, begin)


def _at(places: list[tuple[int, Origin]], offset: int) -> Origin:
    index = bisect_right(places, offset, key=lambda place: place[0])
    return places[index - 1][1] if index else NOWHERE


def _of_sheet(path: str, read: Callable[[str], bytes | None]) -> Iterator[tuple[str, Origin]]:
    text = read_sheet(path, read)
    own = (read(path) or b"").decode("utf-8-sig", "replace")
    is_whole = own.rstrip() == text  # nothing is imported into it, so that its lines are where they were
    for number, line in enumerate(text.split("\n"), start=1):
        yield line, Origin(path, number if is_whole else 0)
