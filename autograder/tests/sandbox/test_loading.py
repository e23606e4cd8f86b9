"""A module that does not load costs what does not load."""

from __future__ import annotations

import sys
import textwrap
import time

import pytest

from autograder.sandbox.loading import Modules
from autograder.sandbox.statements import statements

HEAD = "from __future__ import annotations\n\nimport math\n\n"
TAIL = "\n\ndef last(x: Later) -> Later:\n    return math.floor(x)\n\n\nclass Also:\n    value = 3\n"
GOOD = "def first(x):\n    return x + 1\n\n\n"
# what stands in the middle -> (code, about, a part of the message)
BROKEN = {
    "a package that is not there": ("import pandas as pd", "import", "pandas", "neither installed"),
    "a helper beside the module": ("from helpers import f", "import", "helpers", "neither installed"),
    "a part of the toolbox that is not there": ("from toolbox.mine import x", "import", "toolbox.mine", "toolbox.mine"),
    "an unclosed bracket": ("def broken(x:\n    return (x\n", "syntax", "", "SyntaxError"),
    "an unclosed bracket in a call": (
        "def broken(x):\n    return print(x\n",
        "syntax",
        "was never closed",
        "SyntaxError",
    ),
    "a tab among blanks": ("def broken(x):\n    if x:\n\treturn x\n        return 2", "syntax", "tabs", "TabError"),
    "a bad indent": ("def broken(x):\n    y = x\n      return y", "syntax", "indent", "IndentationError"),
    "an unfinished text": ("message = 'not closed", "syntax", "unterminated", "SyntaxError"),
    "a text of three quotes that is never closed in a line": ("x = 1 +", "syntax", "invalid syntax", "SyntaxError"),
    "input": ("name = input('your name? ')", "input", "input()", "asks for input"),
    "an exception": ("value = 1 / 0", "raised", "ZeroDivisionError", "ZeroDivisionError"),
    "an exit": ("import sys; sys.exit(3)", "raised", "SystemExit", "SystemExit"),
    "the marks of a merge": ("<<<<<<< HEAD\nx = 1\n=======\nx = 2\n>>>>>>> other", "syntax", "", "SyntaxError"),
    "Python 2": ("print 'hello'", "syntax", "Missing parentheses", "SyntaxError"),
    "a null byte": ("x = '\0'", "syntax", "", "SyntaxError"),
}
if sys.version_info < (3, 12):
    BROKEN |= {
        "the syntax of Python 3.12, an f-string": ('x = {}; y = f"{x["w"]}"', "python", "3.12", "Python 3.12 or newer"),
        "the syntax of Python 3.12, a type": ("type Number = int | float", "python", "3.12", "Python 3.12 or newer"),
        "the syntax of Python 3.12, a generic": (
            "def broken[T](x: T) -> T:\n    return x",
            "python",
            "3.12",
            "3.12 or newer",
        ),
    }


@pytest.fixture
def load(monkeypatch):
    for name in [name for name in sys.modules if name == "backprop" or name.startswith("backprop.")]:
        monkeypatch.delitem(sys.modules, name)
    before = list(sys.meta_path)

    def loaded(source: str | bytes, **skip):
        data = source if isinstance(source, bytes) else source.encode()
        modules = Modules({"lib/backprop/__init__.py": b"", "lib/backprop/toy.py": data})
        monkeypatch.setattr("builtins.input", _nobody_answers)
        notes = modules.load("toy", skip.get("skip", {}), skip.get("tell", lambda line: None))
        return modules["toy"], notes, modules

    yield loaded
    sys.meta_path[:] = before
    for name in [name for name in sys.modules if name == "backprop" or name.startswith("backprop.")]:
        monkeypatch.delitem(sys.modules, name)


def _nobody_answers(*_):
    raise EOFError("EOF when reading a line")


@pytest.mark.parametrize("kind", BROKEN)
@pytest.mark.parametrize("where", ["first", "in the middle", "last"])
def test_a_statement_that_fails_is_left_out_with_its_line_and_reason_and_the_rest_is_loaded(load, kind, where):
    middle, code, about, message = BROKEN[kind]
    parts = {"first": [HEAD, middle, "\n\n\n", GOOD, TAIL], "in the middle": [HEAD, GOOD, middle, TAIL]}
    source = "".join(parts.get(where, [HEAD, GOOD, TAIL, "\n\n", middle, "\n"]))
    module, notes, _ = load(source)
    assert module.first(1) == 2 and module.last(2.5) == 2 and module.Also.value == 3
    assert notes, "nothing was noted"
    begin = source[: source.index(middle)].count("\n") + 1
    assert all(begin <= note["line"] <= begin + middle.count("\n") + 1 for note in notes), notes
    assert notes[0]["code"] == code and about in notes[0]["about"] and message in notes[0]["message"]


# What a stretch is put together with would be tried anew for each line of it.
LONG = {
    "prose": "\n".join(f"This is line {number} of my notes, it is no code" for number in range(3000)),
    "brackets that nobody closes": "old = (1,\n" * 1000,
    "texts that nobody closes": "old = '''one\nand two\n" * 501,
    "Python 2": "print 'hello'\n" * 3000,
    "heads without bodies": "def body():\n" * 1000,
}


@pytest.mark.parametrize("kind", LONG)
def test_thousands_of_lines_that_are_no_code_cost_little_and_the_rest_is_loaded(load, kind):
    begin = time.process_time()
    module, notes, _ = load(HEAD + GOOD + LONG[kind] + TAIL)
    assert time.process_time() - begin < 5 and module.first(1) == 2 and notes
    if "text" not in kind:  # one of these takes whatever stands before the next three quotes along
        assert module.last(2.5) == 2


def test_prose_is_one_note(load):
    _, notes, _ = load(HEAD + GOOD + LONG["prose"] + TAIL)
    assert [note["line"] for note in notes] == [(HEAD + GOOD).count("\n") + 1]


@pytest.mark.parametrize("cut", ["\u2028", "\u2029", "\x0b", "\x0c", "\x1c", "\x85"])
def test_lines_are_those_that_python_counts(load, cut):
    _, notes, _ = load(f"# {cut}{cut}\n" + GOOD + "value = 1 / 0\n")
    assert [(note["line"], note["statement"]) for note in notes] == [(6, "value = 1 / 0")]


def test_the_line_of_an_error_is_the_modules(load):
    _, notes, _ = load(HEAD + GOOD + 'def broken():\n    """never closed\n    return 1\n')
    assert "detected at" not in notes[0]["message"]


def test_a_module_that_loads_is_loaded_as_ever(load):
    module, notes, _ = load(
        HEAD + GOOD + TAIL + "\n\nTABLE = {\n    'a': 1,\n}\n\n\n@staticmethod\ndef decorated():\n    return 1\n"
    )
    assert notes == [] and module.TABLE == {"a": 1} and module.__name__ == "backprop.toy"


def test_errors_and_tracebacks_tell_the_line_of_the_file(load):
    module, _, _ = load(HEAD + "x = (\n\n\n" + "def broken():\n    y = 1\n    raise ValueError('here')\n")
    with pytest.raises(ValueError, match="here") as caught:
        module.broken()
    assert caught.traceback[-1].lineno + 1 == 10
    assert str(caught.traceback[-1].path).endswith("backprop/toy.py")


def test_names_of_statements_that_were_left_out_are_known_and_what_needs_them_says_so(load):
    source = "import pandas as pd\n\n\ndef gone(x:\n    pass\n\n\ndef needs():\n    return pd.DataFrame()\n"
    module, _, modules = load(source)
    assert set(modules.left_out["toy"]) == {"pd", "gone"}
    with pytest.raises(NameError) as caught:
        module.needs()
    from toolbox.calling import calls

    told = calls.describe(caught.value)["message"]
    assert "toy.py, line 1, was left out" in told and "pandas" in told


def test_a_statement_that_ended_the_process_before_is_skipped_and_told(load):
    told = []
    module, notes, _ = load("a = 1\nb = 2\n\n\ndef f():\n    return a\n", skip={2: "crashed"}, tell=told.append)
    assert module.f() == 1 and not hasattr(module, "b") and told == [1]
    assert notes[0]["line"] == 2 and notes[0]["code"] == "crashed"


@pytest.mark.parametrize(
    "source",
    [b"", b"\xef\xbb\xbfx = 1\n", b"\xff\xfex\x00", b"\x00" * 50, b"(" * 5000, b"#" * 10, b"x = 1\r\ny = 2\r\n"],
)
def test_whatever_the_bytes_are_loading_comes_to_an_end(load, source):
    _, notes, _ = load(source)
    assert isinstance(notes, list)


def test_cutting_a_long_source_that_does_not_parse_takes_no_long_time():
    source = "def f(x:\n" + "".join(f"    y{n} = [{n},\n" for n in range(3000)) + textwrap.dedent(GOOD)
    found = statements(source.encode(), "toy.py")
    assert any(statement.code is not None and "first" in statement.text for statement in found)
