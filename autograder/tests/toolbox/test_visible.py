"""Characters that nobody sees are written out, and those that somebody needs are left alone."""

from __future__ import annotations

import re
import sys
import unicodedata
from io import StringIO

import pytest
from rich.console import Console

from autograder import intake
from autograder.gradebook.page_filters import MOST_COLOURS, Highlight, ansi2html
from autograder.grading import collecting
from autograder.report.terminal import plain
from toolbox.checks.items import TestResult
from toolbox.checks.table import Report
from toolbox.checks.visible import visible

SHAPES = set("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd")  # seen as signs


def test_every_control_and_format_character_is_written_out_and_nothing_visible_is():
    for code in range(sys.maxunicode + 1):
        letter = chr(code)
        hidden = unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Zl", "Zp")
        if hidden and letter not in "\t\n" and letter not in SHAPES:
            assert visible(letter) != letter, f"U+{code:04X}"
        elif unicodedata.category(letter)[0] in "LNPSM" and visible(letter) != letter:
            assert unicodedata.name(letter).split()[-1] in {"FILLER", "JOINER", "AQ", "AA"} or "SELECTOR" in (
                unicodedata.name(letter)
            ), f"U+{code:04X}"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("\x1b[2J", "␛[2J"),
        ("a\u202eb", r"a\u202eb"),
        ("\x7f\x9b", "␡\\x9b"),
        ("\ud800", r"\ud800"),
        ("\U000e0041", r"\U000e0041"),
        ("\u200b\ufeff", r"\u200b\ufeff"),
        ("Zoë Å 李 ✔️ שלום\n\t", "Zoë Å 李 ✔️ שלום\n\t"),
        ("", ""),
        ("\r\n", "␍\n"),
    ],
)
def test_characters_are_written_as_a_reader_knows_them(text, written):
    assert visible(text) == written and visible(written) == written


def test_in_one_line_there_is_no_second_line():
    assert visible("a\n\tb", one_line=True) == "a␊␉b"
    assert plain("ada\nbob").plain == "ada␊bob"


def test_what_is_written_out_can_be_marked():
    assert visible("a\x1b\x07b", around=("<", ">")) == "a<␛␇>b"


def test_colours_of_printed_text_stay_and_no_other_command_of_a_terminal_does():
    html = ansi2html("\x1b[31mred\x1b[0m \x1b[2J\x1b]8;;http://x\x1b\\link\x9b1m <b>\r50%\r\n")
    assert '<span class="ansi-red-fg">red</span>' in html and "&lt;b&gt;" in html
    assert "\x1b" not in html and "\x9b" not in html and html.count("␛") == 3 and "␍" in html and html.endswith("50%\n")


def test_a_text_of_nothing_but_colours_is_shown_without_them():
    text = "\x1b[31mx" * (MOST_COLOURS + 1)
    assert ansi2html(text) == "x" * (MOST_COLOURS + 1)
    assert ansi2html(text[: 6 * MOST_COLOURS - 6]).count("<span") == MOST_COLOURS - 1


@pytest.mark.parametrize("numbers", ["38", "48;2;1", "38;5", "038", "1;38", "38;2;1;2", "9" * 400, "?25l", "1;" * 99])
def test_a_colour_with_too_few_or_too_many_numbers_is_none(numbers):
    assert ansi2html(f"\x1b[{numbers}mx") == f'<span class="sign">␛</span>[{numbers}mx'


@pytest.mark.parametrize("numbers", ["", "0", ";;", "1;31", "38;5;200", "48;2;1;2;3", "38;5;999", "38;2;300;0;0"])
def test_every_other_colour_is_none_that_could_stop_a_page(numbers):
    assert re.sub("<[^>]*>", "", ansi2html(f"\x1b[{numbers}mx")) == "x"


def test_code_is_coloured_as_python_with_its_invisible_characters_written_out():
    html = Highlight(pygments_lexer="html")("x = 1  # \u202e <b>\u2066")
    assert (
        '<span class="n">x</span>' in html
        and "\u202e" not in html
        and r">\u202e</span>" in html
        and "&lt;b&gt;" in html
    )


def test_the_table_of_a_check_writes_out_what_a_student_s_message_hides():
    report = Report("toy", [TestResult("toy", "test_x", False, 1.0, "failed", "raised \x1b[31m\u202e<b>")])
    for shown in (repr(report), report._repr_html_()):
        assert r"␛[31m\u202e" in shown and "\x1b" not in shown and "\u202e" not in shown


def test_no_terminal_command_of_a_student_s_reaches_the_grader_s_terminal(monkeypatch, tmp_path):
    found = intake.Outcome("flat")
    found.receipts["x"] = intake.Receipt("[bold]\x1b]0;x\x07", "flat", "repaired", message="\x1b[2J\u202ename [red]")
    found.doubtful["\x1b[1m[red]"] = "\u202e[bold]"
    monkeypatch.setattr(collecting, "collect", lambda *words, **more: found)
    out = StringIO()
    collecting.take_in(tmp_path, tmp_path, "flat", None, Console(file=out, width=200))
    assert r"repaired [bold]␛]0;x␇: ␛[2J\u202ename [red]" in out.getvalue() and "\x1b" not in out.getvalue()
    assert r"␛[1m[red]: \u202e[bold]" in out.getvalue()
