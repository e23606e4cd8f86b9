"""What a student may read of a hidden test: what is wrong and where, and nothing of the hidden inputs.

Whatever a hidden call hands to a student's code can come back in the words of an exception, in a key or the name of a
type, in the numbers of an answer. So the message of a failed hidden test is told whole to the TA (`detail`), and to the
student only where a public test of the item has said the very same. Else they read a message of ours: which value is
wrong, which kind of exception was raised, and the line of their own code, taken from what they handed in.
"""

from __future__ import annotations

import builtins

from autograder.sandbox.statements import lines_of
from toolbox.checks.items import TestResult
from toolbox.checks.table import STATUS_WORDS
from toolbox.errors import Mismatch, StudentError

WORDS = STATUS_WORDS | {"forbidden": "not allowed: here you write the backward pass yourself"}
OTHERS = {"LinAlgError", "OutOfMemoryError", "AcceleratorError", "NoConvergence"}  # names of exceptions of libraries
LONGEST = 120


def conceal(results: list[TestResult], modules: dict[str, bytes]) -> None:
    """Shorten, in place, the messages of failed hidden tests. modules: the handed-in ones, name -> source."""
    said = {(result.item, result.message) for result in results if not result.hidden}
    for result in results:
        if result.hidden and result.status != "passed" and (result.item, result.message) not in said:
            result.detail, result.message = result.message, _in_our_words(result, modules)


def _in_our_words(result: TestResult, modules: dict[str, bytes]) -> str:
    error = result.error
    if isinstance(error, Mismatch):
        return error.plain or STATUS_WORDS["failed"]
    where = _where(error.place, modules) if isinstance(error, StudentError) and error.place else ""
    if isinstance(error, StudentError) and result.status == "failed":
        return f"your code raised {_kind(error.raised)}{where}"
    return f"{WORDS.get(result.status, result.status)}{where}"


def _kind(name: str) -> str:
    """The type of an exception, where it is one that everybody knows."""
    known = getattr(builtins, name, None)
    if name in OTHERS or (isinstance(known, type) and issubclass(known, BaseException)):
        return name
    return "an exception of its own"


def _where(place: tuple[str, int], modules: dict[str, bytes]) -> str:
    """' (flat.py, line 12: `…`)' where there is such a line in what was handed in, else ''."""
    name, line = place
    source = modules.get(name.removesuffix(".py"))
    if source is None:
        return ""
    lines = lines_of(source.decode("utf-8", "replace"))
    if not 1 <= line <= len(lines):
        return ""
    text = lines[line - 1].strip()[:LONGEST]
    return f" ({name}, line {line}{f': `{text}`' if text else ''})"
