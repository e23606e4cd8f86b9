"""Sentences on pages: code is set as code, and nothing else becomes markup."""

from __future__ import annotations

import re

import pytest

from autograder.report import templates
from toolbox.checks.items import TestResult
from toolbox.checks.misconceptions import CATALOGUE
from toolbox.checks.prose import prose
from toolbox.checks.table import Report


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("use `x.T @ g` and `sum(0)`", "use <code>x.T @ g</code> and <code>sum(0)</code>"),
        ("`a < b`", "<code>a &lt; b</code>"),
        ("<code>no</code> `<b>`", "&lt;code&gt;no&lt;/code&gt; <code>&lt;b&gt;</code>"),
        ("one ` alone", "one ` alone"),
        ("`two\nlines`", "`two\nlines`"),
        ("``", "``"),
        ("turned \u202e round", "turned \\u202e round"),
    ],
)
def test_code_between_backticks_is_set_as_code_and_all_else_is_text(said, shown):
    assert prose(said) == shown == str(templates.environment().filters["prose"](said))


@pytest.mark.parametrize("name", [name for name, known in CATALOGUE.items() if "`" in known.hint + known.worked])
def test_no_backtick_is_left_in_the_table_of_a_check(name):
    wrong = TestResult("an item", "a check", False, 1.0, "failed", f"`grad_x` is wrong: {name}", [name])
    page = Report("an item", [wrong])._repr_html_()
    assert "`" not in page and re.search("<code>grad_x</code>", page)
