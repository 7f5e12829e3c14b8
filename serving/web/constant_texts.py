"""How templates are compiled: words that hold no value are looked up then, and plain functions are called as such."""

from collections.abc import Callable, Collection
from typing import Any

from jinja2 import nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.visitor import NodeTransformer

TRANSLATES = "text"


class ConstantTexts(CodeGenerator):
    """Code of a template in which each `text("…")` without values is already in the environment's language.

    Calls of the environment's own functions become filters, which the code calls without a look at what it calls: there
    are a hundred in a page. They must be among its globals and filters before the first template is compiled.
    """

    def visit_Template(self, node: nodes.Template, frame: Frame | None = None) -> None:  # noqa: N802  (the visitor's name)
        """Code of a template."""
        said: Any = self.environment.globals[TRANSLATES]
        plain = (self.environment.globals.keys() & self.environment.filters.keys()) - _own_names(node)
        super().visit_Template(_Called(plain).visit(_Translated(said).visit(node)), frame)


def _own_names(template: nodes.Template) -> set[str]:
    """Names that a template gives to something itself."""
    given = {one.name for one in template.find_all(nodes.Name) if one.ctx != "load"}
    given |= {one.name for one in template.find_all(nodes.Macro)}
    given |= {one.target for one in template.find_all(nodes.Import)}
    imported = [name for one in template.find_all(nodes.FromImport) for name in one.names]
    return given | {name if isinstance(name, str) else name[1] for name in imported}


class _Translated(NodeTransformer):
    def __init__(self, said: Callable[[str], str]) -> None:
        self._said = said

    def visit_Call(self, node: nodes.Call) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        match node:
            case nodes.Call(node=nodes.Name(name=name), args=[nodes.Const(value=str(message))], kwargs=[]) if (
                name == TRANSLATES
            ):
                return nodes.Const(self._said(message), lineno=node.lineno)
        return node


class _Called(NodeTransformer):
    def __init__(self, plain: Collection[str]) -> None:
        self._plain = plain

    def visit_Call(self, node: nodes.Call) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        match node:
            case nodes.Call(node=nodes.Name(name=name), args=[first, *more]) if name in self._plain:
                return nodes.Filter(first, name, more, node.kwargs, node.dyn_args, node.dyn_kwargs, lineno=node.lineno)
        return node
