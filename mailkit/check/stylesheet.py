"""What a piece of CSS makes use of: marks such as ``property:float`` or ``unit:vh``, each with its line."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from mailkit.check.image import image_marks
from mailkit.check.selector import selector_marks
from mailkit.errors import ConfigError

__all__ = ["Mark", "marks_of_declarations", "marks_of_stylesheet"]

Mark = tuple[str, int]
_Node = Any  # a node of tinycss2, which has no types

_VENDOR = re.compile(r"^-(?:webkit|moz|ms|o)-")
_BOUND = re.compile(r"^(?:min-|max-)")
_REPEATING = re.compile(r"^repeating-")
_KEYFRAMES = "keyframes"


def _css() -> Any:
    try:
        import tinycss2
    except ImportError:
        raise ConfigError(
            "checking CSS needs another package", hint="Install it: pip install 'mailkit-compose[check]'."
        ) from None
    return tinycss2


def marks_of_stylesheet(css: str, line: int = 1) -> Iterator[Mark]:
    """Go through what a stylesheet uses that begins on ``line``. Raises ConfigError when tinycss2 is not installed."""
    return _of_blocks(_css().parse_stylesheet(css, skip_whitespace=True), line - 1, is_nested=False)


def marks_of_declarations(css: str, line: int = 1) -> Iterator[Mark]:
    """Go through what a ``style`` attribute uses. Raises ConfigError when tinycss2 is not installed."""
    return _of_blocks(_css().parse_blocks_contents(css, skip_whitespace=True), line - 1, is_nested=False)


def _of_blocks(nodes: Iterable[_Node], above: int, *, is_nested: bool) -> Iterator[Mark]:
    """Rules and declarations. A stack of its own: a stylesheet may nest deeper than Python calls."""
    parse = _css().parse_blocks_contents
    waiting = [(nodes, is_nested, False)]
    while waiting:
        nodes, is_nested, are_frames = waiting.pop()
        for node in nodes:
            line = node.source_line + above
            if node.type == "declaration":
                yield from _of_declaration(node, above)
            elif node.type == "comment":
                yield "css-comment", line
            elif node.type == "qualified-rule":
                yield from _comments(node.prelude, above)
                if not are_frames:
                    yield from ((mark, at + above) for mark, at in selector_marks(node.prelude))
                if is_nested:
                    yield "nesting", line
                waiting.append((parse(node.content, skip_whitespace=True), not are_frames, False))
            elif node.type == "at-rule":
                name = _VENDOR.sub("", node.lower_at_keyword)
                yield f"at:{name}", line
                yield from _comments(node.prelude, above)
                if name == "media":
                    yield from _of_media(node.prelude, above)
                if node.content is not None:
                    # What stands in @media stands where @media stands; only a rule within a rule is nested.
                    waiting.append((parse(node.content, skip_whitespace=True), is_nested, name == _KEYFRAMES))


def _of_declaration(node: _Node, above: int) -> Iterator[Mark]:
    line = node.source_line + above
    if node.name.startswith("--"):
        yield "property:--", line
    name = _VENDOR.sub("", node.lower_name)
    yield f"property:{name}", line
    if node.important:
        yield "important", line
    for token in _flat(node.value):
        line = token.source_line + above
        if token.type == "ident":
            value = _VENDOR.sub("", token.lower_value)
            yield f"value:{name}:{value}", line
            yield f"keyword:{value}", line
        elif token.type == "function":
            yield f"function:{_REPEATING.sub('', _VENDOR.sub('', token.lower_name))}", line
            if token.lower_name == "url":
                yield from ((mark, line) for one in token.arguments[:1] for mark in image_marks(_string(one)))
        elif token.type == "dimension":
            yield f"unit:{token.lower_unit}", line
        elif token.type == "percentage":
            yield "unit:%", line
        elif token.type == "url":
            yield from ((mark, line) for mark in image_marks(token.value))
        elif token.type == "comment":
            yield "css-comment", line


def _string(token: _Node) -> str:
    return str(token.value) if token.type == "string" else ""


def _flat(nodes: Iterable[_Node]) -> Iterator[_Node]:
    """The tokens, and those within functions and brackets, however deep."""
    waiting = [iter(nodes)]
    while waiting:
        for node in waiting[-1]:
            yield node
            inner = node.arguments if node.type == "function" else getattr(node, "content", None)
            if inner:
                waiting.append(iter(inner))
                break
        else:
            waiting.pop()


def _comments(nodes: Iterable[_Node], above: int) -> Iterator[Mark]:
    return (("css-comment", node.source_line + above) for node in _flat(nodes) if node.type == "comment")


def _of_media(prelude: Iterable[_Node], above: int) -> Iterator[Mark]:
    """What is asked of the screen."""
    for token in _flat(prelude):
        if token.type == "ident":
            yield f"media:{_BOUND.sub('', _VENDOR.sub('', token.lower_value))}", token.source_line + above
