"""Jinja templates to messages.

Theory of operation. A template file is taken apart (:mod:`~mailkit.template.source`): each header line is a text
template, the body an HTML template (``.html``) or a text one (``.txt``). Rendering is strict: a missing variable is an
error with its place, never an empty gap. HTML is escaped, text is not. What has been rendered is finished
(:mod:`~mailkit.template.finish`) and put into a :class:`mailkit.MessageBuilder`.
"""

import difflib
import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Literal

import jinja2
from jinja2.sandbox import SandboxedEnvironment

from mailkit.errors import (
    AddressError,
    ConfigError,
    MessageError,
    TemplateBroken,
    TemplateError,
    TemplateMissing,
)
from mailkit.message import Address, Attachment, MessageBuilder
from mailkit.mime.control import refuse_controls
from mailkit.template import source
from mailkit.template.finish import Finished, Finisher
from mailkit.template.inline import INLINERS
from mailkit.template.load import Loader, read
from mailkit.template.missing import Missing, MissingError, innermost, missing_variable
from mailkit.template.place import Given, places
from mailkit.template.rendered import STEPS, Rendered
from mailkit.template.skeleton import Explanation, Skeletons, Statistics
from mailkit.template.slot import Slotted, put_aside, setting_aside
from mailkit.template.trace import (
    FILTERS,
    LookedAtError,
    SandboxedTracing,
    Slots,
    TracingEnvironment,
    keep,
    tracing,
)

__all__ = ["Templates"]


@dataclass(slots=True)
class _Head:
    stamp: object
    lines: list[tuple[source.HeadLine, jinja2.Template]]


_embedding: ContextVar[dict[str, Attachment]] = ContextVar("mailkit_embedding")


class Templates:
    """Finds, renders and composes templates. Safe to share between threads.

    >>> templates = Templates({"hello.txt": "Subject: Hello {{ name }}\\n\\nDear {{ name }},"})
    >>> templates.compose("hello.txt", {"name": "Zoë"}).from_("ada@example.com").build().subject
    'Hello Zoë'

    ``sandbox`` keeps templates written by others from reaching into Python. ``filters`` and ``globals`` are added to
    Jinja's own; ``inliner`` is ``"premailer"``, ``"css-inline"`` (the extra ``fast``), ``"none"``, or a function from
    HTML to HTML. CSS is inlined and text made once for each structure that a template's pages have, and the values are
    put in afterwards; ``skeletons=False`` does it anew for every page, with the same result.
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
    ) -> None:
        self._places = places(where)
        options: dict[str, Any] = {
            "loader": Loader(self._places),
            "undefined": Missing,
            "autoescape": lambda name: name is not None and _is_html(name),
            "keep_trailing_newline": False,
            "trim_blocks": True,
            "lstrip_blocks": True,
        }
        self._jinja = (SandboxedEnvironment if sandbox else jinja2.Environment)(**options)
        self._jinja.globals["embed"] = self._embed
        self._jinja.globals.update(globals or {})
        self._jinja.filters.update(filters or {})
        self._addressing = self._jinja.overlay(finalize=put_aside)
        # The same again, with filters and globals in common, for templates whose values are followed.
        self._tracing = (SandboxedTracing if sandbox else TracingEnvironment)(finalize=keep, **options)
        self._tracing.filters = self._jinja.filters
        self._tracing.globals = self._jinja.globals
        self._tracing.filters.update(FILTERS)
        self._skeletons = Skeletons(Finisher(_inliner(inliner), _dialect(inliner)))
        self._is_tracing = skeletons
        self._heads: dict[str, _Head] = {}
        self._images: dict[str, tuple[object, Attachment]] = {}

    def names(self) -> list[str]:
        """Return the names of all files in the template places."""
        return sorted({name for place in self._places for name in place.names()})

    @property
    def statistics(self) -> Statistics:
        """How many skeletons were made so far, how often one served again, and how many pages had to do without."""
        return self._skeletons.statistics

    def read(self, name: str) -> bytes | None:
        """Return the bytes of a file in the template places, or None when there is none of that name."""
        return next((data for place in self._places if (data := place.read(name)) is not None), None)

    def compose(self, name: str, context: Mapping[str, Any] | None = None) -> MessageBuilder:
        """Return a builder with everything that the template says: headers, text, HTML, embedded images.

        Raises TemplateError (TemplateMissing, TemplateBroken, VariableMissing), and MessageError for a header that
        cannot be written.
        """
        return self.render(name, context).builder()

    def render(self, name: str, context: Mapping[str, Any] | None = None) -> Rendered:
        """Render every part of the template. Raises TemplateError."""
        values = dict(context or {})
        embedded: dict[str, Attachment] = {}
        token = _embedding.set(embedded)
        try:
            headers = [(line.name, self._head_value(name, line, value, values)) for line, value in self._head(name)]
            preheader = next((value for key, value in headers if key.lower() == "preheader"), "")
            if not _is_html(name):
                return Rendered(tuple(headers), self._run(self._load(name), name, values), None)
            finished, _ = self._page(name, values, preheader)
        finally:
            _embedding.reset(token)
        kept = tuple((key, value) for key, value in headers if key.lower() != "preheader")
        return Rendered(kept, finished.text, finished.html, tuple(embedded.values()))

    # -- parts ---------------------------------------------------------------------------------------------------

    def _load(self, name: str, jinja: jinja2.Environment | None = None) -> jinja2.Template:
        try:
            return (jinja or self._jinja).get_template(name)
        except jinja2.TemplateNotFound as error:
            raise self._missing(str(error.name), used_by=name) from None
        except jinja2.TemplateSyntaxError as error:
            raise _broken(error, name) from None

    def _missing(self, wanted: str, *, used_by: str) -> TemplateMissing:
        names = [name for name in self.names() if name.endswith((".html", ".htm", ".txt"))]
        close = difflib.get_close_matches(wanted, names, n=1)
        hint = (
            f"Did you mean {close[0]!r}?" if close else f"There are: {', '.join(names[:8]) or 'no templates at all'}."
        )
        problem = "there is no such template"
        if wanted != used_by:
            problem += f" (it is used by {used_by})"
        return TemplateMissing(problem, name=wanted, hint=hint)

    def _head(self, name: str) -> list[tuple[source.HeadLine, jinja2.Template]]:
        stamp = tuple(place.stamp(name) for place in self._places)
        head = self._heads.get(name)
        if head is None or head.stamp != stamp:
            lines = read(self._places, name)
            head = _Head(
                stamp, [(line, self._compile(name, line)) for line in source.split(lines or "", name=name).head]
            )
            self._heads[name] = head
        return head.lines

    def _compile(self, name: str, line: source.HeadLine) -> jinja2.Template:
        # The name ends without ".html", so that autoescape is off: a header is text.
        label = f"{name}:{line.name}"
        jinja = self._addressing if line.name.lower() in _ADDRESSED else self._jinja
        try:
            code = jinja.compile(source.padding(line.line - 1) + line.value, label, name)
        except jinja2.TemplateSyntaxError as error:
            raise _broken(error, name) from None
        return jinja2.Template.from_code(jinja, code, jinja.make_globals(None))

    def _head_value(
        self, name: str, line: source.HeadLine, template: jinja2.Template, values: Mapping[str, Any]
    ) -> str:
        try:
            with setting_aside() as kept:
                value = self._run(template, name, values)
            if line.name.lower() in _ADDRESSED:
                value = _addresses(value, kept)
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
        return self._run(self._load(text_name), text_name, values)

    def _run(self, template: jinja2.Template, name: str, values: Mapping[str, Any]) -> str:
        try:
            return template.render(values)
        except MissingError as error:
            place, line = innermost(error.__traceback__, name)
            raise missing_variable(error, place, line, values) from None
        except jinja2.TemplateNotFound as error:
            raise self._missing(str(error.name), used_by=name) from None
        except jinja2.TemplateSyntaxError as error:
            raise _broken(error, name) from None
        except TemplateError:
            raise
        except MessageError as error:
            place, line = innermost(error.__traceback__, name)
            raise TemplateBroken(error.problem, name=place, line=line, hint=error.hint) from None
        except jinja2.TemplateError as error:
            place, line = innermost(error.__traceback__, name)
            raise TemplateBroken(str(error), name=place, line=line) from None
        except Exception as error:
            # A filter or an operation on the data failed, as in {{ total / count }}; only the template's line helps.
            place, line = innermost(error.__traceback__, name)
            raise TemplateBroken(f"{type(error).__name__}: {error}", name=place, line=line) from error

    def _page(self, name: str, values: Mapping[str, Any], preheader: str) -> tuple[Finished, Explanation]:
        """Both bodies of an HTML template, by way of its skeleton where that can be."""
        slots = Slots()
        try:
            if not self._is_tracing:
                raise LookedAtError("skeletons are switched off")
            with tracing(slots):
                skeleton = self._run(self._load(name, self._tracing), name, values)
        except LookedAtError as error:
            html = self._run(self._load(name), name, values)
            text = self._beside(name, values)
            with self._inlining(name):
                return self._skeletons.alone(html, preheader=preheader, text=text), Explanation(False, error.why)
        text = self._beside(name, values)
        with self._inlining(name):
            return self._skeletons.finish(skeleton, slots.values, preheader=preheader, text=text)

    @contextmanager
    def _inlining(self, name: str) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # of the inliner: a program that the style sheet, or the user, brings along
            raise TemplateBroken(
                f"its CSS cannot be inlined: {type(error).__name__}: {error}",
                name=name,
                hint="Look for odd characters in its <style>, or switch it off: Templates(…, inliner='none').",
            ) from error

    def _embed(self, path: str) -> str:
        """``{{ embed("logo.png") }}``: put a picture of the template folder into the message, and return its cid: URL."""
        found = _embedding.get(None)
        if found is None:
            raise MessageError("embed() works only while a template is rendered", field="embed")
        if path not in found:
            stamp = tuple(place.stamp(path) for place in self._places)
            kept = self._images.get(path)
            if kept is None or kept[0] != stamp:
                data = self.read(path)
                if data is None:
                    raise MessageError(
                        f"there is no picture {path!r} in the template folders",
                        field="embed",
                        hint="The path is relative to the template folder and cannot leave it.",
                    )
                name = path.rpartition("/")[2]
                digest = hashlib.sha256(path.encode() + b"\0" + data).hexdigest()[:24]
                kept = (stamp, Attachment(data, filename=name, cid=f"{digest}@mailkit"))
                self._images[path] = kept
            found[path] = kept[1]
        return f"cid:{found[path].cid}"


_BREAK_HINT = "A value used there holds it; take it out of the data, or write {{ … | replace('\\n', ' ') }}."
_ADDRESSED = frozenset(STEPS) - {"message-id"}
_PIECES = re.compile(r'(?:"(?:[^"\\]|\\.)*"|[^,"])+')


def _addresses(text: str, values: list[str]) -> str:
    """Put the values into an address header: a name stays a name, and one address one, whatever is in the data.

    Only a value that stands alone may be a list: there the template leaves everything to the data.
    """
    if not values:
        return text
    return ", ".join(_address(Slotted(piece, values)) for piece in _PIECES.findall(text) if piece.strip())


def _address(piece: Slotted) -> str:
    if found := piece.mailbox():
        return str(Address(found[1], name=found[0]))
    filled = piece.filled().strip()
    return filled if piece.is_value or filled == piece.text.strip() else str(Address.parse(filled))


def _broken(error: jinja2.TemplateSyntaxError, name: str) -> TemplateBroken:
    return TemplateBroken(
        error.message or "syntax error", name=(error.name or name).partition(":")[0], line=error.lineno
    )


def _is_html(name: str) -> bool:
    return name.endswith((".html", ".htm"))


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
