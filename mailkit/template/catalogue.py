"""Catalogues of translations: gettext's ``.mo`` and ``.po`` files, and the functions that templates call.

The layout is gettext's own: ``FOLDER/de/LC_MESSAGES/messages.po``. A ``.po`` file is read as it is, without a compiler.
"""

import gettext
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from copy import copy
from functools import partial
from io import BytesIO
from os import PathLike
from pathlib import Path
from typing import Any, TypeAlias

import jinja2
from markupsafe import Markup, escape

from mailkit.errors import ConfigError, MessageError
from mailkit.template import language

__all__ = ["Catalogues", "Translations", "functions"]

Translations: TypeAlias = str | PathLike[str] | Mapping[str, gettext.NullTranslations]
"""A folder of catalogues, or a dictionary from language to catalogue."""

_NONE = gettext.NullTranslations()
_PLACE = re.compile(r"%%|%\((?P<name>[^()]*)\)(?P<form>[-+#0]*[0-9]*(?:\.[0-9]+)?[diouxXeEfFgGcrsa])?")


class Catalogues:
    """Finds the catalogue of a language, with those of the wider ones behind it. A file that changes is read again."""

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
        found = [one for wider in language.chain(wanted) if (one := self._given.get(wider) or self._file(wider))]
        whole = found.pop() if found else _NONE
        for one in reversed(found):  # what is not in the catalogue of de-AT may be in that of de
            if one._fallback is None:  # type: ignore[attr-defined]  # there is no other way to ask
                one = copy(one)  # noqa: PLW2901 - it is shared with others
                one.add_fallback(whole)
            whole = one
        return whole

    def languages(self) -> list[str]:
        """Return the languages that have a catalogue."""
        return sorted({*self._given, *(name for name, _ in self._files())})

    def stamps(self) -> dict[str, object]:
        """Return a value for each file of a catalogue; it changes when the file does."""
        found: dict[str, object] = {}
        for _, path in self._files():
            with suppress(OSError):
                status = path.stat()
                found[str(path)] = (status.st_mtime_ns, status.st_size)
        return found

    def _files(self) -> Iterator[tuple[str, Path]]:
        if self._folder is None:
            return
        for path in self._folder.glob(f"*/LC_MESSAGES/{self._domain}.*"):
            with suppress(MessageError):  # a folder that is not called after a language is never asked for
                if path.suffix in (".mo", ".po"):
                    yield language.tag(path.parts[-3]), path

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


def _written(message: str, values: Mapping[str, Any], write: Callable[[Any], str]) -> str:
    """Put the values into a message, each formatted before it is written: what is written may be a token."""

    def put(place: re.Match[str]) -> str:
        name, form = place["name"], place["form"]
        if name is None:
            return "%"
        if form is None or name not in values:
            why = "is not given by the template" if form else "lacks the letter behind it, as in %(name)s"
            raise MessageError(f"%({name}) in {message[:60]!r} {why}", field="translation")
        return write(values[name] if form == "s" else f"%{form}" % (values[name],))

    return _PLACE.sub(put, message)


def _whole(count: Any) -> Any:
    """A count as plural forms want it; in CSV files "3" is one, in JSON files 3.0."""
    if isinstance(count, str) and count.strip().isdecimal():
        return int(count)
    return int(count) if isinstance(count, float) and count.is_integer() else count


def functions(catalogues: Catalogues, keep: Callable[[Any, Any], Any]) -> dict[str, Callable[..., Any]]:
    """What ``{% trans %}``, ``_()`` and ``ngettext()`` call. Every value in a message goes through ``keep``."""

    def call(kind: str, context: jinja2.runtime.Context, args: tuple[Any, ...], values: Mapping[str, Any]) -> str:
        found = str(getattr(catalogues.find(language.current()), kind)(*args))
        if not context.eval_ctx.autoescape:
            return _written(found, values, str)
        # A catalogue is a part of the template, so markup in it is markup.
        return Markup(_written(found, values, lambda value: escape(keep(context, value))))  # noqa: S704

    # By position only: a value may have any name, "count" and "context" too.
    def message(kind: str, context: jinja2.runtime.Context, text: str, /, **values: Any) -> str:
        return call(kind, context, (text,), values)

    def messages(kind: str, context: jinja2.runtime.Context, one: str, many: str, count: Any, /, **values: Any) -> str:
        return call(kind, context, (one, many, _whole(count)), {"num": count, **values})

    def message_in(kind: str, context: jinja2.runtime.Context, where: str, text: str, /, **values: Any) -> str:
        return call(kind, context, (where, text), {"context": where, **values})

    def messages_in(
        kind: str, context: jinja2.runtime.Context, where: str, one: str, many: str, count: Any, /, **values: Any
    ) -> str:
        return call(kind, context, (where, one, many, _whole(count)), {"context": where, "num": count, **values})

    kinds: dict[str, Callable[..., str]] = {
        "gettext": message,
        "ngettext": messages,
        "pgettext": message_in,
        "npgettext": messages_in,
    }
    made = {kind: jinja2.pass_context(partial(act, kind)) for kind, act in kinds.items()}
    return {**made, "_": made["gettext"]}
