"""JupyterLab as a student has it, in a browser: what `python -m toolbox start NAME` opens, driven by its own commands.

What graders have beside it (nbgrader's buttons) is switched off, as students do not install it.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.request import urlopen

from autograder.tests.browser import PATIENCE, Browser
from toolbox.seat.lab import arrange

PICTURES = os.environ.get("KIT_PICTURES")  # a folder for what the browser showed, to be looked at
EXTENSIONS = {name: True for name in (
    "@jupyter/nbgrader", "@jupyter-notebook/lab-extension", "jupyterlab-jupytext",
)}  # fmt: skip
# Of the page: the notebook, an editor of each module, all of them with their contents; the kernel has started.
OPENED = """
window.widget = path => [...jupyterapp.shell.widgets('main')].find(one => one.context?.path == path);
window.book = widget({notebook!r}); window.module_ = widget({module!r});
!!(book?.context.isReady && book.sessionContext.session?.kernel?.status == 'idle' && module_?.context.isReady
   && module_.content.editor?.model.sharedModel.getSource() && document.querySelector('.jp-Notebook .jp-Cell')
   && !document.querySelector('#jupyterlab-splash'))
"""
CODE = (
    "book.content.widgets.findIndex(one => one.model.type == 'code' && one.model.sharedModel.source.includes({text}))"
)


class Lab:
    """A server in a course's folder, and a browser before it. own: an empty folder for what both keep.

    here: the folder in which the command is typed.
    """

    def __init__(self, course: Path, name: str, own: Path, here: Path, width: int = 1500, height: int = 1000):
        self.course, self.address = course, ""
        self._server = self._started(name, own, here)
        try:
            self.browser = Browser(width, height)
        except BaseException:
            self._end()
            raise

    def _started(self, name: str, own: Path, here: Path) -> subprocess.Popen:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        settings = {
            "ServerApp": {"open_browser": False, "port": port, "port_retries": 0, "allow_root": True},
            "IdentityProvider": {"token": "secret"},
            "LabApp": {"expose_app_in_browser": True},
        }
        (own / "CONFIG" / "labconfig").mkdir(parents=True)
        (own / "CONFIG" / "jupyter_server_config.json").write_text(json.dumps(settings), encoding="utf-8")
        page = own / "CONFIG" / "labconfig" / "page_config.json"
        page.write_text(json.dumps({"disabledExtensions": EXTENSIONS}), encoding="utf-8")
        environment = os.environ | {f"JUPYTER_{kind}_DIR": str(own / kind) for kind in ("CONFIG", "DATA", "RUNTIME")}
        environment |= {"PYTHONPATH": str(self.course / "lib")}
        words = [sys.executable, "-m", "toolbox", "start", name]
        with open(own / "log", "w", encoding="utf-8") as log:
            server = subprocess.Popen(
                words, cwd=here, env=environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )
        until = time.monotonic() + PATIENCE
        while True:
            try:
                urlopen(f"http://127.0.0.1:{port}/api?token=secret").close()
                break
            except OSError:
                said = (own / "log").read_text(encoding="utf-8")
                if server.poll() is not None or time.monotonic() > until:
                    os.killpg(server.pid, signal.SIGKILL)
                    raise AssertionError(said) from None
                time.sleep(0.1)
        self.address = f"http://127.0.0.1:{port}"
        return server

    def close(self) -> None:
        self.browser.close()
        self._end()

    def _end(self) -> None:
        os.killpg(self._server.pid, signal.SIGTERM)
        self._server.wait()

    def open(self, name: str, module: str, path: str = "") -> None:
        """Wait until an assignment stands there, with a module of its. path: of the page; default: what the server
        shows of itself."""
        if path:
            arrange(self.course, name)
            # what is not saved keeps a page from being left
            leave = "book.context.save().then(() => book.sessionContext.shutdown())"
            self.browser.run(f"window.book && {leave}")
        self.browser.open(f"{self.address}/{path}?token=secret")
        notebook = f"assignments/{name}/{name}.ipynb"
        self.browser.wait(OPENED.format(notebook=notebook, module=f"lib/backprop/{module}.py"))

    def look(self, name: str) -> None:
        """Keep a picture, where somebody asked for pictures."""
        if PICTURES:
            self.browser.hear(1)
            self.browser.picture(Path(PICTURES) / f"lab-{name}.png")

    def write(self, old: str, new: str) -> None:
        """Select the first such text in the module's editor, type over it, and save with Ctrl-S."""
        self.browser.run(
            f"(() => {{ const editor = module_.content.editor, text = editor.model.sharedModel.getSource();"
            f" const at = text.indexOf({json.dumps(old)}); jupyterapp.shell.activateById(module_.id); editor.focus();"
            f" const ends = {{start: editor.getPositionAt(at), end: editor.getPositionAt(at + {len(old)})}};"
            " editor.setSelection(ends); editor.revealSelection(ends); })()"
        )
        self.browser.wait("module_.content.node.contains(document.activeElement)")
        self.browser.insert(new)
        self.browser.wait(
            f"module_.context.model.dirty && module_.context.model.toString().includes({json.dumps(new)})"
        )
        self.browser.press("s", control=True)
        self.browser.wait("!module_.context.model.dirty")

    def change(self, text: str, new: str) -> None:
        """Put other text into the code cell that holds this one."""
        self.browser.run(
            f"book.content.widgets[{CODE.format(text=json.dumps(text))}].model.sharedModel.setSource({json.dumps(new)})"
        )

    def run(self, text: str, shows: str = "") -> str:
        """Run the first code cell that holds a text, wait until it has run and shows another, and return its output."""
        self._run(CODE.format(text=json.dumps(text)))
        output = "cell.outputArea.node.innerText"
        assert self.browser.follows(f"{output}.includes({json.dumps(shows)})", PATIENCE), self.browser.run(output)
        return self.browser.run(output)

    def run_code(self, number: int) -> None:
        """Run a code cell by its place among the code cells, and wait until it has run."""
        codes = "book.content.widgets.map((one, place) => one.model.type == 'code' ? place : -1)"
        self._run(f"{codes}.filter(place => place >= 0)[{number}]")

    def _run(self, place: str) -> None:
        self.browser.run(
            f"(() => {{ jupyterapp.shell.activateById(book.id); book.content.activeCellIndex = {place};"
            " window.cell = book.content.activeCell; cell.model.sharedModel.execution_count = null;"
            " cell.node.scrollIntoView({block: 'start'}); jupyterapp.commands.execute('notebook:run-cell'); })()"
        )
        self.browser.wait(
            "cell.model.sharedModel.execution_count && book.sessionContext.session.kernel.status == 'idle'"
        )
