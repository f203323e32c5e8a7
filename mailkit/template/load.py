"""Template files from their places, for Jinja."""

import re
from collections.abc import Callable

import jinja2

from mailkit.errors import TemplateBroken
from mailkit.template import source
from mailkit.template.gallery import PREFIX
from mailkit.template.place import Place

__all__ = ["Loader", "read"]


class Loader(jinja2.BaseLoader):
    """Gives Jinja the bodies of template files."""

    def __init__(self, where: tuple[Place, ...]) -> None:
        self._places = where

    def get_source(
        self, environment: jinja2.Environment, template: str
    ) -> tuple[str, str | None, Callable[[], bool] | None]:
        text = read(self._places, template)
        if text is None:
            raise jinja2.TemplateNotFound(template)
        stamp = [place.stamp(template) for place in self._places]
        return (
            text if template.endswith(".ics") else _body(source.split(text, name=template), template),
            template,  # shown in errors; the name is what the user wrote
            lambda: stamp == [place.stamp(template) for place in self._places],
        )


def _body(found: source.Source, name: str) -> str:
    """The body as Jinja reads it; that of a Markdown file goes into its layout. No line moves."""
    if not name.endswith(".md"):
        return found.body
    layout = next((line for line in found.head if line.name.lower() == "layout"), None)
    if layout and re.search(r"[\"\\{}]", layout.value):
        raise TemplateBroken(f"{layout.value!r} is no name of a layout", name=name, line=layout.line)
    chosen = layout.value if layout else f"{PREFIX}layouts/plain.html"
    before = f'{{% extends "{chosen}" %}}{{% block content %}}{{% markdown %}}'
    return f"{before}{found.body}\n{{% endmarkdown %}}{{% endblock %}}"


def read(where: tuple[Place, ...], name: str) -> str | None:
    """Return the text of a file, or None when it is nowhere. Raises TemplateBroken when it is not UTF-8."""
    for place in where:
        data = place.read(name)
        if data is not None:
            try:
                return data.decode()
            except UnicodeDecodeError as error:
                line = data.count(b"\n", 0, error.start) + 1
                raise TemplateBroken("the file is not UTF-8", name=name, line=line, hint="Save it as UTF-8.") from None
    return None
