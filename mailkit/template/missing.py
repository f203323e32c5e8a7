"""Missing variables: found at once, and told with the place, the name, and the name that was probably meant."""

import difflib
from collections.abc import Mapping
from types import TracebackType
from typing import Any

import jinja2

from mailkit.errors import VariableMissing

__all__ = ["Missing", "MissingError", "innermost", "missing_variable"]


class MissingError(jinja2.UndefinedError):
    """A missing variable, with what is needed to say which and what was meant."""

    def __init__(self, variable: str, owner: object) -> None:
        super().__init__(variable)
        self.variable = variable
        self.owner = owner


class Missing(jinja2.StrictUndefined):
    """What Jinja puts in the place of a missing variable: every use but ``is defined`` and ``default()`` fails."""

    __slots__ = ()

    def _fail_with_undefined_error(self, *args: Any, **kwargs: Any) -> Any:
        raise MissingError(str(self._undefined_name), self._undefined_obj)

    __iter__ = __str__ = __len__ = _fail_with_undefined_error
    __eq__ = __ne__ = __bool__ = __hash__ = _fail_with_undefined_error
    __contains__ = _fail_with_undefined_error
    __add__ = __radd__ = __sub__ = __rsub__ = _fail_with_undefined_error
    __mul__ = __rmul__ = __div__ = __rdiv__ = _fail_with_undefined_error
    __truediv__ = __rtruediv__ = _fail_with_undefined_error
    __floordiv__ = __rfloordiv__ = _fail_with_undefined_error
    __mod__ = __rmod__ = _fail_with_undefined_error
    __pos__ = __neg__ = _fail_with_undefined_error
    __call__ = __getitem__ = _fail_with_undefined_error
    __lt__ = __le__ = __gt__ = __ge__ = _fail_with_undefined_error
    __int__ = __float__ = __complex__ = _fail_with_undefined_error
    __pow__ = __rpow__ = _fail_with_undefined_error

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self._fail_with_undefined_error()


def missing_variable(error: MissingError, name: str, line: int, values: Mapping[str, Any]) -> VariableMissing:
    inside = error.owner is not jinja2.utils.missing
    known = _known(error.owner) if inside else [*values]
    close = difflib.get_close_matches(error.variable, known, n=1)
    problem = f"there is no {error.variable!r}"
    if inside:
        problem += (
            f" in {'a' if isinstance(error.owner, Mapping) else 'an object of type'} {type(error.owner).__name__}"
        )
    else:
        problem += " in the data"
    shown = sorted(str(name) for name in known if inside or name != "locale")  # which mailkit has put there
    hint = f"Did you mean {close[0]!r}?" if close else f"The data has: {', '.join(shown[:12]) or 'nothing'}."
    return VariableMissing(problem, name=name, line=line, variable=error.variable, hint=hint)


def _known(owner: object) -> list[str]:
    if isinstance(owner, Mapping):
        return [str(key) for key in owner]
    return [name for name in dir(owner) if not name.startswith("_")]


def innermost(trace: TracebackType | None, name: str) -> tuple[str, int]:
    """The innermost template line in a traceback; Jinja has put the template's own lines into it."""
    place, line = name, 0
    while trace:
        if "__jinja_template__" in trace.tb_frame.f_globals or "__jinja_exception__" in trace.tb_frame.f_globals:
            place, line = trace.tb_frame.f_code.co_filename, trace.tb_lineno
        trace = trace.tb_next
    return place, line
