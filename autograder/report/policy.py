"""The Content-Security-Policy of every page that the kit writes: nothing is loaded from elsewhere, nothing is sent.

A page that was made harmless needs no policy; it stands there for the day on which something gets past the sanitiser.
It is for pages without scripts: class report, student page, feedback page. The one page with scripts, formgrader's, has
its own (`gradebook.page_filters`).
"""

from __future__ import annotations

from markupsafe import Markup

# Where pages may be framed can only be said in a response header; formgrader's server says it.
NOWHERE = "base-uri 'none'; form-action 'none'"
POLICY = f"default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; {NOWHERE}"


def meta(policy: str = POLICY) -> Markup:
    """The policy for a page's head, and with it: ask nobody for the addresses of links, tell nobody where one stood."""
    return Markup(
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta http-equiv="x-dns-prefetch-control" content="off"><meta name="referrer" content="no-referrer">'
    )  # fmt: skip
