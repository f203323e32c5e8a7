"""Template files from their places, for Jinja."""

from collections.abc import Callable

import jinja2

from mailkit.errors import TemplateBroken
from mailkit.template import source
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
            source.split(text, name=template).body,
            template,  # shown in errors; the name is what the user wrote
            lambda: stamp == [place.stamp(template) for place in self._places],
        )


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
