"""References without their text: code that runs, and of the source no more than running takes.

An assignment may build on an earlier one; then the worker gets the reference of that one, so that one bug costs one
mark. It gets code, not source: no docstrings, comments, annotations, line numbers, no file; local variables have lost
their names. What must stay are the names of functions, arguments and attributes, the constants, the instructions.
"""

from __future__ import annotations

import ast
from types import CodeType

PLACE = "<reference>"


def compiled(source: str) -> CodeType:
    """The code of a module's source, stripped."""
    tree = ast.fix_missing_locations(_Bare().visit(ast.parse(source)))
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt | ast.expr):
            node.lineno, node.end_lineno, node.col_offset, node.end_col_offset = 1, 1, 0, 0
    return _nameless(compile(tree, PLACE, "exec", dont_inherit=True, optimize=2))


class _Bare(ast.NodeTransformer):
    """Takes docstrings and annotations away; those in a class's body are fields, which dataclasses are made of."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        self.generic_visit(node)
        node.returns = None
        every = node.args
        for argument in (*every.posonlyargs, *every.args, *every.kwonlyargs, every.vararg, every.kwarg):
            if argument is not None:
                argument.annotation = None
        node.body = [_plain(statement) for statement in _undocumented(node.body)]
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        self.generic_visit(node)
        node.body = _undocumented(node.body)
        return node

    def visit_Module(self, node: ast.Module) -> ast.Module:
        self.generic_visit(node)
        node.body = [_plain(statement) for statement in _undocumented(node.body)]
        return node


def _undocumented(body: list[ast.stmt]) -> list[ast.stmt]:
    first = body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        return body[1:] or [ast.Pass()]
    return body


def _plain(statement: ast.stmt) -> ast.stmt:
    """`name: type = value` without the type."""
    if isinstance(statement, ast.AnnAssign) and statement.value is not None:
        return ast.Assign([statement.target], statement.value)
    return statement


def _nameless(code: CodeType) -> CodeType:
    """Code whose local variables have numbers for names, and the code within it."""
    arguments = code.co_argcount + code.co_kwonlyargcount
    arguments += bool(code.co_flags & 0x04) + bool(code.co_flags & 0x08)  # *args, **kwargs
    kept = {*code.co_varnames[:arguments], *code.co_cellvars}
    names = tuple(name if name in kept else f"_{place}" for place, name in enumerate(code.co_varnames))
    inner = tuple(_nameless(part) if isinstance(part, CodeType) else part for part in code.co_consts)
    return code.replace(co_varnames=names, co_consts=inner)
