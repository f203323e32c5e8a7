"""Jinja templates to messages.

Theory of operation. A template file is taken apart (:mod:`~mailkit.template.source`): each header line is a text
template, the body an HTML template (``.html``, or what becomes HTML: ``.md``, ``.mjml``) or a text one (``.txt``).
Rendering is strict: a missing variable is an error with its place, never an empty gap. HTML is escaped, text is not.
What has been rendered is finished (:mod:`~mailkit.template.finish`) once for each structure
(:mod:`~mailkit.template.skeleton`) and put into a :class:`mailkit.MessageBuilder`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import jinja2

from mailkit.errors import AddressError, ConfigError, MailkitError, MessageError, TemplateBroken
from mailkit.message import Attachment, MessageBuilder
from mailkit.mime.control import refuse_controls
from mailkit.template import language, source
from mailkit.template.addressee import ADDRESSED, addresses
from mailkit.template.catalogue import Catalogues, Translations
from mailkit.template.environment import Environments
from mailkit.template.explain import Explained, explained
from mailkit.template.finish import Finished, Finisher
from mailkit.template.gallery import PREFIX, SHELF, shelved
from mailkit.template.index import LANGUAGE, samples_beside, variants
from mailkit.template.inline import INLINERS
from mailkit.template.invitation import write_calendar
from mailkit.template.load import read
from mailkit.template.mjml import compile_mjml
from mailkit.template.origin import Origins, origins
from mailkit.template.picture import Pictures, embedding
from mailkit.template.place import Given, places
from mailkit.template.rendered import Rendered
from mailkit.template.sheet import embed_sheets, unknown_sheet
from mailkit.template.skeleton import Explanation, Skeletons, Statistics
from mailkit.template.slot import Slotted, setting_aside
from mailkit.template.trace import LookedAtError, Slots, tracing

__all__ = ["Templates"]


@dataclass(slots=True)
class _Head:
    stamp: object
    lines: list[tuple[str, source.HeadLine, jinja2.Template]]


@dataclass(slots=True)
class _Begun:
    name: str
    values: dict[str, Any]
    headers: list[tuple[str, str]]
    embedded: dict[str, Attachment]


class Templates:
    """Finds, renders and composes templates. Safe to share between threads.

    >>> templates = Templates({"hello.txt": "Subject: Hello {{ name }}\\n\\nDear {{ name }},"})
    >>> templates.compose("hello.txt", {"name": "Zoë"}).from_("ada@example.com").build().subject
    'Hello Zoë'

    ``sandbox`` keeps templates written by others from reaching into Python. ``filters`` and ``globals`` are added to
    Jinja's own; ``inliner`` is ``"premailer"``, ``"css-inline"`` (the extra ``fast``), ``"none"``, or a function from
    HTML to HTML. CSS is inlined and text made once for each structure that a template's pages have, and the values are
    put in afterwards; ``skeletons=False`` does it anew for every page, with the same result.

    ``locale`` is the language of what is rendered without another one; ``translations`` has gettext's catalogues, in a
    folder or by language, of the ``domain``.
    """

    def __init__(
        self,
        where: Given | Iterable[Given] = "templates",
        *,
        filters: Mapping[str, Callable[..., Any]] | None = None,
        globals: Mapping[str, Any] | None = None,  # noqa: A002 - Jinja's word
        sandbox: bool = False,
        inliner: Literal["premailer", "css-inline", "none"] | Callable[[str], str] = "premailer",
        skeletons: bool = True,
        locale: str = language.DEFAULT,
        translations: Translations | None = None,
        domain: str = "messages",
    ) -> None:
        self._own = places(where)
        self._places = (*self._own, SHELF)
        self._locale = language.tag(locale)
        self._pictures = Pictures(self._places)
        self._catalogues = Catalogues(translations, domain=domain)
        self._jinja = Environments(
            self._places,
            sandbox=sandbox,
            filters=filters or {},
            globals={"embed": self._pictures.embed, **(globals or {})},
            catalogues=self._catalogues,
            names=self.names,
        )
        self._skeletons = Skeletons(Finisher(_inliner(inliner), _dialect(inliner)))
        self._is_tracing = skeletons
        self._heads: dict[str, _Head] = {}

    def names(self) -> list[str]:
        """Return the names of all files in the template places."""
        return sorted({name for place in self._own for name in place.names()})

    def languages(self, name: str) -> list[str]:
        """Return the languages that a template can be rendered in: its own first, then its translations and the catalogues'."""
        names = shelved() if name.startswith(PREFIX) else self.names()
        return list(dict.fromkeys((self._locale, *variants(name, names), *self._catalogues.languages())))

    def file(self, name: str, *, locale: str | None = None) -> str:
        """Return the name of the file that a template is taken from in a language: it or its translation."""
        return self._localised(name, locale)[0]

    def sample(self, name: str) -> str | None:
        """Return the name of a template's sample data: ``receipt.sample.json``, for ``receipt.de.html`` too. None without."""
        return next((found for found in samples_beside(name) if self.read(found) is not None), None)

    def stamps(self) -> dict[str, object]:
        """Return a value for each file in the template places and each catalogue; it changes when the file does."""
        files = {name: tuple(place.stamp(name) for place in self._own) for name in self.names()}
        return {**files, **self._catalogues.stamps()}

    @property
    def statistics(self) -> Statistics:
        """How many skeletons were made so far, how often one served again, and how many pages had to do without."""
        return self._skeletons.statistics

    def read(self, name: str) -> bytes | None:
        """Return the bytes of a file in the template places, or None when there is none of that name."""
        return next((data for place in self._places if (data := place.read(name)) is not None), None)

    def compose(
        self, name: str, context: Mapping[str, Any] | None = None, *, locale: str | None = None
    ) -> MessageBuilder:
        """Return a builder with everything that the template says: headers, text, HTML, embedded images.

        The language is ``locale``, or the context's own ``locale``, or that of the templates: ``receipt.de.html`` is
        taken before ``receipt.html`` for ``de`` and ``de-AT``. Raises TemplateError (TemplateMissing, TemplateBroken,
        VariableMissing), and MessageError for a header that cannot be written.
        """
        return self.render(name, context, locale=locale).builder().origin(template=name)

    def render(self, name: str, context: Mapping[str, Any] | None = None, *, locale: str | None = None) -> Rendered:
        """Render every part of the template. Raises TemplateError."""
        return self._render(name, context or {}, locale, Slots())[0]

    def explain(self, name: str, context: Mapping[str, Any] | None = None, *, locale: str | None = None) -> Explained:
        """Render the template, and say whether its pages share a skeleton, and which lines stand in the way.

        Raises TemplateError.
        """
        for _ in range(2):  # then it is known which loops are the same for everybody
            self._render(name, context or {}, locale, Slots())
        slots = Slots(located=True)
        _, explanation = self._render(name, context or {}, locale, slots)
        return explained(explanation, slots)

    def origins(self, name: str, context: Mapping[str, Any] | None = None, *, locale: str | None = None) -> Origins:
        """Say which template line each line of the page is from, before its CSS is inlined.

        Empty where that cannot be told: for text, Markdown and MJML, and for a page that looks at what it has captured. Raises
        TemplateError.
        """
        with self._begun(name, context or {}, locale) as begun:
            if not begun.name.endswith((".html", ".htm")):
                return Origins()
            try:
                marked, plain = (
                    self._jinja.run(self._jinja.load(begun.name, jinja), begun.name, begun.values)
                    for jinja in (self._jinja.marking, self._jinja.plain)
                )
            except LookedAtError:  # it includes Markdown
                return Origins()
            with self._finishing(begun.name):
                return origins(marked, plain, self.read)

    # -- parts ---------------------------------------------------------------------------------------------------

    @contextmanager
    def _begun(self, name: str, context: Mapping[str, Any], locale: str | None) -> Iterator["_Begun"]:
        """What every rendering begins with: the file for the language, the values, the headers."""
        found, base, spoken = self._localised(name, locale or context.get("locale"))
        values = {**context, "locale": spoken}
        with language.speaking(spoken), embedding() as embedded:
            head = self._head(found)
            if base != found:  # a translation has what it does not say itself from the original
                said = {line.name.lower() for _, line, _ in head}
                head = head + [one for one in self._head(base) if one[1].name.lower() not in {*said, "preheader"}]
            unsubscribe = [self._head_value(*one, values) for one in head if one[1].name.lower() == "unsubscribe"]
            if unsubscribe and "unsubscribe_url" not in values:
                values["unsubscribe_url"] = unsubscribe[-1]
            headers = [
                (line.name, self._head_value(file, line, template, values))
                for file, line, template in head
                if line.name.lower() != "layout"
            ]
            yield _Begun(found, values, headers, embedded)

    def _render(
        self, name: str, context: Mapping[str, Any], locale: str | None, slots: Slots
    ) -> tuple[Rendered, Explanation]:
        with self._begun(name, context, locale) as begun:
            found, values = begun.name, begun.values
            preheader = next((value for key, value in begun.headers if key.lower() == "preheader"), "")
            calendar = self._calendar(found, values)
            if source.is_page(found):
                finished, explanation = self._page(found, values, preheader, slots)
                html: str | None = finished.html
                text = finished.text
            else:
                text = self._plain(found, values)
                html, explanation = None, Explanation(True)
        kept = tuple((key, value) for key, value in begun.headers if key.lower() != "preheader")
        return Rendered(kept, text, html, tuple(begun.embedded.values()), calendar), explanation

    def _localised(self, name: str, locale: Any) -> tuple[str, str, str]:
        """The file of a template for a language, the original, and the language to render it in."""
        stem, dot, ending = name.rpartition(".")
        base, _, suffix = stem.rpartition(".")
        original = f"{base}.{ending}"
        if not (base and LANGUAGE.fullmatch(suffix) and read(self._places, original) is not None):
            original = name
        wanted = language.tag(str(locale)) if locale else self._locale
        if original != name and not locale:
            return name, original, language.tag(suffix)  # a translation, by its own name, is in its own language
        for wider in language.chain(wanted):
            for written in dict.fromkeys((wider, wider.replace("-", "_"))):
                variant = f"{stem}.{written}{dot}{ending}"
                if read(self._places, variant) is not None:
                    return variant, original, wanted
        return name, original, wanted

    def _head(self, name: str) -> list[tuple[str, source.HeadLine, jinja2.Template]]:
        stamp = tuple(place.stamp(name) for place in self._places)
        head = self._heads.get(name)
        if head is None or head.stamp != stamp:
            lines = read(self._places, name)
            head = _Head(
                stamp, [(name, line, self._compile(name, line)) for line in source.split(lines or "", name=name).head]
            )
            self._heads[name] = head
        return head.lines

    def _compile(self, name: str, line: source.HeadLine) -> jinja2.Template:
        # The label ends without ".html", so that autoescape is off: a header is text.
        jinja = self._jinja.addressing if line.name.lower() in ADDRESSED else self._jinja.plain
        return self._jinja.compile(line.value, name, label=f"{name}:{line.name}", line=line.line, jinja=jinja)

    def _head_value(
        self, name: str, line: source.HeadLine, template: jinja2.Template, values: Mapping[str, Any]
    ) -> str:
        try:
            with setting_aside() as kept:
                value = self._jinja.run(template, name, values)
            if line.name.lower() in ADDRESSED:
                value = addresses(value, kept)
            return refuse_controls(value, field=f"{line.name}, after rendering").strip()
        except MessageError as error:
            raise TemplateBroken(
                error.problem,
                name=name,
                line=line.line,
                hint=_BREAK_HINT if not isinstance(error, AddressError) else error.hint,
            ) from None

    def _beside(self, name: str, values: Mapping[str, Any]) -> str | None:
        """The hand-written text part: ``receipt.txt`` beside ``receipt.html``."""
        text_name = name.rpartition(".")[0] + ".txt"
        if read(self._places, text_name) is None:
            return None
        return self._plain(text_name, values)

    def _plain(self, name: str, values: Mapping[str, Any]) -> str:
        """Render a template of text."""
        try:
            return self._jinja.run(self._jinja.load(name, self._jinja.plain), name, values)
        except LookedAtError:
            raise TemplateBroken("it includes a page with Markdown, and that makes HTML", name=name) from None

    def _calendar(self, name: str, values: Mapping[str, Any]) -> str | None:
        """The calendar entry: ``event.ics`` beside ``event.html``, or beside what that is a translation of."""
        stem = name.rpartition(".")[0]
        for calendar in (f"{stem}.ics", f"{stem.rpartition('.')[0]}.ics"):
            if read(self._places, calendar) is not None:
                with setting_aside() as kept:
                    text = self._jinja.run(self._jinja.load(calendar, self._jinja.addressing), calendar, values)
                try:
                    return write_calendar(Slotted(text, kept))
                except MessageError as error:
                    raise TemplateBroken(error.problem, name=calendar, hint=error.hint) from None
        return None

    def _page(self, name: str, values: Mapping[str, Any], preheader: str, slots: Slots) -> tuple[Finished, Explanation]:
        """Both bodies of an HTML template, by way of its skeleton where that can be."""
        why = "" if self._is_tracing else "skeletons are switched off"
        skeleton = ""
        if not why:
            try:
                skeleton = self._traced(name, values, slots)
                why = unknown_sheet(skeleton)
            except LookedAtError as error:
                why = error.why
        if why:
            html = self._untraced(name, values, why)
            text = self._beside(name, values)
            with self._finishing(name):
                return self._skeletons.alone(self._converted(name, html), preheader=preheader, text=text), Explanation(
                    False, why
                )
        text = self._beside(name, values)
        with self._finishing(name):
            return self._skeletons.finish(
                self._with_sheets(skeleton),
                slots,
                preheader=preheader,
                text=text,
                convert=compile_mjml if name.endswith(".mjml") else None,
            )

    def _traced(self, name: str, values: Mapping[str, Any], slots: Slots) -> str:
        with tracing(slots):
            return self._jinja.run(self._jinja.load(name, self._jinja.tracing), name, values)

    def _untraced(self, name: str, values: Mapping[str, Any], why: str) -> str:
        try:
            return self._jinja.run(self._jinja.load(name, self._jinja.plain), name, values)
        except LookedAtError:  # of {% markdown %}, which cannot do without tokens
            slots = Slots()
            try:
                return slots.filled(self._traced(name, values, slots))
            except LookedAtError as error:
                raise TemplateBroken(
                    f"{error.why}, and that cannot be together with Markdown in one page", name=name
                ) from None

    def _converted(self, name: str, html: str) -> str:
        return self._with_sheets(compile_mjml(html) if name.endswith(".mjml") else html)

    def _with_sheets(self, html: str) -> str:
        return embed_sheets(html, self.read) if "<link" in html else html

    @contextmanager
    def _finishing(self, name: str) -> Iterator[None]:
        try:
            yield
        except ConfigError:
            raise
        except MailkitError as error:
            raise TemplateBroken(error.problem, name=name, hint=error.hint) from None
        except Exception as error:  # of the inliner: a program that the style sheet, or the user, brings along
            raise TemplateBroken(
                f"its CSS cannot be inlined: {type(error).__name__}: {error}",
                name=name,
                hint="Look for odd characters in its <style>, or switch it off: Templates(…, inliner='none').",
            ) from error


_BREAK_HINT = "A value used there holds it; take it out of the data, or write {{ … | replace('\\n', ' ') }}."


def _inliner(choice: str | Callable[[str], str]) -> Callable[[str], str] | None:
    if callable(choice):
        return choice
    if choice == "none":
        return None
    found = INLINERS.get(choice)
    if found is None:
        raise ConfigError(
            f"there is no inliner {choice!r}",
            hint=f"Choose {', '.join(map(repr, INLINERS))}, 'none', or give a function.",
        )
    return found()


def _dialect(choice: str | Callable[[str], str]) -> str:
    return "" if callable(choice) else choice
