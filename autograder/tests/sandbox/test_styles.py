r"""Styles are read as a browser reads them, and what stays is colours, lengths and keywords in our own writing."""

from __future__ import annotations

import re

import pytest

from autograder.sandbox.styles import LONGEST, PROPERTIES, harmless_style
from autograder.tests.hostile_html import PROPERTIES as TAKES_A_URL
from autograder.tests.hostile_html import SPELLINGS
from toolbox.checks.items import TestResult
from toolbox.checks.table import CELL, HINT, Report

PART = r"(?:rgba\(\d+, \d+, \d+, [\d.]+\)|#[0-9a-f]+|[a-z0-9.%-]+)"
WRITING = re.compile(rf"[a-z-]+: {PART}(?: {PART})*")


@pytest.mark.parametrize(
    ("style", "kept"),
    [
        ("color: red", "color: red"),
        ("COLOR:/**/ReD !important;", "color: red"),
        (r"c\6f lor: r\65 d", "color: red"),
        ("color: #12aBcD; background: #12345678", "color: #12abcd; background: #12345678"),
        ("color: rgb(1 2 3 / 50%)", "color: rgba(1, 2, 3, 0.5)"),
        ("color: rgba(300, -1, 0, .25)", "color: rgba(255, 0, 0, 0.25)"),
        ("color: hsl(120deg 100% 50%)", "color: rgba(0, 255, 0, 1)"),
        ("border: 1px solid currentColor", "border: 1px solid currentcolor"),
        ("padding: 0 1.5em 10% 2px", "padding: 0 1.5em 10% 2px"),
        ("text-align: right; white-space: pre-wrap", "text-align: right; white-space: pre-wrap"),
        ("font-weight: 600; font-weight: 601", "font-weight: 600"),
        (CELL, "padding: 4px 10px; text-align: left; vertical-align: top; border-top: 1px solid #d0d7de"),
    ],
)
def test_colours_lengths_and_keywords_stay(style, kept):
    assert harmless_style(style) == kept == harmless_style(kept)


@pytest.mark.parametrize(
    "style",
    [
        "position: fixed",
        "display: none",
        "z-index: 9",
        "opacity: 0",
        "transform: scale(9)",
        "float: left",
        "content: 'x'",
        "margin: -1px",
        "width: 99999px",
        "width: 1e9px",
        "width: 101%",
        "padding: 1px 1px 1px 1px 1px",
        "color: light-dark(red, blue)",
        "color: color-mix(in srgb, red, blue)",
        "color: rgb(calc(1), 2, 3)",
        "color: rgb(var(--x), 2, 3)",
        "color: rgb(from red r g b)",
        "width: calc(1px)",
        "width: min(1px, 2px)",
        "width: var(--x)",
        "--x: 1",
        "all: unset",
        "color: lab(50% 1 1)",
        "color: device-cmyk(0 0 0 1)",
        "color: #12",
        "color: nocolour",
        "color: 'red'",
        "width: 'x'",
        "color: red)",
        "color: [red]",
        "{color: red}",
        "@media all {color: red}",
        "font: 1px x",
        "background: red, blue",
        "background: red / 1px",
        "width: 1px ! x",
        "animation: x 1s",
        "list-style: disc",
        "cursor: pointer",
        "columns: 9",
        "text-align: inherit(x)",
    ],
)
def test_all_else_goes(style):
    assert harmless_style(style) == ""


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_no_spelling_of_an_address_stays_in_any_property(spelling):
    for name in {*PROPERTIES, *TAKES_A_URL}:
        for style in (
            f"{name}: {spelling}",
            f"{name}: {spelling} !important",
            f"color: red; {name}: {spelling}; width: 1px",
        ):
            kept = harmless_style(style.replace("§", "http://outside.example/x"))
            assert "outside" not in kept and "(" not in kept and "\\" not in kept
            assert all(WRITING.fullmatch(part) for part in kept.split("; ") if part), kept


def test_a_declaration_that_goes_takes_no_other_with_it():
    assert harmless_style("width: 1px; background: url(x); color: red; x") == "width: 1px; color: red"


def test_a_style_without_end_is_not_read():
    assert harmless_style("color: red; " * (LONGEST // 12 + 1)) == "" and harmless_style("(" * (LONGEST - 1)) == ""


def test_the_kit_s_own_table_keeps_every_declaration():
    table = Report("toy", [TestResult("toy", "test_it", True, 1.0)], 1.0, 2.0)._repr_html_()
    for style in [*re.findall('style="([^"]*)"', table), HINT]:
        assert harmless_style(style).count(":") == style.count(":"), style
