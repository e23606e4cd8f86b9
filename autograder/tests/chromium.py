"""A headless Chromium for tests of pages: what it makes of one, and what axe-core says against it (WCAG 2.2 AA).

And the outside that no page may reach: a server that notes each request.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from html import unescape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

COMMAND = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
needs_chromium = pytest.mark.skipif(COMMAND is None, reason="Chromium is not installed (apt-get install chromium)")
# axe-core is pinned in the Makefile, which has npm install it into the virtual environment.
AXE = Path(sys.prefix) / "node" / "node_modules" / "axe-core" / "axe.min.js"
needs_axe = pytest.mark.skipif(
    COMMAND is None or not AXE.is_file(),
    reason="Chromium or axe-core is not installed (apt-get install chromium npm; make setup)",
)
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
POLICY = re.compile(r'<meta[^>]*http-equiv="Content-Security-Policy"[^>]*>')
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


def violations(page: str, *, dark: bool = False, width: int = 1280) -> list[str]:
    """What axe-core finds wrong on a page: a line for each rule and place, `rule: element, what is wrong`.

    The page's policy is taken out, as it would keep axe from running, too. dark: for who has a dark desktop. width: of
    the window in pixels.
    """
    options = json.dumps({"runOnly": {"type": "tag", "values": RULES}, "resultTypes": ["violations"]})
    script = (
        f"<script>{AXE.read_text(encoding='utf-8')}</script><script>axe.run(document, {options}).then(found => "
        "document.documentElement.setAttribute('data-axe', JSON.stringify(found.violations)), "
        "error => document.documentElement.setAttribute('data-axe', JSON.stringify(String(error))))</script>"
    )
    if "</body>" not in page:
        raise ValueError("the page has no </body>, before which axe is put")
    before, _, after = POLICY.sub("", page).rpartition("</body>")
    scheme = ("--blink-settings=preferredColorScheme=0",) if dark else ("--blink-settings=preferredColorScheme=1",)
    dom = visit(f"{before}{script}</body>{after}", *scheme, f"--window-size={width},900")
    found = re.search(r' data-axe="([^"]*)"', dom.partition("<head")[0])
    if found is None:
        raise RuntimeError("axe did not run on this page")
    told = json.loads(unescape(found[1]))
    if isinstance(told, str):
        raise RuntimeError(f"axe failed: {told}")
    return [f"{rule['id']}: {node['html'][:200]}, {' '.join((node.get('failureSummary') or '').split())}"
            for rule in told for node in rule["nodes"]]  # fmt: skip


def visit(page: str, *options: str) -> str:
    """Open a page as a file and return what Chromium made of it, as HTML, when all that it loads has been loaded.

    options: more words for Chromium's command line.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "page.html"
        path.write_text(page, encoding="utf-8")
        root = ("--no-sandbox",) if os.geteuid() == 0 else ()
        words = [
            COMMAND,
            *OPTIONS,
            *root,
            *options,
            f"--user-data-dir={folder}/profile",
            "--virtual-time-budget=2000",
            "--dump-dom",
        ]
        done = subprocess.run([*words, path.as_uri()], capture_output=True, timeout=300)
    return done.stdout.decode("utf-8", "replace")
