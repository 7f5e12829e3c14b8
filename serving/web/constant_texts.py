"""Words of templates that hold no value are looked up when a template is compiled, not with every page."""

from collections.abc import Callable
from typing import Any

from jinja2 import nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.visitor import NodeTransformer

TRANSLATES = "text"


class ConstantTexts(CodeGenerator):
    """Code of a template in which each `text("…")` without values is already in the environment's language.

    The global function `text` of the environment must be there before its first template is compiled.
    """

    def visit_Template(self, node: nodes.Template, frame: Frame | None = None) -> None:  # noqa: N802  (the visitor's name)
        """Code of a template."""
        said: Any = self.environment.globals[TRANSLATES]
        super().visit_Template(_Translated(said).visit(node), frame)


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
