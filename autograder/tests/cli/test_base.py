"""What all commands stand on: consoles of any code page, and one writer at a time in a classroom."""

from __future__ import annotations

import io
import sys
import threading

import pytest
from typer.testing import CliRunner

from autograder import cli
from autograder.cli import base
from autograder.grading.lock import only_writer


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_console_without_an_arrow_prints_a_question_mark(monkeypatch, stream):
    console = io.TextIOWrapper(io.BytesIO(), encoding="cp1252")
    with pytest.raises(UnicodeEncodeError):
        print("38 → 40", file=console)
    monkeypatch.setattr(sys, stream, console)
    base.print_anywhere()
    print("38 → 40", file=console, flush=True)
    assert console.buffer.getvalue().split() == [b"38", b"?", b"40"]


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setattr(base, "ROOT", tmp_path)
    (tmp_path / "classroom").mkdir()
    (tmp_path / "list.csv").write_text("id,name\nada,Ada Love\n")
    return tmp_path


WRITES = {
    "rules": (["rules", "--apply"], "in_force.json"),
    "roster": (["roster", "import", "list.csv", "--from", "plain", "--apply"], "roster.csv"),
}


@pytest.mark.parametrize(("words", "file"), WRITES.values(), ids=WRITES)
def test_what_changes_grades_waits_for_a_grader_and_what_only_looks_does_not(root, monkeypatch, words, file):
    monkeypatch.chdir(root)
    written = root / "classroom" / file
    said = []
    monkeypatch.setattr(base.typer, "echo", lambda text, **more: said.append(str(text)))
    with only_writer(root / "classroom", "grading flat", print):
        looked = CliRunner().invoke(cli.app, words[:-1])
        assert looked.exit_code == 0, looked.output
        assert not written.exists()
        waiting = threading.Thread(target=lambda: CliRunner().invoke(cli.app, words), daemon=True)
        waiting.start()
        waiting.join(1.0)
        assert waiting.is_alive() and not written.exists()
    waiting.join(30)
    assert not waiting.is_alive() and written.exists()
    assert any("grading flat" in line and "waiting" in line for line in said)
