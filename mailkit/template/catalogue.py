"""Catalogues of translations: gettext's ``.mo`` and ``.po`` files, and the functions that templates call.

The layout is gettext's own: ``FOLDER/de/LC_MESSAGES/messages.po``. A ``.po`` file is read as it is, without a compiler.
"""

import gettext
from collections.abc import Callable, Mapping
from functools import partial
from io import BytesIO
from os import PathLike
from pathlib import Path
from typing import Any, TypeAlias

import jinja2
from markupsafe import Markup

from mailkit.errors import ConfigError
from mailkit.template import language

__all__ = ["Catalogues", "Translations", "functions"]

Translations: TypeAlias = str | PathLike[str] | Mapping[str, gettext.NullTranslations]
"""A folder of catalogues, or a dictionary from language to catalogue."""

_NONE = gettext.NullTranslations()


class Catalogues:
    """Finds the catalogue of a language, or of a wider one. A file that changes is read again."""

    def __init__(self, given: Translations | None, *, domain: str = "messages") -> None:
        self._given: dict[str, gettext.NullTranslations] = {}
        self._folder: Path | None = None
        self._domain = domain
        self._read: dict[Path, tuple[object, gettext.NullTranslations]] = {}
        if isinstance(given, Mapping):
            self._given = {language.tag(name): catalogue for name, catalogue in given.items()}
        elif given is not None:
            self._folder = Path(given)
            if not self._folder.is_dir():
                raise ConfigError(f"there is no folder of translations {str(given)!r}")

    def find(self, wanted: str) -> gettext.NullTranslations:
        """Return the catalogue of a language; one that leaves everything as it is when there is none."""
        for wider in language.chain(wanted):
            found = self._given.get(wider) or self._file(wider)
            if found is not None:
                return found
        return _NONE

    def _file(self, wanted: str) -> gettext.NullTranslations | None:
        if self._folder is None:
            return None
        for name in dict.fromkeys((wanted.replace("-", "_"), wanted)):
            for ending in (".mo", ".po"):
                path = self._folder / name / "LC_MESSAGES" / (self._domain + ending)
                try:
                    status = path.stat()
                except OSError:
                    continue
                stamp = (status.st_mtime_ns, status.st_size)
                kept = self._read.get(path)
                if kept is None or kept[0] != stamp:
                    kept = (stamp, _catalogue(path))
                    self._read[path] = kept
                return kept[1]
        return None


def _catalogue(path: Path) -> gettext.NullTranslations:
    try:
        data = path.read_bytes()
        if path.suffix == ".po":
            from babel.messages.mofile import write_mo
            from babel.messages.pofile import read_po

            compiled = BytesIO()
            write_mo(compiled, read_po(BytesIO(data), abort_invalid=True))
            data = compiled.getvalue()
        return gettext.GNUTranslations(BytesIO(data))
    except Exception as error:  # noqa: BLE001 - the readers raise all kinds
        raise ConfigError(f"cannot read the catalogue {str(path)!r}: {error}") from None


def functions(catalogues: Catalogues, keep: Callable[[Any, Any], Any]) -> dict[str, Callable[..., Any]]:
    """What ``{% trans %}``, ``_()`` and ``ngettext()`` call. Every value in a message goes through ``keep``."""

    def call(kind: str, context: jinja2.runtime.Context, *args: Any, **values: Any) -> str:
        found = getattr(catalogues.find(language.current()), kind)(*args)
        if context.eval_ctx.autoescape:
            found = Markup(found)  # noqa: S704 - a catalogue is a part of the template
            values = {name: keep(context, value) for name, value in values.items()}
        return found % values  # type: ignore[no-any-return]

    def message(kind: str, context: jinja2.runtime.Context, text: str, **values: Any) -> str:
        return call(kind, context, text, **values)

    def messages(kind: str, context: jinja2.runtime.Context, one: str, many: str, count: int, **values: Any) -> str:
        return call(kind, context, one, many, count, **{"num": count, **values})

    def message_in(kind: str, context: jinja2.runtime.Context, where: str, text: str, **values: Any) -> str:
        return call(kind, context, where, text, **{"context": where, **values})

    def messages_in(
        kind: str, context: jinja2.runtime.Context, where: str, one: str, many: str, count: int, **values: Any
    ) -> str:
        return call(kind, context, where, one, many, count, **{"context": where, "num": count, **values})

    kinds: dict[str, Callable[..., str]] = {
        "gettext": message,
        "ngettext": messages,
        "pgettext": message_in,
        "npgettext": messages_in,
    }
    made = {kind: jinja2.pass_context(partial(act, kind)) for kind, act in kinds.items()}
    return {**made, "_": made["gettext"]}
