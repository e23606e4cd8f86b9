"""Hidden inputs do not come back: not in the words of an exception, not in the name of a type, not in a number."""

from __future__ import annotations

import pytest

from autograder.judging.telling import conceal
from toolbox.checks.items import TestResult
from toolbox.errors import Crashed, Malformed, Mismatch, Missing, Raised

SECRET = "0.123456789"
MODULES = {"flat": b"def f(x):\n    raise ValueError(x)\n"}
LEAKS = {
    "an exception's words": Raised(f"your code raised ValueError: {SECRET}", raised="ValueError", place=("flat.py", 2)),
    "an exception's type": Raised("your code raised X", raised=f"X{SECRET}"),
    "a line that is not there": Raised(f"at line {SECRET}", raised="ValueError", place=("flat.py", 123456789)),
    "a file that is not there": Raised(SECRET, raised="ValueError", place=(SECRET, 1)),
    "a key": Missing(f"grads['w'] is not written yet (grads holds: '{SECRET}')"),
    "a type of an answer": Malformed(f"the answer is of type {SECRET}"),
    "a number": Mismatch(f"loss is wrong: yours {SECRET}, true 1", plain="loss is wrong", evidence={"worst": SECRET}),
    "a number in a message without a plain one": Mismatch(f"yours {SECRET}"),
    "words of a process that died": Crashed(SECRET),
}


def result(error, hidden: bool) -> TestResult:
    return TestResult("a", "test_a", hidden, 1.0, error.code, str(error), error=error)


@pytest.mark.parametrize("error", LEAKS.values(), ids=list(LEAKS))
def test_a_hidden_test_tells_the_student_nothing_of_its_inputs_and_the_ta_everything(error):
    hidden = result(error, hidden=True)
    conceal([hidden], MODULES)
    assert SECRET not in hidden.message and "123456789" not in hidden.message and hidden.message
    assert hidden.detail == str(error)


@pytest.mark.parametrize("error", LEAKS.values(), ids=list(LEAKS))
def test_a_public_test_tells_everything(error):
    public = result(error, hidden=False)
    conceal([public], MODULES)
    assert public.message == str(error) and public.detail == ""


def test_a_hidden_test_may_say_what_a_public_one_of_its_item_has_said_already():
    words = "your code raised ValueError: no bias"
    both = [result(Raised(words, raised="ValueError"), hidden) for hidden in (False, True)]
    conceal(both, MODULES)
    assert [one.message for one in both] == [words, words]
    both[1].item = "b"
    conceal(both, MODULES)
    assert words not in both[1].message


def test_type_and_line_of_an_exception_are_always_told():
    hidden = result(LEAKS["an exception's words"], hidden=True)
    conceal([hidden], MODULES)
    assert hidden.message == "your code raised ValueError (flat.py, line 2: `raise ValueError(x)`)"
