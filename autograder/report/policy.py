"""The Content-Security-Policy of every page that the kit writes: nothing is loaded from elsewhere, nothing is sent.

A page that was made harmless needs no policy; it stands there for the day on which something gets past the sanitiser.
`POLICY` is for pages without scripts: class report, student page, feedback page. `formgrader` is for the page on which
nbgrader's own scripts save marks: those are known by a nonce or by their hash, and talk to their server only.
"""

from __future__ import annotations

import re
from base64 import b64encode
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

import nbgrader
from markupsafe import Markup

# Where pages may be framed can only be said in a response header; formgrader's server says it.
NOWHERE = "base-uri 'none'; form-action 'none'"
POLICY = f"default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; {NOWHERE}"
MACROS = Path(nbgrader.__file__).parent / "server_extensions/formgrader/templates/formgrade/formgrade_macros.html.j2"


def meta(policy: str = POLICY) -> Markup:
    """The policy for a page's head, and with it: ask nobody for the addresses of links, tell nobody where one stood."""
    return Markup(
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta http-equiv="x-dns-prefetch-control" content="off"><meta name="referrer" content="no-referrer">'
    )  # fmt: skip


def formgrader(nonce: str) -> str:
    """The policy of a hand-in's page in formgrader. nonce: on each script in the page's head."""
    own = " ".join(f"'sha256-{digest}'" for digest in _scripts_in_the_body())
    return (
        f"default-src 'none'; script-src 'nonce-{nonce}' 'unsafe-hashes' {own}; connect-src 'self'; "
        f"style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; {NOWHERE}"
    )


@lru_cache
def _scripts_in_the_body() -> list[str]:
    """The hashes of the scripts and of the event handlers that nbgrader's template puts between students' texts."""
    body = MACROS.read_text(encoding="utf-8").partition("{% macro nav(")[2]
    found = re.findall(r"<script[^>]*>(.+?)</script>", body, re.DOTALL) + re.findall(r'\son\w+="([^"]+)"', body)
    return [b64encode(sha256(script.encode()).digest()).decode() for script in found]
