"""Rewrites templates when they are compiled, so that :mod:`~mailkit.template.trace` sees all that they print."""

from collections.abc import Callable
from typing import Any, cast

import jinja2
from jinja2 import nodes
from jinja2.environment import TemplateModule
from jinja2.visitor import NodeTransformer
from markupsafe import Markup

from mailkit.template import language
from mailkit.template.fragment import Fragments
from mailkit.template.slot import MARK
from mailkit.template.trace import FILTERS, Calls, Slots, current, tracing

__all__ = ["TracingEnvironment"]


class _Template(jinja2.Template):
    def make_module(
        self,
        vars: dict[str, Any] | None = None,  # noqa: A002 - Jinja's words
        shared: bool = False,
        locals: Any = None,  # noqa: A002
    ) -> TemplateModule:
        """What is imported. It outlives the rendering, and can be printed and looked at like any other object."""
        slots = current()
        if slots is None:
            return super().make_module(vars, shared, locals)
        with tracing(slots if shared else Slots()):
            module: Any = super().make_module(vars, shared, locals)
            module._body_stream = [cast("Slots", current()).filled("".join(module._body_stream))]
        return cast("TemplateModule", module)


class _Tracer(NodeTransformer):
    """Puts the checks of the trace into a template's syntax tree."""

    def __init__(self, name: str, fragments: Fragments) -> None:
        self._name = name
        self._fragments = fragments

    def visit_Output(self, node: nodes.Output) -> nodes.Node:
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

    def visit_Macro(self, node: nodes.Macro) -> nodes.Node:
        self.generic_visit(node)
        node.body.insert(0, self._statement("_mailkit_entered", node))
        return node

    def visit_CallBlock(self, node: nodes.CallBlock) -> nodes.Node:
        self.generic_visit(node.call)
        node.body = [self._statement("_mailkit_entered", node), *self._all(node.body)]
        node.defaults = self._all(node.defaults)
        return node

    def visit_Call(self, node: nodes.Call) -> nodes.Node:
        self.generic_visit(node)
        return self._filter(node, "_mailkit_captured")

    def visit_Filter(self, node: nodes.Filter) -> nodes.Node:
        if node.name in FILTERS:
            return self.generic_visit(node)
        if not isinstance(node.node, (nodes.Const, nodes.TemplateData)):
            node.node = self._filter(node.node, "_mailkit_filtered")
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
        return self._statement("_mailkit_refused", node, nodes.Const(why, lineno=node.lineno))

    def _statement(self, name: str, node: nodes.Node, *args: nodes.Expr) -> nodes.Node:
        call = self._filter(nodes.Const(f"{self._name}:{node.lineno}", lineno=node.lineno), name)
        call.args = [*args]
        statement = nodes.ExprStmt(call, lineno=node.lineno)
        return statement.set_environment(node.environment)  # type: ignore[arg-type]

    def _all(self, body: list[Any]) -> list[Any]:
        made: list[Any] = []
        for child in body:
            visited = self.visit(child)
            made += visited if isinstance(visited, list) else [visited]
        return made

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
    context_class = Calls
    template_class = _Template

    def recall(
        self, label: str, called: tuple[tuple[str, ...], ...], values: tuple[Any, ...], caller: Callable[[], str]
    ) -> str:
        """What templates call around a loop that may be the same for everybody."""
        slots = current()
        if slots is None or slots.is_markdown:
            return caller()
        reading = {name: set(calls) for name, *calls in called}

        def render(has_tokens: bool) -> str:
            if has_tokens:
                return caller()
            with tracing(None):
                return caller()

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
