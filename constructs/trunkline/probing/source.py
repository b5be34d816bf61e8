"""The agent's program text as machines get it."""

from __future__ import annotations

import ast
from functools import cache
from importlib.resources import files


@cache
def agent_source() -> str:
    """`agent.py` without docstrings, comments and annotations; what it does is the same.

    AWS takes 16 KB of user data in all, and half of the file is for its readers.
    """
    text = files("trunkline.probing").joinpath("agent.py").read_text("utf-8")
    tree = _Bare().visit(ast.parse(text))
    return f"# trunkline's probing/agent.py, bare\n{ast.unparse(ast.fix_missing_locations(tree))}\n"


class _Bare(ast.NodeTransformer):
    """Takes away what Python itself does not need."""

    def visit_Expr(self, node: ast.Expr) -> ast.Expr | None:  # noqa: N802
        is_text = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        return None if is_text else node

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.annotation = None
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:  # noqa: N802
        self.generic_visit(node)
        node.returns = None
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.Assign | None:  # noqa: N802
        self.generic_visit(node)
        if node.value is None:
            return None
        return ast.Assign(targets=[node.target], value=node.value, lineno=node.lineno)
