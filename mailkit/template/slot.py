"""Text templates whose printed values stay apart from the text around them.

Every value that an expression prints is put aside and a token stands for it: the text with its tokens can be taken
apart first, and the values put in where they belong. So a value can never change the structure of what it is put into.
"""

import secrets
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

import jinja2

from mailkit.errors import TemplateBroken
from mailkit.template.missing import Missing, MissingError, missing_variable

__all__ = ["SlotTemplate"]

# Letters only, unguessable, and different in each process: no data can contain one.
_MARK = "q" + "".join(chr(ord("g") + byte % 20) for byte in secrets.token_bytes(16))

_values: ContextVar[list[str]] = ContextVar("mailkit_slot_values")


def _put_aside(value: Any) -> str:
    values = _values.get()
    values.append(str(value))
    return f"{_MARK}{len(values) - 1}z"


_JINJA = jinja2.Environment(finalize=_put_aside, undefined=Missing, autoescape=False)  # noqa: S701 - this is no HTML


class SlotTemplate:
    """A one-line template such as ``{{ first }} <{{ email }}>``. ``label`` names it in errors."""

    def __init__(self, text: str, *, label: str) -> None:
        self._label = label
        try:
            self._template = _JINJA.from_string(text)
        except jinja2.TemplateSyntaxError as error:
            raise TemplateBroken(error.message or "syntax error", name=label, line=error.lineno) from None

    def render(self, data: Mapping[str, Any]) -> tuple[str, list[str]]:
        """Return the text with its tokens, and the values. Raises VariableMissing."""
        values: list[str] = []
        token = _values.set(values)
        try:
            return self._template.render(data), values
        except MissingError as error:
            raise missing_variable(error, self._label, 0, data) from None
        finally:
            _values.reset(token)

    @staticmethod
    def fill(text: str, values: list[str]) -> str:
        """Put the values in the places of their tokens."""
        for number, value in enumerate(values):
            text = text.replace(f"{_MARK}{number}z", value)
        return text
