"""Words for a page: escaped, with every invisible character written out, and code between backticks set as code."""

from __future__ import annotations

import re
from html import escape

from toolbox.checks.visible import visible

CODE = re.compile("`([^`\n]+)`")


def prose(text: object) -> str:
    """The HTML of a sentence: what stands between backticks becomes a `code` element, nothing else becomes markup."""
    return CODE.sub(r"<code>\1</code>", escape(visible(text)))
