"""Every public name of the masters has a row in the checks: a record of what is asked of it, or why it stands alone."""

from __future__ import annotations

import ast
import sys

import pytest

from autograder.course import rooms
from autograder.masters.sources import checks_of
from autograder.tests.checkout import ROOT
from toolbox.checks.collect import collect
from toolbox.checks.rows import Row


def rows_of(name: str) -> list[Row]:
    """Every row of an assignment's checks."""
    checks = collect(checks_of(ROOT, name))
    package = checks[0].function.__module__.rpartition(".")[0]
    spaces = [vars(module) for key, module in sys.modules.items() if key.startswith(f"{package}.")]
    found = {id(row): row for space in spaces for rows in space.values() if isinstance(rows, list) for row in rows}
    return [row for row in found.values() if isinstance(row, Row)]


def public_names(source: str) -> set[str]:
    """The classes and functions of a module that students are asked to write something in, or may call."""
    body = ast.parse(source).body
    named = [node.name for node in body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    return {name for name in named if not name.startswith("_")}


@pytest.mark.parametrize("name", ["layers", "tensors", "flat"])
def test_every_public_name_of_the_masters_has_its_row_and_no_row_is_of_anything_else(name):
    covered = {name for row in rows_of(name) for name in row.covers}
    public = set().union(*(public_names(source) for source in rooms.load(name).solutions.values()))
    assert public - covered == set() and covered - public == set()
