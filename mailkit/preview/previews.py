"""The templates of a folder, to be looked at: which there are, and what each one renders to."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from mailkit.errors import ConfigError, MailkitError, TemplateError
from mailkit.message import MessageBuilder
from mailkit.preview.preview import Preview
from mailkit.preview.problem import DATA, Problem, head_line, problem_of, read_data
from mailkit.template import Rendered, Templates, source, starter, starters
from mailkit.template.gallery import PREFIX
from mailkit.template.index import main_templates
from mailkit.template.origin import NOWHERE, Origin, Origins

__all__ = ["Listed", "Previews"]

_SENDER = "Sender <sender@example.com>"
_READER = "Reader <reader@example.com>"
_RECIPIENTS = ("to", "cc", "bcc")
_IN_TEMPLATE = re.compile(r"(?P<name>[^:\s]+(?::[^:\s]+)?):(?P<line>\d+): (?P<why>.+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Listed:
    """A template in the list: ``title`` is its subject as it is written, or what a starter is for."""

    name: str
    title: str
    languages: tuple[str, ...]

    def facts(self) -> dict[str, object]:
        """Return it as plain values, ready for JSON."""
        return {"name": self.name, "title": self.title, "languages": list(self.languages)}


class Previews:
    """Lists and renders templates. Safe to share between threads; nothing is written.

    Without ``templates`` they are the starters. ``sender`` is the author of messages that name none; ``data`` has files with
    data by template, which take the place of the samples beside them.

    >>> found = Previews(Templates({"a.html": "Subject: Hi {{ name }}\\n\\n<p>x", "a.sample.json": '{"name": "Zoë"}'}))
    >>> found.render("a.html").message.subject
    'Hi Zoë'
    """

    def __init__(
        self, templates: Templates | None = None, *, sender: str = "", data: Mapping[str, Path] | None = None
    ) -> None:
        self.templates = templates or Templates({})
        self._are_starters = templates is None
        self._sender = sender or _SENDER
        self._data = dict(data or {})
        MessageBuilder().from_(self._sender)  # so that a bad one is told at once

    def listed(self) -> list[Listed]:
        """Return the templates of messages, by name."""
        if self._are_starters:
            return [self._starter(name) for name in starters()]
        read = self.templates.read
        return [
            Listed(name, _subject(read(name), name), tuple(self.templates.languages(name)))
            for name in main_templates(self.templates.names(), read)
        ]

    def named(self, name: str) -> str:
        """Return a template's whole name: that of a starter may be short. Raises ConfigError when there is none."""
        for found in (name, f"{PREFIX}{name}.html") if self._are_starters else (name,):
            if self.templates.read(found) is not None:
                return found
        there = ", ".join(one.name.removeprefix(PREFIX).removesuffix(".html") for one in self.listed()[:12])
        raise ConfigError(f"there is no template {name!r}", hint=f"There are: {there or 'none at all'}.")

    def sample(self, name: str) -> tuple[str, str]:
        """Return the name and the text of a template's data; both empty when it has none."""
        if path := self._data.get(name):
            try:
                return str(path), path.read_text(encoding="utf-8-sig")
            except (OSError, UnicodeDecodeError):
                return str(path), ""
        found = self.templates.sample(name)
        return (found, (self.templates.read(found) or b"").decode("utf-8-sig", "replace")) if found else ("", "")

    def stamps(self) -> dict[str, object]:
        """Return a value for each file that previews are made of; it changes when the file does."""
        found = self.templates.stamps()
        for path in self._data.values():
            try:
                status = path.stat()
            except OSError:
                continue
            found[str(path)] = (status.st_mtime_ns, status.st_size)
        return found

    def render(self, name: str, *, locale: str = "", data: str | None = None) -> Preview:
        """Render a template with JSON ``data``, or with its sample. What goes wrong is the preview's problem."""
        label, sample = self.sample(name)
        text = sample if data is None else data
        values = read_data(text, name=label if data is None else DATA)
        files = self._texts([name])
        try:
            files = self._files(name, locale)
            if isinstance(values, Problem):
                return Preview(name, locale, text, problem=values, files=files)
            rendered = self.templates.render(name, values, locale=locale or None)
            origins = self.templates.origins(name, values, locale=locale or None)
            return self._made(name, locale, text, rendered, origins)
        except MailkitError as error:
            problem = problem_of(error, self.templates.read, heads=list(files))
            if problem.name and problem.name not in files:
                files |= self._texts([problem.name])
            return Preview(name, locale, text, problem=problem, files=files)

    def warnings(self, preview: Preview) -> list[dict[str, object]]:
        """Return what the template engine says of a template: which lines keep its pages from sharing their work."""
        values = read_data(preview.data)
        if isinstance(values, Problem):
            return []
        try:
            explained = self.templates.explain(preview.template, values, locale=preview.locale or None)
        except MailkitError:
            return []
        told: list[dict[str, object]] = []
        if one := _IN_TEMPLATE.fullmatch(explained.why):
            title = "Each page is finished by itself, which takes longer"
            told.append(
                {
                    "file": one["name"],
                    "line": int(one["line"]),
                    "severity": "note",
                    "title": title,
                    "detail": one["why"],
                }
            )
        values_at: dict[tuple[str, int, str], list[str]] = {}
        for pin in explained.pins:
            if pin.line:
                values_at.setdefault((pin.name, pin.line, pin.where), []).append(pin.value[:100])
        told += [
            {
                "file": file,
                "line": line,
                "severity": "note",
                "title": f"What stands in {where} makes CSS be inlined anew for each value",
                "detail": ", ".join(dict.fromkeys(shown)),
            }
            for (file, line, where), shown in values_at.items()
        ]
        return [{**one, "hint": "", "tab": ""} for one in told]

    # -- parts ---------------------------------------------------------------------------------------------------------

    def _starter(self, name: str) -> Listed:
        found = starter(name)
        return Listed(f"{PREFIX}{name}.html", found.purpose, found.languages)

    def _made(self, name: str, locale: str, data: str, rendered: Rendered, origins: Origins) -> Preview:
        said = {key.lower() for key, value in rendered.headers if value}
        builder, stand_ins = rendered.builder(), []
        if "from" not in said:
            builder, stand_ins = builder.from_(self._sender), ["From"]
        if said.isdisjoint(_RECIPIENTS):
            builder = builder.to(_READER)
            stand_ins.append("To")
        message = builder.build()
        files = self._files(name, locale, origins.files)
        heads = {key.lower(): self._head(files, key) for key, _ in rendered.headers}
        return Preview(
            name,
            locale,
            data,
            message=message,
            raw=bytes(message),
            stand_ins=tuple(stand_ins),
            files=files,
            heads={key: origin for key, origin in heads.items() if origin.line},
            origins=origins,
            draft=builder.html(origins.html).build() if origins.lines else None,
        )

    def _head(self, files: Iterable[str], field: str) -> Origin:
        found = (Origin(*head_line(file, field, self.templates.read)) for file in files)
        return next((one for one in found if one.line), NOWHERE)

    def _files(self, name: str, locale: str, more: Iterable[str] = ()) -> dict[str, str]:
        """The texts of a template's files, its own first: the original, text part, calendar entry, layouts and parts."""
        own = self.templates.file(name, locale=locale or None)
        stem, original = own.rpartition(".")[0], name.rpartition(".")[0]
        return self._texts([own, name, f"{stem}.txt", f"{stem}.ics", f"{original}.ics", *more])

    def _texts(self, names: Iterable[str]) -> dict[str, str]:
        read: Callable[[str], bytes | None] = self.templates.read
        texts = {name: read(name) for name in dict.fromkeys(names) if name}
        return {name: _lines(data) for name, data in texts.items() if data is not None}


def _lines(data: bytes) -> str:
    return data.decode("utf-8-sig", "replace").replace("\r\n", "\n").replace("\r", "\n")


def _subject(data: bytes | None, name: str) -> str:
    try:
        head = source.split((data or b"").decode("utf-8", "replace"), name=name).head
    except TemplateError:
        return ""
    return next((line.value for line in head if line.name.lower() == "subject"), "")
