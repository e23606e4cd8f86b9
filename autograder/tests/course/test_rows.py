"""Every public name of the masters has a row in the checks: a record of what is asked of it, or why it stands alone."""

from __future__ import annotations

import ast

import pytest

from autograder.course import rooms


def public_names(source: str) -> set[str]:
    """The classes and functions of a module that students are asked to write something in, or may call."""
    body = ast.parse(source).body
    named = [node.name for node in body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    return {name for name in named if not name.startswith("_")}


@pytest.mark.parametrize("name", rooms.names())
def test_every_public_name_of_the_masters_has_its_row_and_no_row_is_of_anything_else(name):
    covered = {name for row in rooms.rows(name) for name in row.covers}
    public = set().union(*(public_names(source) for source in rooms.load(name).solutions.values()))
    assert public - covered == set() and covered - public == set()
