"""Consoles that lack a character: on Windows, what is redirected is written in the code page of the country."""

from __future__ import annotations

import codecs
import sys

HANDLER = "toolbox-plain"
# Signs that carry a meaning keep it in plain letters; any other character becomes a question mark.
PLAIN = {
    "✓": "+", "✗": "x", "○": "o", "→": "->", "≤": "<=", "≥": ">=", "−": "-", "∂": "d", "Σ": "sum", "·": "*", "…": "...",
    "–": "-", "“": '"', "”": '"', "’": "'",
}  # fmt: skip


def any_console() -> None:
    """From now on printing never raises UnicodeEncodeError, whatever the console's encoding."""
    codecs.register_error(HANDLER, _plainly)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure") and "utf" not in (getattr(stream, "encoding", None) or "").lower():
            stream.reconfigure(errors=HANDLER)


def _plainly(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end]
    plain = "".join(PLAIN.get(character, "?") for character in text)
    return plain.encode(error.encoding, "replace").decode(error.encoding), error.end
