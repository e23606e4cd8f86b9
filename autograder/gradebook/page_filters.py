"""Filters for nbconvert's templates: what a student's notebook passes on its way into a page.

nbgrader_config.py names them, so they hold for `nbgrader generate_feedback`, for formgrader and for our own feedback
pages (`autograder.gradebook.feedback_page`) alike. Text cells have theirs in `autograder.sandbox.outputs`.
"""

from __future__ import annotations

import re
import secrets
from base64 import b64encode
from functools import lru_cache
from hashlib import sha256
from html import escape
from pathlib import Path
from typing import Any

import nbgrader
from jinja2 import Environment, pass_environment
from markupsafe import Markup
from nbconvert.filters import Highlight2HTML
from nbconvert.filters import ansi2html as colours
from nbformat import NotebookNode

from autograder.masters.marking import scheme
from autograder.report import policy
from autograder.sandbox.outputs import alternative_texts
from autograder.sandbox.sanitizer import SIGN, harmless, pieces
from toolbox.checks.visible import INVISIBLE, visible

# Of a terminal's commands the one that is obeyed; where numbers of a colour are missing, nbconvert raises IndexError.
ONE = r"[34]8;5;\d{1,3}|[34]8;2;\d{1,3};\d{1,3};\d{1,3}|(?!0*[34]8[;m])\d{0,3}"
COLOUR = re.compile(rf"(\x1b\[(?:{ONE})(?:;(?:{ONE})){{0,9}}m)")
MOST_COLOURS = 2_000  # of one text: nbconvert copies what is left of it at each
OPEN, CLOSE = "\ufdd0", "\ufdd1"  # around what was written out, until the text is HTML; no characters, so in no text
LEGIBLE = Path(__file__).parent / "templates" / "legible.css"  # after nbgrader's own style sheets, to come over them
ROOT = Path(__file__).resolve().parents[2]
FONT = Path(__file__).parent / "templates" / "base" / "formulas.woff"  # on few machines is one that stretches brackets
STYLE = f"""<style>
@font-face {{ font-family: formulas; src: url(data:font/woff;base64,{b64encode(FONT.read_bytes()).decode()}) }}
math {{ font-family: formulas, math; font-size: 1.1em }}
math[display="block"] {{ margin: .5em 0; overflow-x: auto; overflow-y: hidden }}
math menclose {{ display: inline-block; padding: .2em; border: 1px solid }}
.{SIGN} {{ font-family: monospace; font-size: .85em; color: #8c1d18; background: #fbe9e7; border-radius: 2px }}
</style>"""
KINDS = "Test cell|Coding free-response|Written response|Task|Comment"
ENTRY = re.compile(rf'<a href="#((?:comment-)?([^"<>]*))">({KINDS})</a>')
OTHER_FONT = re.compile(r"@font-face\{[^}]*\burl\((?!data:)[^}]*\}")  # in a file of its own, which no single page has
# formgrader's script waits for MathJax before it lets the keyboard in; here there is nothing to wait for.
TYPESET = "<script>var MathJax = {Hub: {Startup: {signal: {Interest: function (tell) { tell('End'); }}}}};</script>"
# Beside each other where there is room for both, else the scheme below the answer.
BESIDE = """<style>
.kit-marking { display: flex; flex-wrap: wrap; gap: 1em; align-items: flex-start }
.kit-marking > div { flex: 3 1 26em; min-width: 0 } .kit-marking > aside { flex: 2 1 22em; min-width: 0 }
.kit-marking > aside .panel-body { font-size: .93em; max-height: 80vh; overflow: auto }
</style>"""
NAMES_FIRST = "<style>.name-shown { display: inline } .name-hidden { display: none }</style>"
MACROS = Path(nbgrader.__file__).parent / "server_extensions/formgrader/templates/formgrade/formgrade_macros.html.j2"
NAMES = ("student", "first_name", "last_name", "notebook_path")  # what formgrader tells its template of a hand-in


def clean_html(element: Any) -> str:
    """An HTML output, harmless. In the place of nbconvert's filter of that name, which lets pictures be loaded."""
    return harmless(element.decode("utf-8", "replace") if isinstance(element, bytes) else str(element))


def ansi2html(text: str) -> str:
    """Printed text as HTML: colours as in a terminal, every other invisible character written out."""
    parts = COLOUR.split(str(text).replace("\r\n", "\n"))
    if len(parts) > 2 * MOST_COLOURS:
        parts[1::2] = [""] * (len(parts) // 2)
    parts[::2] = [_marked(part) for part in parts[::2]]
    html = colours("".join(parts))
    return html.replace(OPEN, f'<span class="{SIGN}">').replace(CLOSE, "</span>")


def _marked(text: str) -> str:
    """Invisible characters written out between marks; a carriage return begins a line, as a browser has it."""
    return visible(text, around=(OPEN, CLOSE)).replace("\u240d", "\u240d\n") if INVISIBLE.search(text) else text


class Highlight(Highlight2HTML):
    """Code in colours, always as Python's, with its invisible characters written out."""

    def __call__(self, source: str, language: str | None = None, metadata: NotebookNode | None = None) -> str:
        html = super().__call__(source, "ipython3")
        if not INVISIBLE.search(html):
            return html
        sign = (f'<span class="{SIGN}">', "</span>")
        return "".join(piece if kind == "tag" else visible(piece, around=sign) for kind, piece in pieces(html))


def without_markup(nb: NotebookNode, resources: dict) -> str:
    """Escape the names that nbgrader's templates put into a page as they are, and leave outputs no metadata but the
    alternative texts of pictures. Returns nothing to show."""
    for cell in nb.cells:
        cell.metadata.pop("tags", None)  # classes of the cell, by which a style sheet could lay it over others
        for output in cell.get("outputs", ()):
            if output.get("metadata"):  # sizes and classes stand in the templates without quotation marks
                output["metadata"] = NotebookNode(alternative_texts(output["metadata"], output["data"]))
        marks = cell.metadata.get("nbgrader", {})
        if "grade_id" in marks:
            marks["grade_id"] = escape(visible(marks["grade_id"]))
    if "submission_id" in resources:
        resources.update({name: escape(visible(resources[name] or "")) for name in NAMES if name in resources})
    return ""


@pass_environment
def marking_scheme(environment: Environment, cell: NotebookNode, resources: dict) -> str:
    """The marking scheme of the written question that a cell answers, as Markdown; '' where it answers none."""
    question = cell.metadata.get("nbgrader", {}).get("grade_id", "")
    course = environment.globals.get("kit_course", ROOT)
    return scheme(Path(str(course)), str(resources.get("assignment_id")), question)


def under_policy(head: str, resources: dict, names_first: bool = False) -> str:
    """The head of one of nbgrader's pages with the kit's policy and style. names_first: show formgrader's names."""
    begin, tag, rest = head.replace("<html>", '<html lang="en">', 1).partition("<head>")
    style = f"<style>{LEGIBLE.read_text(encoding='utf-8')}</style>"
    if "submission_id" in resources:  # formgrader
        style += BESIDE + (NAMES_FIRST if names_first else "")
    rest = rest.replace("</head>", f"{style}</head>", 1)
    rules = policy.POLICY
    if "submission_id" in resources:
        nonce = secrets.token_urlsafe(16)
        rest = f"{TYPESET}{rest}".replace("<script", f'<script nonce="{nonce}"')
        rules = formgrader(nonce)
    else:
        rest = OTHER_FONT.sub("", rest)
    return Markup(f"{begin}{tag}{policy.meta(rules)}{STYLE}{rest}")


def with_landmarks(body: str, resources: dict) -> str:
    """The body of a feedback page with what is no part of any cell told apart: the marks as navigation, each entry
    named after its cell, under a heading of their own. Formgrader's page stays as it is."""
    if "submission_id" in resources:
        return body
    head, place, cells = body.partition('<div class="panel-body">')  # nothing of a student's stands before it but names
    for before, after in (
        ('<div class="panel-heading">', '<div class="panel-heading" role="banner">'),
        ('<div id="toc">', '<div id="toc" role="navigation" aria-label="Marks, cell by cell">'),
        ("<h4>", '<h1 class="h4">'),
        ("</h4>", "</h1>"),
    ):
        head = head.replace(before, after, 1)
    return Markup(ENTRY.sub(r'<a href="#\1">\3 <code>\2</code></a>', head) + place + cells)


def formgrader(nonce: str) -> str:
    """The policy of a hand-in's page in formgrader. nonce: on each script in the page's head."""
    own = " ".join(f"'sha256-{digest}'" for digest in _scripts_in_the_body())
    return (
        f"default-src 'none'; script-src 'nonce-{nonce}' 'unsafe-hashes' {own}; connect-src 'self'; "
        f"style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; {policy.NOWHERE}"
    )


@lru_cache
def _scripts_in_the_body() -> list[str]:
    """The hashes of the scripts and of the event handlers that nbgrader's template puts between students' texts."""
    body = MACROS.read_text(encoding="utf-8").partition("{% macro nav(")[2]
    found = re.findall(r"<script[^>]*>(.+?)</script>", body, re.DOTALL) + re.findall(r'\son\w+="([^"]+)"', body)
    return [b64encode(sha256(script.encode()).digest()).decode() for script in found]
