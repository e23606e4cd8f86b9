"""The words of a picture as its image's alternative text, wherever a notebook is shown.

JupyterLab shows no alternative text of a PNG output, but that of an image in HTML. So where somebody watches, a figure
is shown as HTML, with the PNG beside it for viewers and exports that know no HTML. Elsewhere, in grading above all, it
is a PNG alone, whose text stands in the output's metadata, where nbconvert and the feedback page look for it.
"""

from __future__ import annotations

from base64 import b64decode
from html import escape
from weakref import WeakKeyDictionary

from matplotlib.figure import Figure

from toolbox.draw.words import words_of

# Half a window has room for 550 pixels. A wider picture shrinks, but not so far that nobody can read it: it scrolls.
WIDE, LEAST = 900, 0.6
_DRAWN: WeakKeyDictionary[Figure, str] = WeakKeyDictionary()


def watched() -> bool:
    """Whether the code runs in a notebook's kernel, with somebody in front of it."""
    return getattr(_shell(), "kernel", None) is not None


def install() -> None:
    """Show every figure of this notebook with its words, from the next cell on; does nothing outside a notebook.

    `%matplotlib inline` puts formatters of its own in place, whenever it comes: each cell makes sure of ours.
    """
    if (shell := _shell()) is not None:
        _set_formatters()
        shell.events.register("pre_run_cell", _set_formatters)


def _set_formatters(*_: object) -> None:
    formatters = _shell().display_formatter.formatters
    for mime, formatter in (("text/html", _html), ("image/png", _png)):
        formatters[mime].for_type(Figure, formatter)


def _html(figure: Figure) -> str | None:
    if not watched():
        return None
    _DRAWN[figure] = image = _base64(figure)
    alt, source = escape(words_of(figure)), f"data:image/png;base64,{image}"
    wide = int.from_bytes(b64decode(image[:32])[16:20], "big")  # where a PNG has its width
    if wide <= WIDE:
        return f'<img alt="{alt}" src="{source}">'
    least = f"min-width:{round(LEAST * wide)}px"
    scrolls = 'role="group" aria-label="a wide picture" tabindex="0" style="overflow-x:auto"'
    return f'<div {scrolls}><img alt="{alt}" style="{least}" src="{source}"></div>'


def _png(figure: Figure) -> tuple[str, dict[str, str]]:
    """The image in base64, drawn once for both, and its text as metadata."""
    return _DRAWN.pop(figure, None) or _base64(figure), {"alt": words_of(figure)}


def _base64(figure: Figure) -> str:
    from IPython.core.pylabtools import print_figure
    from matplotlib_inline.config import InlineBackend

    return print_figure(figure, "png", base64=True, **InlineBackend.instance().print_figure_kwargs).replace("\n", "")


def _shell():
    try:
        from IPython import get_ipython
    except ImportError:
        return None
    return get_ipython()
