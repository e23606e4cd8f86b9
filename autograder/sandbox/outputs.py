"""What a student's notebook shows, made harmless before it reaches a page that somebody opens. TRUSTED.

Outputs arrive from the worker as JSON that may be anything. `read_outputs` builds each output anew from the parts that
are known and safe: text, errors, PNG and JPEG pictures, and HTML reduced to an allow-list by bleach. JavaScript, SVG,
widgets, LaTeX and Markdown outputs are left out; the text/plain that comes with them stays.

Text cells keep their source, because a person grades it. `markdown2html` stands where nbconvert has its own filter of
that name (see nbgrader_config.py), for feedback pages and formgrader alike: it renders and then reduces the HTML.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from functools import lru_cache
from html import escape
from typing import Any

import bleach
from bleach.css_sanitizer import CSSSanitizer
from jinja2 import pass_context
from nbconvert.filters.markdown_mistune import InvalidNotebook, IPythonRenderer, MarkdownWithMath

from toolbox.errors import Malformed

MAX_BYTES = 16 * 2**20  # one cell's outputs; the worker itself keeps 8 MiB
MAX_OUTPUTS = 1000
MAX_TEXT = 200_000  # characters of one text; the worker itself keeps 100,000 of a cell's streams
MAX_MARKDOWN = 6_000  # characters of a text cell that is rendered; longer ones are shown as they are
PICTURES = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}
TAGS = frozenset(
    "a abbr b blockquote br caption code col colgroup dd del details div dl dt em h1 h2 h3 h4 h5 h6 hr i img ins kbd "
    "li mark ol p pre q s samp small span strong sub summary sup table tbody td tfoot th thead tr tt u ul".split()
)
ATTRIBUTES = {
    "*": ["class", "title", "align", "style"], "a": ["href"], "img": ["src", "alt", "width", "height"],
    "td": ["colspan", "rowspan"], "th": ["colspan", "rowspan", "scope"], "ol": ["start"],
}  # fmt: skip
STYLES = [
    "color", "background", "background-color", "font-size", "font-weight", "font-style", "text-align", "vertical-align",
    "padding", "padding-left", "padding-right", "margin", "border", "border-left", "border-top", "border-bottom",
    "border-collapse", "width", "max-width", "white-space",
]  # fmt: skip
# MathJax commands that make links, classes and styles, or load more of MathJax
MATH_COMMANDS = re.compile(r"\\(?=(?:href|class|cssId|style|require|unicode|mmlToken|bbox)(?![A-Za-z]))")
PICTURE_URL = re.compile(r"data:image/(?:png|jpeg);base64,[A-Za-z0-9+/=\s]*")


def read_outputs(blob: bytes) -> list[dict]:
    """The outputs of a cell, in notebook format and harmless. Raises Malformed for what is no list of outputs."""
    if len(blob) > MAX_BYTES:
        raise Malformed(f"the cell's outputs take {len(blob)} bytes; {MAX_BYTES} are allowed")
    try:
        outputs = json.loads(blob)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"the cell's outputs are not in notebook format ({type(error).__name__})") from None
    if type(outputs) is not list or len(outputs) > MAX_OUTPUTS:
        raise Malformed(f"the cell's outputs are not a list of at most {MAX_OUTPUTS}")
    return [_output(output) for output in outputs]


def _output(output: Any) -> dict:
    kind = output.get("output_type") if type(output) is dict else None
    if kind == "stream" and output.get("name") in ("stdout", "stderr"):
        return {"output_type": "stream", "name": output["name"], "text": _text(output.get("text"))}
    if kind == "error":
        lines = output.get("traceback")
        if type(lines) is not list or len(lines) > MAX_OUTPUTS:
            raise Malformed("an error among the cell's outputs has no traceback")
        parts = {key: _text(output.get(key))[:2000] for key in ("ename", "evalue")}
        return {"output_type": "error", **parts, "traceback": [_text(line) for line in lines]}
    if kind in ("display_data", "execute_result") and type(output.get("data")) is dict:
        shown = {"output_type": kind, "data": _bundle(output["data"]), "metadata": {}}
        return shown | ({"execution_count": None} if kind == "execute_result" else {})
    raise Malformed("the cell's outputs are not in notebook format")


def _text(value: Any) -> str:
    """A text that can be written to a UTF-8 file, not too long."""
    if type(value) is not str:
        raise Malformed("the cell's outputs hold something that is no text")
    return value[:MAX_TEXT].encode("utf-8", "replace").decode("utf-8")


def _bundle(data: dict) -> dict[str, str]:
    """The parts of a display that may be shown."""
    kept = {}
    if "text/plain" in data:
        kept["text/plain"] = _text(data["text/plain"])
    if "text/html" in data:
        kept["text/html"] = harmless(_text(data["text/html"]))
    for mime, begin in PICTURES.items():
        if mime in data and (picture := _picture(data[mime], begin)):
            kept[mime] = picture
    return kept


def _picture(value: Any, begin: bytes) -> str:
    """The picture in base64 of our own making (a page holds it between quotation marks), '' where it is none."""
    try:
        raw = base64.b64decode("".join(value.split()), validate=True)
    except (binascii.Error, ValueError, AttributeError):
        return ""
    return base64.b64encode(raw).decode() if raw.startswith(begin) else ""


def harmless(html: str) -> str:
    """HTML with nothing but text, tables and pictures in it: no code runs, nothing is loaded from elsewhere."""
    return _cleaner().clean(MATH_COMMANDS.sub(r"\\ ", html))


@lru_cache
def _cleaner() -> bleach.Cleaner:
    return bleach.Cleaner(
        tags=TAGS,
        attributes=_allowed,
        protocols=["http", "https", "mailto", "data"],
        strip=True,
        css_sanitizer=CSSSanitizer(allowed_css_properties=STYLES),
    )


def _allowed(tag: str, name: str, value: str) -> bool:
    if name not in ATTRIBUTES["*"] and name not in ATTRIBUTES.get(tag, ()):
        return False
    if name == "src":  # a picture from elsewhere would tell who reads the page, and when
        return bool(PICTURE_URL.fullmatch(value))
    if name == "href":
        return not value.strip().lower().startswith("data:")
    return "mermaid" not in value.lower() and not (name == "style" and "url" in value.lower())


@pass_context
def markdown2html(context: Any, source: str) -> str:
    """A text cell as harmless HTML, for nbconvert's templates. Pictures pasted into the cell are shown."""
    attachments = context.get("cell", {}).get("attachments", {})
    return _render(source, json.dumps(attachments, sort_keys=True))


@lru_cache(maxsize=512)  # most text cells are the release's own, the same in every hand-in
def _render(source: str, attachments: str) -> str:
    renderer = IPythonRenderer(escape=False, attachments=json.loads(attachments))
    try:
        if len(source) <= MAX_MARKDOWN:  # beyond, a text made for it could keep the parser busy for hours
            return harmless(MarkdownWithMath(renderer=renderer).render(source))
    except (InvalidNotebook, RecursionError, ValueError, TypeError, KeyError, StopIteration):
        pass  # a picture that is missing, brackets nested too deep: show the source
    return f"<pre>{escape(source[:MAX_TEXT])}</pre>"
