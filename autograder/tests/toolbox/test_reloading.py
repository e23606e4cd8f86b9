"""What happens before and after each cell, while the kernel's other threads do what they do."""

from __future__ import annotations

import os
import sys
import types
from pathlib import Path

import pytest

from toolbox.calling import reloading, student, unwritten


class Late(str):
    """The name of a module; whoever looks at it finds that another thread has imported something meanwhile."""

    def startswith(self, *words) -> bool:
        sys.modules.setdefault(f"{self}-imported", types.ModuleType("imported"))
        return str.startswith(self, *words)


@pytest.mark.parametrize(
    "hook", [reloading.before_a_cell, reloading.after_a_cell, lambda: unwritten.noted().__enter__()]
)
def test_an_import_in_another_thread_disturbs_no_cell(monkeypatch, hook):
    for name in [name for name in sys.modules if name.startswith("backprop.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, Late("a-module"), types.ModuleType("a-module"))
    try:
        hook()
        assert "a-module-imported" in sys.modules
    finally:
        sys.modules.pop("a-module-imported", None)


@pytest.mark.parametrize("in_use", [True, False])
def test_an_edit_of_the_same_second_and_length_counts(tmp_path, monkeypatch, in_use):
    file = tmp_path / "backprop" / "quick.py"
    file.parent.mkdir()
    monkeypatch.setitem(sys.modules, "backprop", types.ModuleType("backprop"))
    monkeypatch.setattr(sys.modules["backprop"], "__path__", [str(file.parent)], raising=False)
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.delitem(sys.modules, "backprop.quick", raising=False)
    monkeypatch.setattr(student, "_LOADED", {})
    for tenths, value in enumerate((1, 2, 3)):
        file.write_text(f"value = {value}\n", encoding="utf-8")
        os.utime(file, ns=(0, 1_700_000_000_000_000_000 + tenths * 10**8))
        assert student.fresh_module("quick").value == value
        if not in_use:
            student._LOADED.clear()


def test_an_edit_is_loaded_where_the_compiled_file_cannot_be_deleted(tmp_path, monkeypatch):
    file = tmp_path / "backprop" / "held.py"
    file.parent.mkdir()
    monkeypatch.setitem(sys.modules, "backprop", types.ModuleType("backprop"))
    monkeypatch.setattr(sys.modules["backprop"], "__path__", [str(file.parent)], raising=False)
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.delitem(sys.modules, "backprop.held", raising=False)
    monkeypatch.setattr(student, "_LOADED", {})
    tried = []

    def held(self, missing_ok=False):
        tried.append(self.suffix)
        raise PermissionError(13, "another program holds it")

    monkeypatch.setattr(Path, "unlink", held)
    for value in (1, 10, 100):
        file.write_text(f"value = {value}\n", encoding="utf-8")
        assert student.fresh_module("held").value == value
    assert tried == [".pyc"] * len(tried) and tried


def test_what_is_saved_while_a_module_loads_is_loaded_the_next_time(tmp_path, monkeypatch):
    file = tmp_path / "backprop" / "slow.py"
    file.parent.mkdir()
    monkeypatch.setitem(sys.modules, "backprop", types.ModuleType("backprop"))
    monkeypatch.setattr(sys.modules["backprop"], "__path__", [str(file.parent)], raising=False)
    monkeypatch.delitem(sys.modules, "backprop.slow", raising=False)
    monkeypatch.setattr(student, "_LOADED", {})
    file.write_text("value = 1\n", encoding="utf-8")
    assert student.fresh_module("slow").value == 1
    saves = f"import pathlib\npathlib.Path({str(file)!r}).write_text('value = 33')\nvalue = 2\n"
    file.write_text(saves, encoding="utf-8")
    assert student.fresh_module("slow").value == 2
    assert student.fresh_module("slow").value == 33
