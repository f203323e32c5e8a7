"""Text templates whose printed values stay apart from the text around them.

Every value that an expression prints is put aside and a token stands for it: the text with its tokens can be taken
apart first, and the values put in where they belong. So a value can never change the structure of what it is put into.
"""

import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import jinja2

from mailkit.errors import TemplateBroken
from mailkit.template.missing import Missing, MissingError, missing_variable

__all__ = ["FRAGMENT", "MARK", "TOKEN", "SlotTemplate", "Slotted", "put_aside", "setting_aside"]

# Letters only, unguessable, and different in each process: no data can contain one.
MARK = "q" + "".join(chr(ord("g") + byte % 20) for byte in secrets.token_bytes(16))

TOKEN = re.compile(rf"{MARK}([0-9]+)z")
"""What stands for a value."""

FRAGMENT = re.compile(rf"{MARK}([0-9]+)f")
"""What stands for a piece of HTML that is the same in many pages."""

_SLOT = re.compile(rf"\s*{TOKEN.pattern}\s*")
_MAILBOX = re.compile(r'\s*"?(?P<name>[^"<>]*?)"?\s*<\s*(?P<email>[^<>]*?)\s*>\s*')

_values: ContextVar[list[str]] = ContextVar("mailkit_slot_values")


@jinja2.pass_context  # so that constants too wait until there is a place for values
def put_aside(context: jinja2.runtime.Context, value: Any) -> str:
    """Jinja's ``finalize`` of an environment whose values are kept in slots, within :func:`setting_aside`."""
    values = _values.get()
    values.append(str(value))
    return f"{MARK}{len(values) - 1}z"


@contextmanager
def setting_aside() -> Iterator[list[str]]:
    """Give the list to which the values go that are printed in the block."""
    values: list[str] = []
    token = _values.set(values)
    try:
        yield values
    finally:
        _values.reset(token)


@dataclass(frozen=True, slots=True)
class Slotted:
    """Text with tokens in it, and the values that they stand for."""

    text: str
    values: Sequence[str]

    @property
    def is_value(self) -> bool:
        """Whether the text is one value and nothing else."""
        return _SLOT.fullmatch(self.text) is not None

    def filled(self) -> str:
        """Return the text with the values in the places of their tokens."""
        return self._fill(self.text)

    def mailbox(self) -> tuple[str, str] | None:
        """Return name and address of ``name <address>``, taken apart before it is filled; None for other text."""
        found = _MAILBOX.fullmatch(self.text)
        return (self._fill(found["name"]), self._fill(found["email"]).strip()) if found else None

    def _fill(self, text: str) -> str:
        return TOKEN.sub(lambda token: self.values[int(token[1])], text)


_JINJA = jinja2.Environment(finalize=put_aside, undefined=Missing, autoescape=False)  # noqa: S701 - this is no HTML


class SlotTemplate:
    """A one-line template such as ``{{ first }} <{{ email }}>``. ``label`` names it in errors."""

    def __init__(self, text: str, *, label: str) -> None:
        self._label = label
        try:
            self._template = _JINJA.from_string(text)
        except jinja2.TemplateSyntaxError as error:
            raise TemplateBroken(error.message or "syntax error", name=label, line=error.lineno) from None

    def render(self, data: Mapping[str, Any]) -> Slotted:
        """Render with ``data``. Raises TemplateError, mostly VariableMissing."""
        try:
            with setting_aside() as values:
                return Slotted(self._template.render(data), values)
        except MissingError as error:
            raise missing_variable(error, self._label, 0, data) from None
        except Exception as error:
            raise TemplateBroken(f"{type(error).__name__}: {error}", name=self._label) from error
