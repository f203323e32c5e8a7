"""The file format of a template: header lines, an empty line, the body.

::

    Subject: Your receipt {{ order.number }}
    Preheader: Thank you, {{ name }}

    {% extends "layouts/base.html" %}
    {% block content %} … {% endblock %}

A file that does not begin with a header line has none. The head is cut off *before* anything is rendered, and each value
is a text template of its own: data can never add a header.
"""

import re
from dataclasses import dataclass

from mailkit.errors import TemplateBroken

__all__ = ["HeadLine", "Source", "is_page", "padding", "split"]

_FIELD = re.compile(r"([A-Za-z][A-Za-z0-9-]*):[ \t]*(.*)")


@dataclass(frozen=True, slots=True)
class HeadLine:
    """One header of a template; ``line`` counts from 1."""

    name: str
    value: str
    line: int


@dataclass(frozen=True, slots=True)
class Source:
    """A template file taken apart. The body keeps its line numbers: a comment stands where the head was."""

    head: tuple[HeadLine, ...]
    body: str


def split(text: str, *, name: str) -> Source:
    """Take a template file apart. Raises TemplateBroken for a line in the head that is no header line."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if _FIELD.match(text) is None:
        return Source((), text)
    lines = text.split("\n")
    head: list[HeadLine] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            return Source(tuple(head), padding(number) + "\n".join(lines[number:]))
        if line[0] in " \t":
            before = head.pop()
            head.append(HeadLine(before.name, f"{before.value} {line.strip()}", before.line))
        elif found := _FIELD.fullmatch(line):
            head.append(HeadLine(found[1], found[2].rstrip(), number))
        else:
            raise TemplateBroken(
                f"{line[:60]!r} is no header line",
                name=name,
                line=number,
                hint="The file begins with header lines ('Subject: …'), so an empty line must stand before the body.",
            )
    return Source(tuple(head), padding(len(lines)))


def is_page(name: str) -> bool:
    """Whether a template of that name makes HTML, and text from it; others make text alone."""
    return name.endswith((".html", ".htm", ".md", ".mjml"))


def padding(lines: int) -> str:
    """A Jinja comment that prints nothing and takes up ``lines`` lines, so that errors name the right one."""
    return "{#" + "\n" * lines + "#}" if lines else ""
