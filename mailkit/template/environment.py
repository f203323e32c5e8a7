"""Jinja as mailkit sets it up: four environments with the same filters and globals, and errors that say where.

``plain`` renders as Jinja does; ``addressing`` puts a token in the place of each value of a text; ``tracing`` does so for
HTML (:mod:`~mailkit.template.trace`); ``marking`` says where what it prints is from (:mod:`~mailkit.template.origin`).
"""

import difflib
from collections.abc import Callable, Mapping
from typing import Any

import jinja2
from jinja2.sandbox import SandboxedEnvironment

from mailkit.errors import ConfigError, MessageError, TemplateBroken, TemplateError, TemplateMissing
from mailkit.template import source
from mailkit.template.catalogue import Catalogues, functions
from mailkit.template.filter import FILTERS as MAIL_FILTERS
from mailkit.template.fragment import Fragments
from mailkit.template.gallery import PREFIX
from mailkit.template.load import Loader
from mailkit.template.markdown import MarkdownTag, markdown
from mailkit.template.missing import Missing, MissingError, innermost, missing_variable
from mailkit.template.origin import MarkingEnvironment
from mailkit.template.place import Place
from mailkit.template.rewrite import TracingEnvironment
from mailkit.template.slot import put_aside
from mailkit.template.trace import FILTERS, keep

__all__ = ["Environments"]


class _Plain(jinja2.Environment):
    def join_path(self, template: str, parent: str) -> str:
        """A starter's own layouts are in the gallery, like itself."""
        return PREFIX + template if parent.startswith(PREFIX) and not template.startswith(PREFIX) else template

    def make_globals(self, d: Any) -> dict[str, Any]:
        """As a plain dictionary: every rendering copies it, and Jinja's ChainMap is slow at that."""
        return {**self.globals, **(d or {})}


class _Sandboxed(_Plain, SandboxedEnvironment):
    pass


class _Marking(MarkingEnvironment, _Plain):
    pass


class _SandboxedMarking(MarkingEnvironment, _Sandboxed):
    pass


class _Tracing(TracingEnvironment, _Plain):
    pass


class _SandboxedTracing(TracingEnvironment, _Sandboxed):
    pass


class Environments:
    """Loads, compiles and runs templates. Whatever goes wrong is a TemplateError with its place."""

    def __init__(
        self,
        places: tuple[Place, ...],
        *,
        sandbox: bool,
        filters: Mapping[str, Callable[..., Any]],
        globals: Mapping[str, Any],  # noqa: A002 - Jinja's word
        catalogues: Catalogues,
        names: Callable[[], list[str]],
    ) -> None:
        self._names = names
        options: dict[str, Any] = {
            "loader": Loader(places),
            "undefined": Missing,
            "autoescape": lambda name: name is not None and source.is_page(name),
            "keep_trailing_newline": False,
            "trim_blocks": True,
            "lstrip_blocks": True,
            "extensions": ["jinja2.ext.i18n", "jinja2.ext.loopcontrols", MarkdownTag],
        }
        self.plain: jinja2.Environment = (_Sandboxed if sandbox else _Plain)(**options)
        self.plain.filters.update({**MAIL_FILTERS, "markdown": markdown, **filters})
        self.plain.globals.update({**functions(catalogues, keep), **globals})
        self.tracing: TracingEnvironment = (_SandboxedTracing if sandbox else _Tracing)(finalize=keep, **options)
        self.marking: MarkingEnvironment = (_SandboxedMarking if sandbox else _Marking)(**options)
        for jinja in (self.plain, self.tracing, self.marking):
            jinja.newstyle_gettext = True  # type: ignore[attr-defined]  # of the extension
            jinja.filters, jinja.globals = self.plain.filters, self.plain.globals
        self.tracing.filters.update(FILTERS)
        self.tracing.fragments = Fragments(self.tracing, {**MAIL_FILTERS, "markdown": markdown})
        self.addressing = self.plain.overlay(finalize=put_aside)

    def load(self, name: str, jinja: jinja2.Environment) -> jinja2.Template:
        """Return a template by its name. Raises TemplateError."""
        try:
            return jinja.get_template(name)
        except jinja2.TemplateNotFound as error:
            raise self._missing(str(error.name), used_by=name) from None
        except jinja2.TemplateSyntaxError as error:
            raise _broken(error, name) from None

    def compile(self, text: str, name: str, *, label: str, line: int, jinja: jinja2.Environment) -> jinja2.Template:
        """Return a template made of one line of a file. Raises TemplateError."""
        try:
            code = jinja.compile(source.padding(line - 1) + text, label, name)
        except jinja2.TemplateSyntaxError as error:
            raise TemplateBroken(error.message or "syntax error", name=name, line=error.lineno) from None
        return jinja2.Template.from_code(jinja, code, jinja.make_globals(None))

    def run(self, template: jinja2.Template, name: str, values: Mapping[str, Any]) -> str:
        """Render. Raises TemplateError."""
        try:
            return template.render(values)
        except MissingError as error:
            place, line = innermost(error.__traceback__, name)
            raise missing_variable(error, place, line, values) from None
        except jinja2.TemplateNotFound as error:
            raise self._missing(str(error.name), used_by=name) from None
        except jinja2.TemplateSyntaxError as error:
            raise _broken(error, name) from None
        except (TemplateError, ConfigError):
            raise
        except MessageError as error:
            place, line = innermost(error.__traceback__, name)
            raise TemplateBroken(str(error), name=place, line=line, hint=error.hint) from None
        except jinja2.TemplateError as error:
            place, line = innermost(error.__traceback__, name)
            raise TemplateBroken(str(error), name=place, line=line) from None
        except Exception as error:
            # A filter or an operation on the data failed, as in {{ total / count }}; only the template's line helps.
            place, line = innermost(error.__traceback__, name)
            raise TemplateBroken(f"{type(error).__name__}: {error}", name=place, line=line) from error

    def _missing(self, wanted: str, *, used_by: str) -> TemplateMissing:
        names = [name for name in self._names() if source.is_page(name) or name.endswith(".txt")]
        close = difflib.get_close_matches(wanted, names, n=1)
        hint = (
            f"Did you mean {close[0]!r}?" if close else f"There are: {', '.join(names[:8]) or 'no templates at all'}."
        )
        problem = "there is no such template"
        if wanted != used_by:
            problem += f" (it is used by {used_by})"
        return TemplateMissing(problem, name=wanted, hint=hint)


def _broken(error: jinja2.TemplateSyntaxError, name: str) -> TemplateBroken:
    return TemplateBroken(error.message or "syntax error", name=error.name or name, line=error.lineno)
