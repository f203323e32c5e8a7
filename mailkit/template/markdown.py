"""Markdown in templates: a tag around template text, and a filter for text from elsewhere.

What stands between ``{% markdown %}`` and ``{% endmarkdown %}`` is template text: Jinja renders it first, with tokens in
the place of values (:mod:`~mailkit.template.trace`), so a value is never read as Markdown and cannot add a link or a
heading; white space around it counts as one space. The filter, ``{{ comment | markdown }}``, is for text that is meant
to be Markdown; HTML in it is shown as text.
"""

import re
from collections.abc import Callable, Iterator
from functools import cache, lru_cache
from textwrap import dedent
from typing import Any

from jinja2 import nodes
from jinja2.ext import Extension
from jinja2.parser import Parser
from markupsafe import Markup

from mailkit.errors import ConfigError
from mailkit.template.slot import MARK, TOKEN
from mailkit.template.source import is_page
from mailkit.template.trace import Captured, LookedAtError, current

__all__ = ["MarkdownTag", "markdown"]

_EDGES = re.compile(r"\A\s+|\s+\Z")
_AUTOLINK = re.compile(f"<({TOKEN.pattern})>")


@cache
def _reader(is_trusted: bool) -> Callable[[str], str]:
    try:
        from markdown_it import MarkdownIt
    except ImportError:
        raise ConfigError(
            "Markdown needs another package", hint="Install it: pip install 'mailkit-compose[markdown]'."
        ) from None
    return MarkdownIt("commonmark", {"html": is_trusted}).enable(["table", "strikethrough"]).render


@lru_cache(maxsize=256)
def _converted(text: str) -> str:
    # <{{ link }}> is a link; left alone, its token would be taken for the name of a tag.
    return _reader(True)(_AUTOLINK.sub(r"[\1](\1)", dedent(text)))


def markdown(text: Any) -> Markup:
    """Return the HTML of Markdown that somebody else wrote."""
    return Markup(_reader(False)(str(text)))  # noqa: S704 - HTML in it has been escaped


def _outputs(node: nodes.Node) -> Iterator[nodes.Output]:
    if isinstance(node, nodes.Output):
        yield node
    yield from node.find_all(nodes.Output)


class MarkdownTag(Extension):
    """``{% markdown %} … {% endmarkdown %}``."""

    tags = {"markdown"}  # noqa: RUF012 - Jinja's interface

    def parse(self, parser: Parser) -> nodes.Node:
        line = next(parser.stream).lineno
        if parser.name and not is_page(parser.name):
            parser.fail("Markdown makes HTML, and this is text", line)
        body = parser.parse_statements(("name:endmarkdown",), drop_needle=True)
        for output in (found for node in body for found in _outputs(node)):
            output.nodes = [
                one if isinstance(one, nodes.TemplateData) else self.call_method("_said", [one], lineno=one.lineno)
                for one in output.nodes
            ]
        return nodes.CallBlock(self.call_method("_convert"), [], [], body).set_lineno(line)

    def _said(self, value: Any) -> Any:
        """A value as it goes into Markdown. That this is called also keeps loops from being shared as HTML."""
        if type(value) is Captured:
            return value
        if hasattr(value, "__html__"):
            markup = Markup(value)  # noqa: S704 - it says so itself
            if "<" in markup or MARK in markup:
                return markup
            value = markup.unescape()  # without a tag in it it is text, as from {{ names | join(", ") }}
        # Line breaks at its ends would end the paragraph, and blanks behind them begin a block of code.
        return _EDGES.sub(" ", str(value))

    def _convert(self, caller: Callable[[], str]) -> Markup:
        slots = current()
        if slots is None:
            raise LookedAtError("values in Markdown need tokens in their place")
        outer, slots.is_markdown = slots.is_markdown, True
        try:
            text = str(caller())
        finally:
            slots.is_markdown = outer
        return Markup(_converted(slots.whole(text)))  # noqa: S704 - the template's own text
