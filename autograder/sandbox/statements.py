"""Cut a module's source into its top-level statements, also where it does not parse as a whole.

What cannot be parsed is then the smallest stretch between two lines that begin a statement.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from types import CodeType

# Lines that may begin a statement at the top level. A stretch that does not parse is put together with what follows.
BEGINS = re.compile(r"(?!else\b|elif\b|except\b|finally\b|case\b)[^\s#)\]}]")
LONGEST = 400  # lines that are tried as one statement
MOST = 100_000  # lines that are parsed in all, where statements go on and on; after that each stretch stands alone
# What Python says of a statement that may go on in the next line; whatever else is wrong with it stays wrong.
UNFINISHED = re.compile(r"never closed|unterminated triple-quoted|unexpected EOF|expected an indented block")
FUTURES = 0x1FF0000  # the flags of code objects that stand for futures


@dataclass
class Statement:
    """A top-level statement: its first line, its text, its code or why there is none."""

    line: int
    text: str
    code: CodeType | None
    error: SyntaxError | None = None


def statements(source: bytes, filename: str) -> list[Statement]:
    """The top-level statements of a source, in order."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            tree = ast.parse(source, filename)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return _joined(_pieces(source, filename))
        lines = lines_of(_decoded(source))
        future = 0  # `from __future__ import annotations` counts for every statement of the module
        found = []
        for node in tree.body:
            code = _compiled(ast.Module([node], []), filename, future)
            if isinstance(node, ast.ImportFrom) and node.module == "__future__" and isinstance(code, CodeType):
                future |= code.co_flags & FUTURES
            first = min([node.lineno, *(part.lineno for part in getattr(node, "decorator_list", []))])
            text = "\n".join(lines[first - 1 : node.end_lineno])
            found.append(_statement(first, text, code))
        return found


def _compiled(tree: ast.Module, filename: str, flags: int) -> CodeType | SyntaxError:
    try:
        return compile(tree, filename, "exec", flags=flags, dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return error if isinstance(error, SyntaxError) else SyntaxError(f"{type(error).__name__}: {error}")


def _statement(line: int, text: str, code: CodeType | SyntaxError) -> Statement:
    return Statement(line, text, None, code) if isinstance(code, SyntaxError) else Statement(line, text, code)


def _pieces(source: bytes, filename: str) -> Iterator[Statement]:
    """The statements of a source that does not parse as a whole."""
    lines = _decoded(source).split("\n")
    begins = [number for number, line in enumerate(lines) if BEGINS.match(line)] or [0]
    begins[0] = 0
    ends = [*begins[1:], len(lines)]
    future, at, read = 0, 0, 0
    while at < len(begins):
        first = begins[at]
        code: CodeType | SyntaxError | None = None
        reach = at
        for after in range(at, len(ends)):
            if after > at and (ends[after] - first > LONGEST or read > MOST):
                break
            read += ends[after] - first
            text = "\n".join(lines[first : ends[after]])
            tried = _parsed(text, first, filename, future)
            if isinstance(tried, CodeType):
                code, reach = tried, after
                break
            code = code or tried  # what is wrong with the shortest stretch
            if not (UNFINISHED.search(str(tried.msg)) or lines[first].startswith("@")):
                break
        text = "\n".join(lines[first : ends[reach]])
        if isinstance(code, CodeType) and "__future__" in text:
            future |= code.co_flags & FUTURES
        if text.strip() and code is not None:
            yield _statement(_first_line(lines, first), text, code)
        at = reach + 1


def _joined(pieces: Iterator[Statement]) -> list[Statement]:
    """Prose in the middle of a module is one piece that does not parse, however many lines it has."""
    found: list[Statement] = []
    goes_on = False
    for piece in pieces:
        nameless = piece.error is not None and not defined(piece.text)
        if goes_on and nameless:
            found[-1].text += f"\n{piece.text}"
        else:
            found.append(piece)
        goes_on = nameless
    return found


def _parsed(text: str, first: int, filename: str, flags: int) -> CodeType | SyntaxError:
    try:
        tree = ast.parse(text, filename)
    except SyntaxError as error:
        error.lineno = (error.lineno or 1) + first
        error.msg = re.sub(r"(?<=on line )\d+", lambda found: str(int(found[0]) + first), str(error.msg))
        error.msg = re.sub(r" \(detected at line \d+\)", "", error.msg)  # the stretch's end, and not the text's
        return error
    except (ValueError, RecursionError, MemoryError) as error:
        return SyntaxError(f"{type(error).__name__}: {error}", (filename, first + 1, None, None))
    return _compiled(ast.increment_lineno(tree, first), filename, flags)


def _first_line(lines: list[str], first: int) -> int:
    """The 1-based number of the first line of a stretch that is not blank or a comment."""
    for number in range(first, len(lines)):
        if lines[number].strip() and not lines[number].lstrip().startswith("#"):
            return number + 1
    return first + 1


def _decoded(source: bytes) -> str:
    """The text of a source, whatever is wrong with it."""
    return source.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")


def lines_of(source: str) -> list[str]:
    """The lines of a source as Python counts them; `splitlines` cuts at other characters as well."""
    return re.split(r"\r\n?|\n", source)


def defined(text: str) -> list[str]:
    """The names that a statement would have defined at the top level, also where it does not parse."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        names = re.findall(r"^(?:async\s+def|def|class|type)\s+(\w+)|^(\w+)\s*(?::[^=\n]+)?=", text, re.M)
        names += [(name, "") for part in re.findall(r"^(?:from\s+\S+\s+)?import\s+(.+)$", text, re.M)
                  for name in re.findall(r"(\w+)\s*(?:,|$)", part)]  # fmt: skip
        return [one or other for one, other in names]
    found = []
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.append(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found += [(alias.asname or alias.name).partition(".")[0] for alias in node.names]
        else:
            found += [
                leaf.id for leaf in ast.walk(node) if isinstance(leaf, ast.Name) and isinstance(leaf.ctx, ast.Store)
            ]
    return found
