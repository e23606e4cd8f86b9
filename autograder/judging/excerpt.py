"""The part of a module that defines some names, and what that part is made of. TRUSTED."""

from __future__ import annotations

import ast
from collections.abc import Iterable


def excerpt(source: str, names: Iterable[str]) -> str:
    """The part of a module that defines `names`, and what that part is made of. Raises ValueError for unknown names."""
    body = ast.parse(source).body
    defined = {name: node for node in body for name in _defines(node)}
    if unknown := set(names) - set(defined):
        raise ValueError(f"the module defines no {', '.join(sorted(unknown))}")
    kept, waiting = set(), list(names)
    while waiting:
        node = defined[waiting.pop()]
        if node not in kept:
            kept.add(node)
            waiting += {part.id for part in ast.walk(node) if isinstance(part, ast.Name)} & set(defined)
    lines = source.splitlines(keepends=True)
    future = "from __future__ import annotations\n\n"
    return future + "\n".join(_text(lines, node) for node in body if node in kept)


def _defines(node: ast.stmt) -> set[str]:
    """The names that a statement of a module's top level gives a meaning."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {(name.asname or name.name).partition(".")[0] for name in node.names} - {"annotations"}
    targets = getattr(node, "targets", [getattr(node, "target", None)])
    return {part.id for target in targets if target for part in ast.walk(target) if isinstance(part, ast.Name)}


def _text(lines: list[str], node: ast.stmt) -> str:
    first = min([node.lineno, *(decorator.lineno for decorator in getattr(node, "decorator_list", ()))])
    return "".join(lines[first - 1 : node.end_lineno])
