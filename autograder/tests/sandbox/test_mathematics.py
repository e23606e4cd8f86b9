r"""Formulas become MathML by an allow-list of commands; what is not on it is shown as the text that it is."""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
import threading
from html import unescape
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont

from autograder.gradebook.page_filters import FONT
from autograder.sandbox.mathematics import COMMANDS, DEEPEST, ENVIRONMENTS, LONGEST, MOST_COMMANDS, typeset
from autograder.sandbox.outputs import FORMULA, _typeset

ROOT = Path(__file__).resolve().parents[3]
KNOWN = re.compile(r'(?:</?(?:m[a-z]+|code)(?: [a-z]+="[a-z0-9.%#,;:() -]*")*>|[^<>])*+')


def words(mathml: str | None) -> str:
    """What is read in a formula."""
    return unescape(re.sub("<[^>]*>", "", mathml or ""))


def formulas() -> list[tuple[str, bool]]:
    """Every formula of the released notebooks, and whether it stands on a line of its own."""
    found = {}
    for path in sorted(ROOT.glob("assignments/*/*.ipynb")):
        for cell in json.loads(path.read_text())["cells"]:
            if cell["cell_type"] == "markdown":
                text = re.sub("```.*?```|`[^`]*`", "", "".join(cell["source"]), flags=re.DOTALL)
                for match in FORMULA.finditer(text):
                    found[match["body"] or match[0], match["fence"] != "$"] = None
    return list(found)


def test_every_formula_of_the_release_is_typeset_and_no_command_is_left_in_it():
    assert len(formulas()) > 500
    for tex, display in formulas():
        mathml = typeset(tex, display)
        assert mathml and KNOWN.fullmatch(mathml) and "\\" not in words(mathml), tex


def test_every_character_of_the_release_s_formulas_is_in_the_font():
    known = TTFont(FONT).getBestCmap()
    read = set("".join(words(typeset(tex, display)) for tex, display in formulas())) - set("\xa0 \u2009")
    assert not {letter for letter in read if ord(letter) not in known}


def test_every_command_on_the_list_is_one_that_the_converter_knows_and_the_font_shows():
    known = TTFont(FONT).getBestCmap()
    forms = (r"\{}", r"\{}{{x}}", r"\{}{{x}}{{y}}", r"x\{}", r"\left(x\{}|y\right)", r"\sum\{} x")
    inside = {"begin", "end", "left", "right", "hline"}  # have tests of their own
    other_letters = {"mathbb", "mathcal", "mathfrak", "mathscr", "mathsf", "mathtt"}
    for name in COMMANDS - inside:
        shown = next(filter(None, (typeset(form.format(name), True) for form in forms)), None)
        assert shown, name
        drawn = words(shown).replace("\ufe00", "")  # which chooses a form of the sign before it
        assert name in other_letters or not [sign for sign in drawn if ord(sign) not in known], name


@pytest.mark.parametrize(
    ("tex", "part", "read"),
    [
        (r"\frac{1}{2}", "<mfrac><mn>1</mn><mn>2</mn></mfrac>", "12"),
        (r"\sqrt{x^2}", "<msqrt><msup>", "x2"),
        (r"\sum_{i=0}^n x_i", "<munderover>", "∑i=0nxi"),
        (r"\begin{pmatrix}1&2\\3&4\end{pmatrix}", "<mtable", "(1234)"),
        (r"\begin{align}a&=b\\c&=d\end{align}", "<mtable", "a=bc=d"),  # without numbers
        (r"\begin{eqnarray}a&=&b\end{eqnarray}", "<mtable", "a=b"),
        (r"\begin{array}{c|c}a&b\\\hline c&d\end{array}", "border-top: 0.05em solid currentcolor", "abcd"),
        (r"a, \ldots, b \iff c \implies d \pmod n", "<mo", "a,...,b⟺c⟹d(modn)"),
        (r"\text{if } a < b", "<mtext>if", "if\xa0a<b"),
        (r"\mbox{fan\_in}", "<mtext>fan_in", "fan_in"),
        (r"\boldsymbol{\theta}\smallsetminus\dotsb", "𝜽", "𝜽∖⋯"),
    ],
)
def test_what_lecturers_write_is_typeset(tex, part, read):
    mathml = typeset(tex, True)
    assert mathml.startswith('<math display="block">') and part in mathml and words(mathml) == read


@pytest.mark.parametrize(
    ("tex", "read"),
    [
        (r"\href{javascript:x}{y}", r"\hrefjavascript:xy"),
        (r"\href{http://x}{\frac12}", r"\hrefhttp://x12"),
        (r"\<b>href{x}{y}", r"\<b>hrefxy"),
        (r"\style{color:red}{x}", r"\stylecolor:redx"),
        (r"\class{modal}{x}", r"\classmodalx"),
        (r"\cssId{top}{x}", r"\cssIdtopx"),
        (r"\require{html}x", r"\requirehtmlx"),
        (r"\unicode{x41}", r"\unicodex41"),
        (r"\newcommand{\a}{b}\a", r"\newcommand\ab\a"),
        (r"\def\a{b}\a", r"\def\ab\a"),
        (r"\color{red}x", r"\colorredx"),
        (r"\hspace{99em}x", r"\hspace99emx"),
        (r"\rule{9em}{9em}", r"\rule9em9em"),
        (r"\nosuch", r"\nosuch"),
    ],
)
def test_a_command_that_is_not_on_the_list_is_text(tex, read):
    mathml = typeset(tex, False)
    assert words(mathml) == read and "href=" not in mathml and KNOWN.fullmatch(mathml)


@pytest.mark.parametrize(
    "tex",
    [
        r"\begin{nosuch}x\end{nosuch}",
        r"\frac{1}{",
        "a & b",
        "a\u202eb",
        r"\text{\nosuch}",
        "}",
        r"\left(",
        "x" * (LONGEST + 1),
        r"\bar " * (MOST_COMMANDS + 1),
        "{" * (DEEPEST + 1) + "}" * (DEEPEST + 1),
    ],
)
def test_what_cannot_be_typeset_is_shown_as_it_was_written(tex):
    assert typeset(tex, False) is None
    if len(tex) < 100:
        shown = _typeset(f"${tex}$", "{}")
        assert "<math" not in shown and words(shown).strip() == f"${tex}$".replace("\u202e", r"\u202e")


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        (r"costs \$5 or \$6", "<p>costs $5 or $6</p>"),
        ("`$x$` and $x$", "<p><code>$x$</code> and <math><mi>x</mi></math></p>"),
        ("```\n$x$\n```", "<pre><code>$x$\n</code></pre>"),
        ("<div>$x$</div>", "<div><math><mi>x</mi></math></div>"),
        ("<pre>$x$</pre>", "<pre>$x$</pre>"),
        ("$a<b$", "<p><math><mi>a</mi><mo>&lt;</mo><mi>b</mi></math></p>"),
        ("$$x$$", '<p><math display="block"><mi>x</mi></math></p>'),
        (r"\\(x\\) \\[y\\]", '<p><math><mi>x</mi></math> <math display="block"><mi>y</mi></math></p>'),
        ("<math><mi>x</mi></math>", "<p></p>"),
        (r"<div>\<b>href{x}</b></div>", r"<div>\<b>href{x}</b></div>"),
        (r"<div>\<foo>href{x}{y}</div>", r"<div>\<wbr>href{x}{y}</div>"),
        (r"<div>$\<foo>sqrt{x}$</div>", "<div><math><msqrt><mi>x</mi></msqrt></math></div>"),
    ],
)
def test_formulas_are_found_where_they_are_when_all_tags_are_gone(source, shown):
    assert _typeset(source, "{}").strip() == shown


ALPHABET = [f"\\{name}" for name in sorted(COMMANDS)] + list("{}^_&'a1+()[]|#%~<>")
ALPHABET += [f"\\{edge}{{{name}}}" for name in sorted(ENVIRONMENTS) for edge in ("begin", "end")]
ALPHABET += ["\\\\", "\\left(", "\\right)", "\\nosuch "]


def test_a_thousand_formulas_of_chance_are_typeset_or_refused_within_a_small_stack():
    draw, failed = random.Random(1), []

    def run() -> None:
        try:
            for _ in range(1000):
                part = "".join(draw.choice(ALPHABET) for _ in range(draw.choice([1, 2, 5, 40])))
                mathml = typeset(part * draw.randrange(1, 60), True)
                assert mathml is None or KNOWN.fullmatch(mathml), part
        except BaseException as error:
            failed.append(error)

    before = threading.stack_size(512 * 1024)
    try:
        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
    finally:
        threading.stack_size(before)
    assert not failed, failed


def test_the_converter_needs_no_longer_for_brackets_that_nothing_closes():
    """One release of math-core took twice as long for each: a text of 40 would have stopped the grading of a class."""
    code = (
        "import resource; resource.setrlimit(resource.RLIMIT_CPU, (20, 20))\n"
        "from autograder.sandbox.mathematics import typeset\n"
        r"for tex in ('(', '[', r'\{', r'\langle ', r'\bigl\to ', r'\lvert ', '|', r'\sqrt[', r'x^', r'\left.'):"
        " typeset(tex * 150, True)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env={"PYTHONPATH": "lib:."}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-500:]
