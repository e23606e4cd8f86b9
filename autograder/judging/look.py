"""Look at a hand-in's source for words that its assignment has no use for. TRUSTED: it is read as text, nothing is run.

What is found changes no mark. It tells a TA where to look: the sensors of a worker are evidence that a student's code
may tamper with, its text is not. Steps: search for known words, but for those that the assignment's own masters use;
pass over given lines; where any are left, parse, so that words in comments and texts do not count.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from autograder.sandbox.statements import lines_of

WORDS: dict[str, str] = {
    "derivatives that are ready-made": "autograd backward grad_fn requires_grad requires_grad_ enable_grad "
    "set_grad_enabled jvp vjp jacrev jacfwd hessian linearize functorch forward_ad dual_level make_dual make_fx "
    "_decomp decompositions checkpoint aten sympy mpmath threshold_backward _C _execution_engine "
    "TorchDispatchMode __torch_dispatch__ _DisableTorchDispatch",
    "tools of the course that are not there while grading": "gradcheck numeric_gradient references truths planted "
    "graph_ops misconceptions diagnose recipe forbid calls sensors",
    "other threads and processes": "threading _thread concurrent multiprocessing subprocess asyncio fork popen system",
    "the interpreter and its memory": "ctypes gc _getframe f_back f_locals f_globals settrace setprofile addaudithook "
    "inspect __code__ __closure__ cell_contents __globals__ meta_path modules marshal dis",
    "code put together at run time": "exec eval __import__ importlib compile getattr_static _jit",
}
WHY = {word: why for why, words in WORDS.items() for word in words.split()}
MOST = 20  # findings of one hand-in that are kept


def _pattern(words: Iterable[str]) -> re.Pattern:
    return re.compile(r"\b(?:" + "|".join(map(re.escape, sorted(words))) + r")\b")


SEARCH = _pattern(WHY)


@dataclass(frozen=True)
class Finding:
    """A word in a line. where: the module's file or "notebook"; line: counted from 1, in a notebook within its cell."""

    where: str
    line: int
    word: str
    why: str
    text: str

    def as_dict(self) -> dict:
        return asdict(self)


class Looker:
    """Looks at hand-ins of one assignment. given: sources that students get; masters: those that the assignment is made
    of, whose words are nothing to wonder at.
    """

    def __init__(self, given: Iterable[str], masters: Iterable[str]):
        self._given = {line.strip() for source in given for line in lines_of(source)}
        usual = {word for source in masters for _, word in _words(source)}
        self._odd = _pattern(set(WHY) - usual)

    def look(self, sources: Iterable[tuple[str, str]]) -> list[Finding]:
        """What is worth a look in (where, source) pairs, each word once in each place, the first MOST."""
        found: dict[tuple[str, str], Finding] = {}
        for where, source in sources:
            lines = lines_of(source)
            odd = {number for number, line in enumerate(lines, 1) if self._odd.search(line)}
            hits = {number for number in odd if lines[number - 1].strip() not in self._given}
            for number, word in _words(source) if hits else ():
                if number in hits and self._odd.fullmatch(word):
                    text = lines[number - 1].strip()[:120]
                    found.setdefault((where, word), Finding(where, number, word, WHY[word], text))
        return list(found.values())[:MOST]


def _words(source: str) -> Iterable[tuple[int, str]]:
    """(line, word) for each known word that code uses: names, attributes, imports, keywords, and texts of a word, which
    `getattr` may be given. Of what cannot be parsed, every known word.
    """
    try:
        tree = ast.parse(re.sub(r"(?m)^[ \t]*[%!].*$", "", source))  # without IPython's magics
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        for number, line in enumerate(lines_of(source), 1):
            yield from ((number, word) for word in SEARCH.findall(line))
        return
    for node in ast.walk(tree):
        number = node.lineno if isinstance(node, ast.stmt | ast.expr | ast.keyword | ast.alias) else 0
        for name in _names(node):
            yield from ((number, part) for part in name.split(".") if part in WHY)


def _names(node: ast.AST) -> list[str]:
    match node:
        case ast.Name():
            return [node.id]
        case ast.Attribute():
            return [node.attr]
        case ast.alias() | ast.FunctionDef() | ast.ClassDef():
            return [node.name]
        case ast.ImportFrom():
            return [node.module or ""]
        case ast.keyword():
            return [node.arg or ""]
        case ast.Constant(value=str() as text) if len(text) < 60 and re.fullmatch(r"[\w.]+", text):
            return [text]
        case _:
            return []
