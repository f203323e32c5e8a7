"""Follows printed values through a rendering, so that what surrounds them can be told apart from them.

Theory of operation. Jinja calls :func:`keep` for every value that an expression prints. It puts the value aside and
prints a token for it; what comes out is the *skeleton*: the same for everybody who takes the same path through the
template. A value that is markup already is printed as it is and so is a part of the skeleton, and so is the white space
around a value, and a value that is nothing else.

Tokens must come out whole. What a template captures (``{% set %}`` blocks, macros, ``caller()``) may hold some, and a
template could look at it: ``{% if caller() | length > 3 %}``. So captured output becomes :class:`Captured`, which can be
passed on and printed, and raises :class:`LookedAtError` for everything else; the message is then rendered without tokens.
Only templates may call macros, and only functions of this package are given captured output.
"""

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NoReturn

import jinja2
from jinja2.runtime import Context, Macro
from jinja2.sandbox import SandboxedEnvironment
from jinja2.utils import Namespace
from markupsafe import Markup, escape

from mailkit.errors import TemplateBroken
from mailkit.template.slot import FRAGMENT, MARK, TOKEN

__all__ = ["FILTERS", "Calls", "Captured", "LookedAtError", "Slots", "current", "keep", "tracing"]

_SPECIAL = re.compile("[<>&'\"]")


class LookedAtError(BaseException):
    """A template looks at output that has tokens in it. No Exception, so that no filter can swallow it."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Slots:
    """The values of one rendering, the fragments in it by number, and if asked for where each value was printed."""

    __slots__ = ("fragments", "is_markdown", "places", "values")

    def __init__(self, *, located: bool = False) -> None:
        self.values: list[str] = []
        self.fragments: dict[int, str] = {}
        self.is_markdown = False
        """Whether what is being rendered is yet to be read as Markdown: no value may be put into it before."""
        self.places: list[tuple[str, int]] | None = [] if located else None

    def whole(self, text: str) -> str:
        """Return text with the fragments in their places."""
        return FRAGMENT.sub(lambda token: self.fragments[int(token[1])], text) if self.fragments else text

    def filled(self, text: str) -> str:
        """Return what Jinja would have rendered without tokens."""
        return TOKEN.sub(lambda token: escape(self.values[int(token[1])]), self.whole(text))

    def add(self, value: str) -> str:
        """Keep a value, and return what stands for it."""
        self.values.append(value)
        if self.places is not None:
            self.places.append(_line_of(sys._getframe(1)))
        return f"{MARK}{len(self.values) - 1}z"


_current: ContextVar[Slots | None] = ContextVar("mailkit_slots", default=None)


@contextmanager
def tracing(slots: Slots | None) -> Iterator[None]:
    """Put the values that are printed within into ``slots``; without any, they stay where they are."""
    token = _current.set(slots)
    try:
        yield
    except TemplateBroken as error:
        cause = error.__cause__
        if isinstance(cause, TypeError) and Captured.__name__ in str(cause):  # where only a string will do
            raise LookedAtError(f"{error.name}:{error.line}: {_LOOKED_AT}") from None
        raise
    finally:
        _current.reset(token)


def current() -> Slots | None:
    """The slots of the rendering under way, if its values are followed."""
    return _current.get()


@jinja2.pass_context  # so that constants too wait until there is a place for values
def keep(context: jinja2.runtime.Context, value: Any) -> Any:
    """Jinja's ``finalize`` of a tracing environment."""
    slots = _current.get()
    if slots is None:
        return value
    kind = type(value)
    if kind is not str:
        if kind is Captured:
            return value.released(slots)
        if kind is Markup:
            if _SPECIAL.search(value) or MARK in value:
                return value
            value = value.unescape()  # without markup in it, it is text
        elif hasattr(value, "__html__"):
            return Markup(value)  # noqa: S704 - it says so itself
        else:
            value = str(value)
    core = value.strip()
    if not core:
        return value
    slots.values.append(core)
    if slots.places is not None:
        slots.places.append(_line_of(sys._getframe(1)))
    token = f"{MARK}{len(slots.values) - 1}z"
    if len(core) == len(value):
        return token
    before, _, after = value.partition(core)
    return f"{before}{token}{after}"


def _is_template(frame: Any) -> bool:
    """Whether it runs code that Jinja has made of a template."""
    return "blocks" in frame.f_globals and "debug_info" in frame.f_globals


def _line_of(frame: Any) -> tuple[str, int]:
    """The template line that is being rendered."""
    while frame is not None:
        if _is_template(frame):
            return frame.f_code.co_filename, _line(frame.f_globals["debug_info"], frame.f_lineno)
        frame = frame.f_back
    return "", 0


def _place(frame: Any) -> str:
    return "{}:{}".format(*_line_of(frame))


def _line(info: str, lineno: int) -> int:
    found = 1
    for pair in filter(None, info.split("&")):
        line, _, code = pair.partition("=")
        if int(code) > lineno:
            break
        found = int(line)
    return found


_LOOKED_AT = "captured output is more than printed"


class Captured:
    """Captured output with tokens in it. It can be passed on and printed; whatever else is done to it raises."""

    __slots__ = ("_owner", "_place", "_text")

    def __init__(self, text: str, owner: Slots, place: str) -> None:
        object.__setattr__(self, "_text", text)
        object.__setattr__(self, "_owner", owner)
        object.__setattr__(self, "_place", place)

    def released(self, slots: Slots) -> Markup:
        """Return the output, with its values in ``slots``: a module's variables outlive the rendering they are from."""
        text, owner = self._text, self._owner
        if owner is not slots:
            text = TOKEN.sub(lambda token: slots.add(owner.values[int(token[1])]), owner.whole(text))
        return Markup(text)  # noqa: S704 - it was, when it was captured

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        """Asked for by isinstance(): by a macro for its own purposes, by anybody else to find out what this is."""
        if sys._getframe(1).f_code is Macro.__call__.__code__:
            return Captured
        return self._looked_at()

    def __getattr__(self, name: str) -> Any:
        self._looked_at()

    def _looked_at(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise LookedAtError(f"{object.__getattribute__(self, '_place')}: {_LOOKED_AT}")

    __str__ = __repr__ = __html__ = __format__ = __len__ = __bool__ = __iter__ = __contains__ = __getitem__ = _looked_at
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __hash__ = _looked_at
    __add__ = __radd__ = __mul__ = __rmul__ = __mod__ = __rmod__ = __int__ = __float__ = _looked_at


@jinja2.pass_context
def _captured(context: jinja2.runtime.Context, value: Any, place: str) -> Any:
    slots = _current.get()
    return Captured(value, slots, place) if slots and isinstance(value, str) and MARK in value else value


@jinja2.pass_context
def _uncaptured(context: jinja2.runtime.Context, value: Any, place: str) -> Any:
    if isinstance(value, str) and MARK in value:
        raise LookedAtError(f"{place}: a filter changes a whole block")
    return value


@jinja2.pass_context
def _filtered(context: jinja2.runtime.Context, value: Any, place: str) -> Any:
    """What a filter is put to: one that does not understand what this is might say nothing."""
    if type(value) is Captured:
        raise LookedAtError(f"{place}: {_LOOKED_AT}")
    return value


@jinja2.pass_context
def _entered(context: jinja2.runtime.Context, place: str) -> str:
    """At the beginning of a macro: whoever is no template and calls it may look at its output."""
    if _current.get() is not None:
        caller: Any = sys._getframe(4)  # behind the macro's code, and two functions of Jinja's
        while caller.f_code in _CALLING:
            caller = caller.f_back
        if not _is_template(caller) and not _is_ours(caller.f_globals.get("__name__")):
            raise LookedAtError(f"{_place(caller)}: a macro is called by something that may look at its output")
    return ""


def _is_ours(module: object) -> bool:
    return isinstance(module, str) and module.startswith("mailkit.template.")


@jinja2.pass_context
def _refused(context: jinja2.runtime.Context, place: str, why: str) -> str:
    if _current.get() is not None:
        raise LookedAtError(f"{place}: {why}")
    return ""


FILTERS = {
    "_mailkit_captured": _captured,
    "_mailkit_uncaptured": _uncaptured,
    "_mailkit_entered": _entered,
    "_mailkit_filtered": _filtered,
    "_mailkit_refused": _refused,
}
"""What is put into the code of templates (:mod:`~mailkit.template.rewrite`)."""


class Calls(Context):
    """Calls functions for templates."""

    def call(self, function: Callable[..., Any], /, *args: Any, **named: Any) -> Any:
        if type(function) is not Macro and _current.get() is not None:
            for value in (*args, *named.values()):
                if type(value) is Captured and not _is_careful(function):
                    raise LookedAtError(f"{_place(sys._getframe(1))}: {_LOOKED_AT}")
        return super().call(function, *args, **named)


def _is_careful(function: Any) -> bool:
    """Whether it passes captured output on and does no more."""
    return function in (dict, Namespace) or _is_ours(getattr(getattr(function, "func", function), "__module__", ""))


_CALLING = (Calls.call.__code__, Context.call.__code__, SandboxedEnvironment.call.__code__)
