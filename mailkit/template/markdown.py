"""Markdown in templates: a tag around template text, and a filter for text from elsewhere.

What stands between ``{% markdown %}`` and ``{% endmarkdown %}`` is template text: Jinja renders it first, with tokens in
the place of values (:mod:`~mailkit.template.trace`), so a value is never read as Markdown and cannot add a link or a
heading. The filter, ``{{ comment | markdown }}``, is for text that is meant to be Markdown; HTML in it is shown as text.
"""

import re
from collections.abc import Callable
from functools import cache, lru_cache
from textwrap import dedent
from typing import Any

from jinja2 import nodes
from jinja2.ext import Extension
from jinja2.parser import Parser
from markupsafe import Markup

from mailkit.errors import ConfigError
from mailkit.template.slot import TOKEN
from mailkit.template.trace import LookedAtError, current

__all__ = ["MarkdownTag", "markdown"]

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


class MarkdownTag(Extension):
    """``{% markdown %} … {% endmarkdown %}``."""

    tags = {"markdown"}  # noqa: RUF012 - Jinja's interface

    def parse(self, parser: Parser) -> nodes.Node:
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endmarkdown",), drop_needle=True)
        return nodes.CallBlock(self.call_method("_convert"), [], [], body).set_lineno(line)

    def _convert(self, caller: Callable[[], str]) -> Markup:
        slots = current()
        if slots is None:
            raise LookedAtError("values in Markdown need tokens in their place")
        return Markup(_converted(slots.whole(str(caller()))))  # noqa: S704 - the template's own text
