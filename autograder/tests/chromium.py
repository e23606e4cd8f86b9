"""A headless Chromium for tests of pages, and the outside that no page may reach: a server that notes each request."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

COMMAND = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
needs_chromium = pytest.mark.skipif(COMMAND is None, reason="Chromium is not installed (apt-get install chromium)")
OPTIONS = ("--headless", "--disable-gpu", "--disable-background-networking", "--no-first-run", "--hide-scrollbars")


class Outside:
    """A server on this machine. requests: the paths that were asked for."""

    def __init__(self) -> None:
        outside = self
        self.requests: list[str] = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outside.requests.append(self.path)
                self.send_response(404)
                self.end_headers()

            do_POST = do_HEAD = do_OPTIONS = do_GET

            def log_message(self, *words: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def visit(page: str) -> str:
    """Open a page as a file and return what Chromium made of it, as HTML, when all that it loads has been loaded."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "page.html"
        path.write_text(page, encoding="utf-8")
        root = ("--no-sandbox",) if os.geteuid() == 0 else ()
        words = [
            COMMAND,
            *OPTIONS,
            *root,
            f"--user-data-dir={folder}/profile",
            "--virtual-time-budget=2000",
            "--dump-dom",
        ]
        done = subprocess.run([*words, path.as_uri()], capture_output=True, timeout=300)
    return done.stdout.decode("utf-8", "replace")
