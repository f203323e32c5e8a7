"""Loops over what is the same for everybody, rendered once.

Theory of operation. When a template is compiled, each ``{% for %}`` is looked at: if what it prints can depend on nothing
but the variables that it reads (no calls of functions from outside, no output of blocks, nothing changed outside of it),
it is wrapped. When it is rendered, those variables are frozen, their contents down to the last string, and that is the
key. A key that comes for the first time may be one recipient's own, and the loop is rendered with tokens; at the second
time its plain text is kept, and from then on the loop costs the freezing. A loop whose keys never come again is left
alone. Data that is not made of plain values (an object with properties, say) has no key.
"""

import itertools
import pickle
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from io import BytesIO
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import jinja2
from jinja2 import nodes
from jinja2.environment import TemplateModule
from jinja2.filters import FILTERS
from jinja2.runtime import Macro
from jinja2.tests import TESTS
from markupsafe import Markup

__all__ = ["Fragments", "Reading"]

_KEYS = 8  # kept for each loop
_MISSES = 32  # in a row, before a loop is left alone
_SIZE = 1_000_000  # bytes of a key

_EXPRESSIONS = (
    *(nodes.Add, nodes.And, nodes.CondExpr, nodes.Compare, nodes.Concat, nodes.Const, nodes.Dict, nodes.Div),
    *(nodes.FloorDiv, nodes.Getattr, nodes.Getitem, nodes.Keyword, nodes.List, nodes.Mod, nodes.Mul, nodes.Neg),
    *(nodes.Not, nodes.Operand, nodes.Or, nodes.Pair, nodes.Pos, nodes.Pow, nodes.Slice, nodes.Sub, nodes.TemplateData),
    nodes.Tuple,
)
_STATEMENTS = (nodes.Assign, nodes.Break, nodes.Continue, nodes.If, nodes.Output, nodes.Scope)
_CHANGING = frozenset(
    (
        *("add", "append", "clear", "discard", "extend", "insert", "pop", "popitem", "remove", "reverse"),
        *("setdefault", "sort", "update"),
    )
)
_NAMING_OTHERS = frozenset(("map", "random", "reject", "rejectattr", "select", "selectattr"))
_SPECIAL = frozenset(("caller", "kwargs", "loop", "self", "super", "varargs"))
_WRITTEN = frozenset((Decimal, Markup, date, datetime, time, timedelta, timezone))
_NAMED = _WRITTEN | {ZoneInfo, jinja2.Undefined}
_ATOMS = frozenset((str, int, bool, type(None), bytes, Markup))

Reading: TypeAlias = dict[str, set[str]]
"""The variables that a loop reads, each with the names of what is called on it. An empty name is a call of the variable,
one with a point before it is looked at without a call, and ``*`` is any other use."""


class _ImpureError(Exception):
    """It may depend on more than on the variables that it reads."""


class _NoKeyError(Exception):
    """The data is not made of plain values."""


@dataclass(slots=True)
class _Loop:
    """What is known of one loop: numbered texts by their keys. None is for one that has come once."""

    texts: OrderedDict[tuple[Any, ...], tuple[int, str] | None] = field(default_factory=OrderedDict)
    misses: int = 0


class Fragments:
    """Finds loops that can be shared, and remembers what they print. Safe to share between threads."""

    def __init__(self, jinja: jinja2.Environment, known_filters: Mapping[str, Callable[..., Any]]) -> None:
        self._jinja = jinja
        self._filters = {**FILTERS, **known_filters}
        self._macros: dict[str, set[str]] = {}
        self._loops: dict[str, _Loop] = {}
        self._numbers = itertools.count()
        self._lock = threading.Lock()

    # -- when a template is compiled -------------------------------------------------------------------------------

    def enter(self, name: str, tree: nodes.Template) -> None:
        """Find the macros of a template that depend on their arguments alone."""
        with self._lock:
            for label in [label for label in self._loops if label.startswith(f"{name}\0")]:
                del self._loops[label]  # of the file as it was
        readings: dict[str, set[str]] = {}
        impure: set[str] = set()
        for macro in tree.find_all(nodes.Macro):  # of which several may have one name
            reading: Reading = {}
            try:
                inner = self._bound(frozenset(("caller",)), macro.args)
                for part in (*macro.defaults, *macro.body):
                    inner = self._visit(part, inner, reading)
                readings.setdefault(macro.name, set()).update(reading)
            except _ImpureError:
                impure.add(macro.name)
        readings = {name: read for name, read in readings.items() if name not in impure}
        while True:
            pure = {name for name, read in readings.items() if read <= readings.keys()}
            if len(pure) == len(readings):
                break
            readings = {name: readings[name] for name in pure}
        self._macros[name] = set(readings)

    def reading(self, loop: nodes.For) -> Reading | None:
        """Return what a loop reads, or None when its output may depend on something else."""
        reading: Reading = {}
        try:
            self._visit(loop, frozenset(), reading)
        except _ImpureError:
            return None
        return reading if reading and not reading.keys() & _SPECIAL else None

    def label(self, name: str) -> str:
        """Return a name for one more loop of a template."""
        return f"{name}\0{next(self._numbers)}"

    def _visit(self, node: nodes.Node, bound: frozenset[str], reading: Reading) -> frozenset[str]:
        """Check a node, and return the names that are bound behind it."""
        if isinstance(node, nodes.Name):
            if node.ctx == "load" and node.name not in bound:
                reading.setdefault(node.name, set()).add("*")
            return bound
        if isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name) and node.node.name not in bound:
            reading.setdefault(node.node.name, set()).add(f".{node.attr}")
            return bound
        if isinstance(node, nodes.For):
            self._visit(node.iter, bound, reading)
            inner = self._bound(bound, [node.target]) | {"loop"}
            if node.recursive:
                raise _ImpureError
            if node.test is not None:
                self._visit(node.test, inner, reading)
            self._all(node.body, inner, reading)
            self._all(node.else_, bound, reading)
            return bound
        if isinstance(node, nodes.Call):
            return self._call(node, bound, reading)
        if isinstance(node, nodes.CallBlock):
            self._call(node.call, bound, reading)
            self._all([*node.defaults, *node.body], self._bound(bound, node.args), reading)
            return bound
        if isinstance(node, nodes.Filter):
            known = self._filters.get(node.name)
            is_others = node.name in _NAMING_OTHERS and not _is_plain_map(node)
            if node.node is None or known is None or is_others or self._jinja.filters.get(node.name) is not known:
                raise _ImpureError
        elif isinstance(node, nodes.Test):
            if self._jinja.tests.get(node.name) is not TESTS.get(node.name):
                raise _ImpureError
        elif isinstance(node, nodes.With):
            self._all(node.values, bound, reading)
            self._all(node.body, self._bound(bound, node.targets), reading)
            return bound
        elif isinstance(node, nodes.Assign):
            self._visit(node.node, bound, reading)
            return self._bound(bound, [node.target])
        elif isinstance(node, nodes.If):
            self._visit(node.test, bound, reading)
            for body in (node.body, node.elif_, node.else_):
                self._all(body, bound, reading)
            return bound
        elif not isinstance(node, (*_EXPRESSIONS, *_STATEMENTS)):
            raise _ImpureError
        inner = bound
        for child in node.iter_child_nodes():
            inner = self._visit(child, inner, reading)
        return bound

    def _all(self, body: Iterable[nodes.Node], bound: frozenset[str], reading: Reading) -> None:
        for child in body:
            bound = self._visit(child, bound, reading)

    def _call(self, node: nodes.Call, bound: frozenset[str], reading: Reading) -> frozenset[str]:
        target = node.node
        if node.dyn_args is not None or node.dyn_kwargs is not None:
            raise _ImpureError
        if isinstance(target, nodes.Name):
            if target.name in bound and target.name != "caller":
                raise _ImpureError
            if target.name not in bound:
                reading.setdefault(target.name, set()).add("")
        elif isinstance(target, nodes.Getattr) and target.attr not in _CHANGING:
            if isinstance(target.node, nodes.Name) and target.node.name not in bound:
                reading.setdefault(target.node.name, set()).add(target.attr)
            else:
                self._visit(target.node, bound, reading)
        else:
            raise _ImpureError
        for argument in (*node.args, *node.kwargs):
            self._visit(argument, bound, reading)
        return bound

    def _bound(self, bound: frozenset[str], targets: Iterable[nodes.Node]) -> frozenset[str]:
        names = set(bound)
        for target in targets:
            if isinstance(target, nodes.Name):
                names.add(target.name)
            elif isinstance(target, nodes.Tuple):
                names |= self._bound(frozenset(), target.items)
            else:  # of a namespace, which lives on outside
                raise _ImpureError
        return frozenset(names)

    # -- when it is rendered ---------------------------------------------------------------------------------------

    def recall(
        self, label: str, language: str, reading: Reading, values: tuple[Any, ...], render: Callable[[bool], str]
    ) -> str | tuple[int, str]:
        """Return what a loop prints, and a number for it if it is shared; ``render`` renders it, with tokens or plainly."""
        with self._lock:
            loop = self._loops.setdefault(label, _Loop())
        if loop.misses > _MISSES:
            return render(True)
        try:
            key = (language, *map(self._freeze, values, reading.values()))
        except (_NoKeyError, RecursionError):
            loop.misses += 1
            return render(True)
        with self._lock:
            is_known = key in loop.texts
            text = loop.texts.setdefault(key, None)
            loop.texts.move_to_end(key)
            loop.misses = 0 if is_known else loop.misses + 1
            while len(loop.texts) > _KEYS:
                loop.texts.popitem(last=False)
        if not is_known:
            return render(True)
        if text is None:
            plain = render(False)
            if "<link" in plain:  # a style sheet, perhaps, which is looked for in what surrounds fragments
                return plain
            text = (next(self._numbers), plain)
            with self._lock:
                loop.texts[key] = text
        return text

    def _freeze(self, value: Any, calls: set[str]) -> object:
        """Return what tells a value from every other that could be printed differently."""
        kind = type(value)
        if kind is Macro:
            if value.name not in self._macros.get(value._func.__code__.co_filename, ()):
                raise _NoKeyError
            return value
        if kind is TemplateModule:
            return tuple(self._member(value, name) for name in sorted(calls))
        if "" in calls and value is not range:
            raise _NoKeyError
        return range if value is range else _frozen(value)

    def _member(self, module: TemplateModule, name: str) -> object:
        if name.startswith("."):
            return _frozen(getattr(module, name[1:], None))
        macro = getattr(module, name, None)
        if type(macro) is not Macro:
            raise _NoKeyError
        return self._freeze(macro, set())


class _Freezer(pickle.Pickler):
    """Writes plain values down, type by type and in order; nothing else, and never by what it is called."""

    def reducer_override(self, value: Any) -> Any:
        kind = type(value)
        if kind in _WRITTEN or (kind is type and value in _NAMED):
            return NotImplemented  # as pickle itself does it
        if kind is ZoneInfo:
            return ZoneInfo, (str(value),)
        if issubclass(kind, jinja2.Undefined):  # what asks for its class may look at captured output
            return jinja2.Undefined, ()
        raise _NoKeyError  # a class, too: what is in it may change


def _frozen(value: Any) -> object:
    if type(value) in _ATOMS:
        return type(value), value
    written = BytesIO()
    freezer = _Freezer(written, protocol=5)
    freezer.fast = True  # each value in full, or equal data would differ by which of its strings are the same object
    try:
        freezer.dump(value)
    except (ValueError, pickle.PicklingError, AttributeError, TypeError):  # a list that holds itself, for example
        raise _NoKeyError from None
    if written.tell() > _SIZE:
        raise _NoKeyError
    return written.getvalue()


def _is_plain_map(node: nodes.Filter) -> bool:
    """Whether such a filter names an attribute, and no filter or test, which might be anything."""
    return node.name == "map" and not node.args and all(one.key in ("attribute", "default") for one in node.kwargs)
