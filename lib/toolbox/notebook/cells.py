"""Run a notebook's cells in an IPython shell inside this process and keep what they show.

Used by the terminal checks on a student's machine and by the grading worker: no kernel, no sockets. Steps: make the
shell, run a cell with its streams and displays captured, return the outputs in notebook format.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

STREAM_LIMIT = 100_000  # characters of one cell's stdout and stderr together that are kept
OUTPUT_LIMIT = 8 * 2**20  # bytes of one cell's outputs that are kept


@dataclass(frozen=True)
class Cell:
    """A code cell: its place in the notebook, its source, whether the grader owns it, whether it only shows things."""

    index: int
    source: str
    is_check: bool
    only_shows: bool = False


def code_cells(notebook: Path | dict) -> list[Cell]:
    """The code cells of a notebook, in order. notebook: its file, or what is in it."""
    content = notebook if isinstance(notebook, dict) else json.loads(notebook.read_text(encoding="utf-8"))
    return [
        Cell(
            index,
            "".join(cell["source"]),
            is_check(cell),
            bool(cell.get("metadata", {}).get("backprop_kit", {}).get("show")),
        )
        for index, cell in enumerate(content["cells"])
        if cell["cell_type"] == "code"
    ]


def is_check(cell: dict) -> bool:
    """Whether a cell is one of nbgrader's autograded check cells."""
    marks = cell.get("metadata", {}).get("nbgrader", {})
    return bool(marks.get("grade")) and not marks.get("solution")


def is_solution(cell: dict) -> bool:
    """Whether a cell is one where students write code."""
    return cell["cell_type"] == "code" and bool(cell.get("metadata", {}).get("nbgrader", {}).get("solution"))


class CellTimeout(BaseException):
    """Raised inside a cell that ran too long; not an Exception, so that `except Exception` does not swallow it."""


class _Publisher(DisplayPublisher):
    shell: Any

    def publish(self, data: Any, metadata: Any = None, *rest: Any, **named: Any) -> None:
        self.shell.keeper.add({"output_type": "display_data", "data": _text_only(data), "metadata": metadata or {}})


class _DisplayHook(DisplayHook):
    """Keeps the value of a cell's last line as an execute_result."""

    shell: Any

    def write_output_prompt(self) -> None:
        pass

    def write_format_data(self, format_dict: dict, md_dict: dict | None = None) -> None:
        self.shell.keeper.add(
            {
                "output_type": "execute_result",
                "data": _text_only(format_dict),
                "metadata": md_dict or {},
                "execution_count": self.shell.execution_count,
            }
        )

    def finish_displayhook(self) -> None:
        pass


def _text_only(data: dict) -> dict[str, Any]:
    """A mime bundle as a notebook file holds it: text and base64 text, JSON where the mime type is JSON."""
    import base64

    bundle = {}
    for mime, value in data.items():
        if isinstance(value, bytes):
            value = base64.b64encode(value).decode()
        if isinstance(value, str) or mime.endswith("json"):
            bundle[mime] = value
    return bundle


class _Shell(InteractiveShell):
    keeper: _Keeper
    display_pub_class = _Publisher
    displayhook_class = _DisplayHook

    def enable_gui(self, gui: str | None = None) -> None:  # %matplotlib asks for it; there is no window here
        pass

    def _showtraceback(self, etype: type, evalue: BaseException, stb: Any) -> None:
        lines = stb if isinstance(stb, list) else [str(stb)]
        self.keeper.add(
            {
                "output_type": "error",
                "ename": getattr(etype, "__name__", str(etype)),
                "evalue": str(evalue)[:2000],
                "traceback": lines[-40:],
            }
        )


class _Keeper:
    """The outputs of the running cell, bounded."""

    def __init__(self) -> None:
        self.outputs: list[dict] = []
        self.streamed = 0
        self._bytes = 0

    def stream(self, name: str, text: str) -> None:
        room = STREAM_LIMIT - self.streamed
        self.streamed += len(text)
        if room <= 0:
            return
        if len(text) > room:
            text = text[:room] + "\n… (the rest of this cell's output is left out)\n"
        if self.outputs and self.outputs[-1].get("name") == name:
            self.outputs[-1]["text"] += text
        else:
            self.outputs.append({"output_type": "stream", "name": name, "text": text})

    def add(self, output: dict) -> None:
        self._bytes += len(json.dumps(output, default=str))
        if self._bytes <= OUTPUT_LIMIT:
            self.outputs.append(output)
        else:
            self.stream("stderr", "(an output of this cell is too large to keep)\n")


class _Stream:
    """A text stream that writes into the keeper."""

    encoding = "utf-8"
    errors = "strict"

    def __init__(self, name: str, keeper: _Keeper):
        self.name, self._keeper = name, keeper

    def write(self, text: str) -> int:
        self._keeper.stream(self.name, text)
        return len(text)

    @property
    def full(self) -> bool:
        """Whether what is written from now on is left out."""
        return self._keeper.streamed >= STREAM_LIMIT

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        pass

    def isatty(self) -> bool:
        return False

    def fileno(self) -> int:
        raise OSError("this stream has no file descriptor")


class Notebook:
    """A notebook being run: a shell, its namespace, its working folder.

    The shell is IPython's singleton of this process, because displays look for that one; one Notebook a process.
    """

    def __init__(self, folder: Path):
        os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")
        _Shell.clear_instance()
        quiet = Config()
        quiet.HistoryManager.enabled = False  # its thread would not survive a fork, and there is nothing to remember
        self.shell = _Shell.instance(config=quiet)
        self.shell.keeper = _Keeper()
        self._run_cell = self.shell.run_cell  # whatever a cell puts in its place
        self.folder = folder

    @property
    def namespace(self) -> dict[str, Any]:
        return self.shell.user_ns

    def forget(self) -> None:
        """Back to the first cell: no variables, no counts; what has been imported stays in memory."""
        self.shell.reset(new_session=True)
        self.shell.execution_count = 1

    def close(self) -> None:
        """Let go of the shell: this process no longer looks like a notebook to whoever asks."""
        _Shell.clear_instance()

    def run(self, source: str, alarmed: bool = False) -> list[dict]:
        """Run one cell; returns its outputs in notebook format. alarmed: raise CellTimeout inside it on SIGALRM, which
        another process sends when the cell has run for too long."""
        keeper = self.shell.keeper = _Keeper()
        streams = sys.stdout, sys.stderr, os.getcwd()
        os.chdir(self.folder)
        sys.stdout, sys.stderr = _Stream("stdout", keeper), _Stream("stderr", keeper)
        try:
            with _alarm() if alarmed else nullcontext():
                self._run_cell(source, store_history=True)
        except CellTimeout as late:  # it rang just outside the cell's own code, where IPython does not catch it
            keeper.stream("stderr", f"{late}\n")
        finally:
            sys.stdout, sys.stderr = streams[:2]
            os.chdir(streams[2])
        return keeper.outputs


@contextmanager
def _alarm() -> Iterator[None]:
    def ring(*_: Any) -> None:
        raise CellTimeout("this cell ran too long and was stopped")

    before = signal.signal(signal.SIGALRM, ring)
    try:
        yield
    finally:
        signal.signal(signal.SIGALRM, signal.SIG_IGN if before in (None, signal.SIG_DFL) else before)
