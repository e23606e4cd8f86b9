"""What a student's notebook shows, made harmless before it reaches a page that somebody opens. TRUSTED.

Outputs arrive from the worker as JSON that may be anything. `read_outputs` builds each output anew from the parts that
are known and safe: text, errors, PNG and JPEG pictures, and HTML that went through the sanitiser. JavaScript, SVG,
widgets, LaTeX and Markdown outputs are left out; the text/plain that comes with them stays.

Text cells keep their source, because a person grades it. `markdown2html` stands where nbconvert has its own filter of
that name (see nbgrader_config.py), for feedback pages and formgrader alike. Steps: Markdown becomes HTML, with formulas
as text; the sanitiser takes out what could run or load; only then, with all tags known, are the formulas typeset.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from functools import lru_cache
from html import escape, unescape
from typing import Any

from jinja2 import pass_context
from nbconvert.filters.markdown_mistune import InvalidNotebook, IPythonRenderer, MarkdownWithMath

from autograder.sandbox.mathematics import typeset
from autograder.sandbox.sanitizer import DEEPEST, clean, depth, harmless, pieces, shown
from toolbox.checks.visible import visible
from toolbox.errors import Malformed

MAX_BYTES = 16 * 2**20  # one cell's outputs; the worker itself keeps 8 MiB
MAX_OUTPUTS = 1000
MAX_TEXT = 200_000  # characters of one text; the worker itself keeps 100,000 of a cell's streams
MAX_ALTERNATIVE = 4_000  # characters of a picture's alternative text
MAX_MARKDOWN = 6_000  # characters of a text cell that is rendered; longer ones are shown as they are
PICTURES = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}
FORMULA = re.compile(
    r"(?<!\\)(?P<fence>\$\$?)(?P<body>.+?)(?<!\\)(?P=fence)"
    r"|\\begin\{(?P<name>[a-z]+\*?)\}.*?\\end\{(?P=name)\}",
    re.DOTALL,
)
PYTHON = (["python"], ["python3"], ["py"], ["ipython3"])  # what a block of code may be called
DOLLAR = "\ufdd0"  # a dollar that begins no formula, while formulas are sought; it is no character, so no text needs it


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
        data = _bundle(output["data"])
        shown = {"output_type": kind, "data": data, "metadata": alternative_texts(output.get("metadata"), data)}
        return shown | ({"execution_count": None} if kind == "execute_result" else {})
    raise Malformed("the cell's outputs are not in notebook format")


def _text(value: Any) -> str:
    """A text that can be written to a UTF-8 file, not too long."""
    if type(value) is not str:
        raise Malformed("the cell's outputs hold something that is no text")
    return value[:MAX_TEXT].encode("utf-8", "backslashreplace").decode("utf-8")


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


def alternative_texts(metadata: Any, data: dict) -> dict[str, dict[str, str]]:
    """The alternative texts of the pictures in a display, as nbconvert's templates look for them; of metadata, no more.

    They stand in an attribute, escaped by the template, with what nobody sees written out.
    """
    texts = {}
    for mime in PICTURES.keys() & data.keys():
        named = metadata.get(mime) if type(metadata) is dict else None
        if type(named) is dict and type(named.get("alt")) is str:
            texts[mime] = {"alt": visible(_text(named["alt"])[:MAX_ALTERNATIVE])}
    return texts


def _picture(value: Any, begin: bytes) -> str:
    """The picture in base64 of our own making (a page holds it between quotation marks), '' where it is none."""
    try:
        raw = base64.b64decode("".join(value.split()), validate=True)
    except (binascii.Error, ValueError, AttributeError):
        return ""
    return base64.b64encode(raw).decode() if raw.startswith(begin) else ""


@pass_context
def markdown2html(context: Any, source: str) -> str:
    """A text cell as harmless HTML, for nbconvert's templates. Pictures pasted into the cell are shown."""
    cell = context.get("cell") or {}
    return _typeset(source, json.dumps(cell.get("attachments", {}), sort_keys=True))


@lru_cache(maxsize=512)  # most text cells are the release's own, the same in every hand-in
def _typeset(source: str, attachments: str) -> str:
    """The text cell as it is shown. attachments: the pictures pasted into it, as JSON."""
    show = {"tag": lambda tag: visible(tag.replace(DOLLAR, "$")), "text": _with_formulas, "code": shown}
    return "".join(show[kind](piece) for kind, piece in pieces(_render(source, attachments)))


def _render(source: str, attachments: str) -> str:
    """The text cell as HTML that can do nothing, its formulas still as they were written."""
    renderer = _Renderer(escape=False, attachments=json.loads(attachments))
    try:
        if len(source) <= MAX_MARKDOWN:  # beyond, a text made for it could keep the parser busy for hours
            html = MarkdownWithMath(renderer=renderer).render(source.replace(DOLLAR, visible(DOLLAR)))
            if depth(html) <= DEEPEST:
                return clean(html)
    except (InvalidNotebook, RecursionError, ValueError, TypeError, KeyError, StopIteration):
        pass  # a picture that is missing, brackets nested too deep: show the source
    return f"<pre>{escape(visible(source[:MAX_TEXT]), quote=False)}</pre>"


class _Renderer(IPythonRenderer):
    """nbconvert's, which tells dollars that Markdown takes for themselves from those around a formula."""

    def text(self, text: str) -> str:
        return super().text(text).replace("$", DOLLAR)

    def block_code(self, code: str, info: str | None = None) -> str:
        """In colours where it is Python: pygments knows 500 languages, and some take hours for a text made for it."""
        return super().block_code(code, "python" if (info or "").split()[:1] in PYTHON else None)


def _with_formulas(text: str) -> str:
    """A text between two tags, with its formulas typeset; one that cannot be is shown as it was written."""
    if "$" not in text and "\\begin" not in text:
        return shown(text.replace(DOLLAR, "$"))
    parts, end, text = [], 0, unescape(text)
    for match in FORMULA.finditer(text):
        display = match["fence"] != "$"
        formula = typeset((match["body"] or match[0]).replace(DOLLAR, "$"), display)
        parts.append(_shown_again(text[end : match.start()]))
        parts.append(formula or f"<code>{_shown_again(match[0])}</code>")
        end = match.end()
    return "".join([*parts, _shown_again(text[end:])])


def _shown_again(text: str) -> str:
    return shown(escape(text.replace(DOLLAR, "$"), quote=False))
