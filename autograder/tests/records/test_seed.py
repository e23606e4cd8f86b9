"""The seed of a classroom: drawn once, kept for its owner alone, and told of without being told."""

from __future__ import annotations

import os

import pytest

from autograder.records.seed import class_seed, seed_file, told
from toolbox.errors import KitError


def test_it_is_drawn_once_for_its_owner_alone_and_is_another_in_each_classroom(tmp_path):
    first = class_seed(tmp_path / "a")
    assert class_seed(tmp_path / "a") == first != class_seed(tmp_path / "b") and len(first) >= 32
    assert os.stat(seed_file(tmp_path / "a")).st_mode & 0o077 == 0


def test_a_seed_that_is_configured_counts_and_is_not_written(tmp_path):
    assert class_seed(tmp_path, "mine") == "mine" and not seed_file(tmp_path).exists()


def test_doctor_tells_where_it_lies_and_not_what_it_is(tmp_path):
    assert "drawn when somebody first grades" in told(tmp_path)
    seed = class_seed(tmp_path / "classroom")
    words = told(tmp_path)
    assert str(seed_file(tmp_path / "classroom")) in words and "backup" in words and seed not in words
    (tmp_path / "nbgrader_config.py").write_text("c = get_config()\nc.JudgeCells.seed = 'ours'\n")
    assert "nbgrader_config.py" in told(tmp_path) and "ours" not in told(tmp_path)


def test_an_empty_file_is_an_error_that_says_what_to_do(tmp_path):
    class_seed(tmp_path)
    seed_file(tmp_path).write_text("\n")
    with pytest.raises(KitError, match="from a backup, or delete the file"):
        class_seed(tmp_path)
