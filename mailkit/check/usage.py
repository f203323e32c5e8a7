"""What a piece of HTML makes use of, and where: the marks by which features are recognised."""

import re
from collections.abc import Iterator

from mailkit.check.image import image_marks
from mailkit.check.markup import Attribute, Comment, Declaration, Tag, Text, read
from mailkit.check.stylesheet import Mark, marks_of_declarations, marks_of_stylesheet

__all__ = ["usage"]

# Written for Outlook alone: all others take them for comments that were meant as such.
_CONDITIONAL = re.compile(r"\s*(?:\[if\b|<!\[endif\]|\[endif\])", re.IGNORECASE)
_INPUTS = ("checkbox", "hidden", "radio", "reset", "submit", "button", "image", "file", "range", "color")
_IMAGES = {"img": "src", "source": "src", "video": "poster", "input": "src"}


def usage(html: str) -> Iterator[Mark]:
    """Go through the marks of an HTML document or fragment, each with its line.

    Raises ConfigError when tinycss2 is not installed and there is CSS to read.
    """
    for token in read(html):
        if isinstance(token, Tag) and not token.is_end:
            yield from _of_tag(token)
        elif isinstance(token, Text) and token.within == "style":
            yield from marks_of_stylesheet(token.text, token.line)
        elif isinstance(token, Comment) and not _CONDITIONAL.match(token.text):
            yield "comment", token.line
        elif isinstance(token, Declaration) and " ".join(token.text.lower().split()) == "!doctype html":
            yield "doctype:html", token.line


def _of_tag(tag: Tag) -> Iterator[Mark]:
    yield f"tag:{tag.name}", tag.line
    kind = (tag.get("type") or "").strip().lower()
    if tag.name == "input":
        yield f"input:{kind if kind in _INPUTS else 'text'}", tag.line
    elif tag.name == "button":
        yield f"button:{kind if kind in ('reset', 'button') else 'submit'}", tag.line
    elif tag.name == "meta":
        yield f"meta:{(tag.get('name') or '').strip().lower()}", tag.line
    for attribute in tag.attributes:
        yield from _of_attribute(tag, attribute)


def _of_attribute(tag: Tag, attribute: Attribute) -> Iterator[Mark]:
    name, value, line = attribute.name, attribute.value, attribute.line
    yield f"attribute:{name}", line
    if name == "style":
        yield from marks_of_declarations(value, line)
    elif name == "href" and tag.name in ("a", "area"):
        target = value.strip().lower()
        if target.startswith("#"):
            yield "link:#", line
        elif target.startswith("mailto:"):
            yield "link:mailto", line
    elif name == "background" or name == _IMAGES.get(tag.name):
        yield from ((mark, line) for mark in image_marks(value))
    elif name == "srcset" and tag.name in ("img", "source"):
        for candidate in value.split(", "):
            yield from ((mark, line) for mark in image_marks((candidate.split() or [""])[0]))
