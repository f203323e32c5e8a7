"""What the selectors of a rule make use of: combinators, classes, pseudo-classes and the like."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

__all__ = ["selector_marks"]

_VENDOR = re.compile(r"^-(?:webkit|moz|ms|o)-")
_COMBINATORS = {">": "selector:child", "+": "selector:adjacent", "~": "selector:sibling", ",": "selector:grouping"}
_OLD_PSEUDO_ELEMENTS = ("before", "after", "first-line", "first-letter")  # CSS 2 wrote them with one colon
_WITH_SELECTORS = ("is", "where", "not", "has")


def selector_marks(prelude: Iterable[Any]) -> Iterator[tuple[str, int]]:
    """Go through the marks of the tokens before a block, and of selectors within ``:not()`` and its like."""
    waiting = [prelude]
    while waiting:
        yield from _Compound().read(waiting.pop(), waiting)


class _Compound:
    """Where we are between two combinators."""

    def __init__(self) -> None:
        self._begin()
        self._has_space = False

    def _begin(self) -> None:
        self._is_empty = True
        self._simple = 0  # classes, ids and attributes
        self._colons = 0
        self._is_dotted = False

    def read(self, tokens: Iterable[Any], within: list[Iterable[Any]]) -> Iterator[tuple[str, int]]:
        for token in tokens:
            if token.type in ("whitespace", "comment"):
                self._has_space = True
                continue
            sign = str(token.value) if token.type == "literal" else ""
            if sign in _COMBINATORS:
                yield _COMBINATORS[sign], token.source_line
                self._begin()
            else:
                if self._has_space and not self._is_empty:
                    yield "selector:descendant", token.source_line
                    self._begin()
                for mark in self._of(token, sign, within):
                    yield mark, token.source_line
                self._is_empty = False
            self._has_space = False

    def _of(self, token: Any, sign: str, within: list[Iterable[Any]]) -> Iterator[str]:
        if sign == ":":
            self._colons += 1
        elif sign == ".":
            self._is_dotted = True
        elif self._colons:
            yield from self._pseudo(token, within)
        elif self._is_dotted:
            self._is_dotted = False
            yield from self._simple_one("class")
        elif token.type == "hash":
            yield from self._simple_one("id")
        elif token.type == "[] block":
            yield from self._simple_one("attribute")
        elif token.type == "ident":
            yield "selector:type"
        elif sign == "*":
            yield "selector:universal"
        elif sign == "&":
            yield "nesting"

    def _simple_one(self, kind: str) -> Iterator[str]:
        yield f"selector:{kind}"
        self._simple += 1
        if self._simple == 2:
            yield "selector:chaining"

    def _pseudo(self, token: Any, within: list[Iterable[Any]]) -> Iterator[str]:
        colons, self._colons = self._colons, 0
        if token.type not in ("ident", "function"):
            return
        name = _VENDOR.sub("", token.lower_value if token.type == "ident" else token.lower_name)
        yield f"pseudo-{'element' if colons > 1 or name in _OLD_PSEUDO_ELEMENTS else 'class'}:{name}"
        if token.type == "function" and name in _WITH_SELECTORS:
            within.append(token.arguments)
