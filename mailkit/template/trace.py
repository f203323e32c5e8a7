"""Follows printed values through a rendering, so that what surrounds them can be told apart from them.

Theory of operation. Jinja calls :func:`keep` for every value that an expression prints. It puts the value aside and
prints a token for it; what comes out is the *skeleton*: the same for everybody who takes the same path through the
template. A value that is markup already is printed as it is and so is a part of the skeleton, and so is the white space
around a value, and a value that is nothing else.

Tokens must come out whole. What a template captures (``{% set %}`` blocks, macros, ``caller()``) may hold some, and a
template could look at it: ``{% if caller() | length > 3 %}``. So captured output becomes :class:`Captured`, which can be
passed on and printed, and raises :class:`LookedAtError` for everything else; the message is then rendered without tokens.
"""

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NoReturn, cast

import jinja2
from jinja2 import nodes
from jinja2.runtime import Macro
from jinja2.visitor import NodeTransformer
from markupsafe import Markup

from mailkit.template import language
from mailkit.template.fragment import Fragments
from mailkit.template.slot import FRAGMENT, MARK, TOKEN

__all__ = ["FILTERS", "Captured", "LookedAtError", "Slots", "TracingEnvironment", "current", "keep", "tracing"]

_SPECIAL = re.compile("[<>&'\"]")


class LookedAtError(BaseException):
    """A template looks at output that has tokens in it. No Exception, so that no filter can swallow it."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Slots:
    """The values of one rendering, the fragments in it by number, and if asked for where each value was printed."""

    __slots__ = ("fragments", "places", "values")

    def __init__(self, *, located: bool = False) -> None:
        self.values: list[str] = []
        self.fragments: dict[int, str] = {}
        self.places: list[tuple[str, int]] | None = [] if located else None

    def whole(self, text: str) -> str:
        """Return text with the fragments in their places."""
        return FRAGMENT.sub(lambda token: self.fragments[int(token[1])], text) if self.fragments else text

    def add(self, value: str) -> str:
        """Keep a value, and return what stands for it."""
        self.values.append(value)
        return f"{MARK}{len(self.values) - 1}z"


_current: ContextVar[Slots | None] = ContextVar("mailkit_slots", default=None)


@contextmanager
def tracing(slots: Slots) -> Iterator[None]:
    """Put the values that are printed within into ``slots``."""
    token = _current.set(slots)
    try:
        yield
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
        slots.places.append(_printed_at())
    token = f"{MARK}{len(slots.values) - 1}z"
    if len(core) == len(value):
        return token
    before, _, after = value.partition(core)
    return f"{before}{token}{after}"


def _printed_at() -> tuple[str, int]:
    """The template line that is being printed."""
    frame: Any = sys._getframe(2)
    while frame is not None:
        template = frame.f_globals.get("__jinja_template__")
        if template is not None or "blocks" in frame.f_globals:
            info = frame.f_globals.get("debug_info", "")
            return frame.f_code.co_filename, _line(info, frame.f_lineno)
        frame = frame.f_back
    return "", 0


def _line(info: str, lineno: int) -> int:
    found = 1
    for pair in filter(None, info.split("&")):
        line, _, code = pair.partition("=")
        if int(code) > lineno:
            break
        found = int(line)
    return found


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
        raise LookedAtError(f"{object.__getattribute__(self, '_place')}: captured output is more than printed")

    __str__ = __repr__ = __html__ = __format__ = __len__ = __bool__ = __iter__ = __contains__ = __getitem__ = _looked_at
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __hash__ = _looked_at
    __add__ = __radd__ = __mul__ = __rmul__ = __mod__ = __rmod__ = __int__ = __float__ = __call__ = _looked_at


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
def _passed(context: jinja2.runtime.Context, value: Any, place: str) -> Any:
    if type(value) is Macro and _current.get() is not None:
        raise LookedAtError(f"{place}: a macro is handed to something that may look at its output")
    return value


@jinja2.pass_context
def _refused(context: jinja2.runtime.Context, place: str, why: str) -> str:
    if _current.get() is not None:
        raise LookedAtError(f"{place}: {why}")
    return ""


FILTERS = {
    "_mailkit_captured": _captured,
    "_mailkit_uncaptured": _uncaptured,
    "_mailkit_passed": _passed,
    "_mailkit_refused": _refused,
}
"""What the tracer puts into the code of templates."""


class _Tracer(NodeTransformer):
    """Puts the checks of this module into a template's syntax tree."""

    def __init__(self, name: str, fragments: Fragments) -> None:
        self._name = name
        self._fragments = fragments

    def visit_Output(self, node: nodes.Output) -> nodes.Node:
        for child in [child for child in node.nodes if isinstance(child, nodes.Call)]:
            self._guard_arguments(child)
        node.nodes = [
            cast("nodes.Expr", self.generic_visit(child) if isinstance(child, nodes.Call) else self.visit(child))
            for child in node.nodes
        ]
        return node

    def visit_For(self, node: nodes.For) -> nodes.Node:
        reading = self._fragments.reading(node)
        self.generic_visit(node)
        if reading is None:
            return node
        line, environment = node.lineno, node.environment
        names = nodes.Tuple([nodes.Name(name, "load", lineno=line) for name in reading], "load", lineno=line)
        recall = nodes.EnvironmentAttribute("recall", lineno=line)
        label = nodes.Const(self._fragments.label(self._name), lineno=line)
        called = nodes.Const(tuple((name, *sorted(calls)) for name, calls in reading.items()), lineno=line)
        call = nodes.Call(recall, [label, called, names], [], None, None, lineno=line)
        block = nodes.CallBlock(call, [], [], [node], lineno=line)
        return block.set_environment(environment)  # type: ignore[arg-type]

    def visit_CallBlock(self, node: nodes.CallBlock) -> nodes.Node:
        self._guard_arguments(node.call)
        self.generic_visit(node.call)
        node.body = self._all(node.body)
        node.defaults = self._all(node.defaults)
        return node

    def visit_Call(self, node: nodes.Call) -> nodes.Node:
        self._guard_arguments(node)
        self.generic_visit(node)
        return self._filter(node, "_mailkit_captured")

    def visit_Filter(self, node: nodes.Filter) -> nodes.Node:
        if node.name in FILTERS:
            return self.generic_visit(node)
        if isinstance(node.node, (nodes.Name, nodes.Getattr)):
            node.node = self._filter(node.node, "_mailkit_passed")
        self._guard_arguments(node)
        return self.generic_visit(node)

    def visit_AssignBlock(self, node: nodes.AssignBlock) -> Any:
        if node.filter is not None:
            self._guard_block(node.filter)
        node.body = self._all(node.body)
        if isinstance(node.target, nodes.NSRef):
            value: nodes.Expr = nodes.Getattr(
                nodes.Name(node.target.name, "load", lineno=node.lineno), node.target.attr, "load", lineno=node.lineno
            )
            target: nodes.Expr = nodes.NSRef(node.target.name, node.target.attr, lineno=node.lineno)
        else:
            name = node.target.name  # type: ignore[attr-defined]
            value = nodes.Name(name, "load", lineno=node.lineno)
            target = nodes.Name(name, "store", lineno=node.lineno)
        again = nodes.Assign(target, self._filter(value, "_mailkit_captured"), lineno=node.lineno)
        again.set_environment(node.environment)  # type: ignore[arg-type]
        return [node, again]

    def visit_FilterBlock(self, node: nodes.FilterBlock) -> nodes.Node:
        self._guard_block(node.filter)
        node.body = self._all(node.body)
        return node

    def visit_ScopedEvalContextModifier(self, node: nodes.ScopedEvalContextModifier) -> Any:
        return [self.refusal("{% autoescape %} changes how values are escaped", node), self.generic_visit(node)]

    def refusal(self, why: str, node: nodes.Node) -> nodes.Node:
        call = self._filter(nodes.Const(f"{self._name}:{node.lineno}", lineno=node.lineno), "_mailkit_refused")
        call.args = [nodes.Const(why, lineno=node.lineno)]
        statement = nodes.ExprStmt(call, lineno=node.lineno)
        return statement.set_environment(node.environment)  # type: ignore[arg-type]

    def _all(self, body: list[Any]) -> list[Any]:
        made: list[Any] = []
        for child in body:
            visited = self.visit(child)
            made += visited if isinstance(visited, list) else [visited]
        return made

    def _guard_arguments(self, node: nodes.Call | nodes.Filter) -> None:
        """A macro that is handed on could be called, and its output looked at, outside of every template."""
        node.args = [
            self._filter(one, "_mailkit_passed") if isinstance(one, (nodes.Name, nodes.Getattr)) else one
            for one in node.args
        ]

    def _guard_block(self, chain: nodes.Filter) -> None:
        innermost = chain
        while isinstance(innermost.node, nodes.Filter):
            innermost = innermost.node
        guard = self._filter(None, "_mailkit_uncaptured", lineno=chain.lineno, environment=chain.environment)
        innermost.node = guard

    def _filter(self, node: Any, name: str, lineno: int = 0, environment: Any = None) -> nodes.Filter:
        line = lineno or node.lineno
        args: list[nodes.Expr] = [nodes.Const(f"{self._name}:{line}", lineno=line)]
        made = nodes.Filter(node, name, args, [], None, None, lineno=line)
        made.set_environment(environment or node.environment)
        return made


class TracingEnvironment(jinja2.Environment):
    """Compiles templates so that :func:`keep` and :class:`Captured` see all that is printed."""

    fragments: Fragments

    def recall(
        self, label: str, called: tuple[tuple[str, ...], ...], values: tuple[Any, ...], caller: Callable[[], str]
    ) -> str:
        """What templates call around a loop that may be the same for everybody."""
        slots = _current.get()
        if slots is None:
            return caller()
        reading = {name: set(calls) for name, *calls in called}

        def render(has_tokens: bool) -> str:
            if has_tokens:
                return caller()
            token = _current.set(None)
            try:
                return caller()
            finally:
                _current.reset(token)

        found = self.fragments.recall(label, language.current(), reading, values, render)
        if isinstance(found, str):
            return found
        number, text = found
        slots.fragments[number] = text
        return Markup(f"{MARK}{number}f")  # noqa: S704 - what it stands for is markup

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        self.fragments.enter(name or "", tree)
        tracer = _Tracer(name or "", self.fragments)
        tracer.generic_visit(tree)
        if not (self.autoescape(name) if callable(self.autoescape) else self.autoescape):
            tree.body.insert(0, tracer.refusal("a text template is a part of the HTML", tree))
        return tree
