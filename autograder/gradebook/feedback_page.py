"""Feedback pages: the page of `nbgrader generate_feedback`, to the byte, in a tenth of the time.

nbconvert renders every cell of every hand-in anew, then reads the whole page with BeautifulSoup to add texts to images.
Most of a page is the same for everybody. `PageMaker` keeps nbgrader's exporter and template and renders each cell, and
in it each piece of code and HTML output, once. Steps for a page: let nbgrader's GetGrades put the marks into the
notebook; render the template, with a mark (an empty element) in place of each piece within a cell and of each cell, and
another one (a word) in place of pictures, formulas and style sheets; give what is left to BeautifulSoup; put the
pieces, which have been through BeautifulSoup by themselves, in place of their marks. A piece that does not stand on its
own (a tag left open, a stray end tag) could change what follows it: it gets no mark, and where a mark did not come
through unharmed, nbconvert makes that page the slow way.
"""

from __future__ import annotations

import copy
import hashlib
import json
import re
import secrets
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from bs4 import BeautifulSoup, Tag
from jinja2 import FileSystemBytecodeCache, Template, pass_context
from nbconvert.exporters import HTMLExporter
from nbconvert.exporters.templateexporter import TemplateExporter
from nbconvert.filters import Highlight2HTML
from nbconvert.filters.widgetsdatatypefilter import WidgetsDataTypeFilter
from nbformat import NotebookNode, reader
from nbgrader.converters import GenerateFeedback

from autograder.gradebook.pieces import Pieces
from autograder.gradebook.session import Scores, lent

NO_TEXT = "No description has been provided for this image"  # nbconvert's words
OUTSIDE = {"[document]", "html", "body", "main", "div"}  # what the template has open wherever a piece stands
TEMPLATES = Path(__file__).parent / "templates"
MARKED = ("clean_html", "under_policy", "markdown2html")  # filters of the course, see nbgrader_config.py
SHEET = re.compile(r"(<style[^>]*>)([^<]+)(?=</style>)")
FORMULA = re.compile(r"()(<math(?: [^>]*)?>.+?</math>)")
BASE64 = re.compile(r"[A-Za-z0-9+/=\n]*")


@dataclass(frozen=True)
class PageOrder:
    """All that a feedback page is made of, as plain data: the autograded notebook's text, its marks, and its names.

    names: as nbgrader's `init_single_notebook_resources` makes them.
    """

    notebook: str
    scores: Scores
    names: dict


class PageMaker:
    """Makes the feedback pages of a class, in the process that enters the grades or in another."""

    def __init__(self, converter: GenerateFeedback):
        """converter: nbgrader's, for its settings and its steps."""
        self.exporter = _PageExporter(parent=converter, config=converter.config)
        for step in converter.preprocessors:
            self.exporter.register_preprocessor(step)
        self.users = [type(step) for step in self.exporter._preprocessors]

    def page(self, order: PageOrder) -> str:
        """The page, as HTML. Raises MissingEntry where the notebook has graded cells that the gradebook has not."""
        with lent(order.scores, self.users):
            notebook = nbformat.convert(reader.reads(order.notebook), 4)
            return self.exporter.from_notebook_node(notebook, order.names)[0]


class _PageExporter(HTMLExporter):
    """nbgrader's exporter for feedback, which remembers pieces of pages."""

    def __init__(self, **named: Any):
        self._marks: dict[str, str] = {}
        self._marking = False
        self._own: dict[str, Callable] = {}  # the course's filters of what is remembered here
        # Nobody who writes a notebook can guess this name, so no one can forge a mark.
        self._name = f"kit-{secrets.token_hex(8)}"
        self._mark = re.compile(rf'<{self._name} n="?(\w+)"?></{self._name}>|{self._name}-(\w+)-')
        super().__init__(**named)
        cache = Path(self.parent.coursedir.root) / "classroom" / ".cache"  # type: ignore[union-attr]
        self._compiled = cache / "templates"
        self.pieces = Pieces(cache / "pieces.json")

    def _load_template(self) -> Template:
        """The kit's template, with `_cell` around each cell. A course's own may use more of a page than the cell."""
        self._compiled.mkdir(parents=True, exist_ok=True)
        self.environment.bytecode_cache = FileSystemBytecodeCache(str(self._compiled))
        template = super()._load_template()
        if not Path(template.filename or "/").is_relative_to(TEMPLATES):
            return template
        self.environment.globals["kit_cell"] = self._cell
        around = "{% block any_cell scoped %}{{ kit_cell(cell, super) }}{% endblock %}"
        return self.environment.from_string(f"{{% extends {template.name!r} %}}{around}")

    def from_notebook_node(self, nb: NotebookNode, resources: Any = None, **rest: Any) -> Any:
        page = self._quickly(nb, resources)
        if page is None:
            page, resources = super().from_notebook_node(nb, resources, **rest)
        self._nb_metadata.clear()  # nbconvert keeps one for every notebook that it has seen
        return page, resources

    def _preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        """nbconvert's, without two more copies and a check of the notebook after each step: it was checked before."""
        for step in self._preprocessors:
            nb, resources = step(nb, resources)
        return nb, resources

    def _quickly(self, nb: NotebookNode, resources: dict | None) -> str | None:
        if not self.environment.filters.keys() >= set(MARKED):  # settings that are not the kit's
            return None
        language = nb.metadata.get("language_info", {})
        language = self._language = language.get("pygments_lexer", language.get("name"))
        own = self.filters.get("highlight_code") or Highlight2HTML(pygments_lexer=language, parent=self)
        self.register_filter("highlight_code", own)
        highlight = self.environment.filters["highlight_code"]
        clean, head, text = (self._own.setdefault(name, self.environment.filters[name]) for name in MARKED)

        def highlight_code(source: str, language: str | None = None, metadata: dict | None = None) -> str:
            key = ("code", source, language or self._language, (metadata or {}).get("magics_language"))
            return self._piece(key, lambda: highlight(source, language, metadata))

        resources = self._init_resources(resources)
        self.register_filter("highlight_code", highlight_code)
        self.register_filter("clean_html", lambda html: self._piece(("html", html), lambda: clean(html)))
        self.register_filter("under_policy", lambda html, *rest: self._mark_all(SHEET, head(html, *rest)))
        self.register_filter("markdown2html", pass_context(lambda *named: self._mark_all(FORMULA, text(*named))))
        self.register_filter(
            "filter_data_type",
            WidgetsDataTypeFilter(notebook_metadata=self._nb_metadata, parent=self, resources=resources),
        )
        self._marks, self._marking = {}, True
        try:
            marked = self._mark_outputs(nb)
            skeleton, _ = TemplateExporter.from_notebook_node(self, marked, resources)
            return self._assemble(skeleton)
        finally:
            self._marks, self._marking = {}, False

    def _mark_all(self, kind: re.Pattern, html: str) -> str:
        """HTML with marks in place of style sheets or formulas, which are the same before and after."""
        if not self._marking:
            return html
        return kind.sub(lambda found: f"{found[1]}{self._name}-{self._note(found[2])}-", html)

    def _mark_outputs(self, nb: NotebookNode) -> NotebookNode:
        """The notebook with marks in place of pictures; what is not changed is shared with the one given."""
        marked = _Own(nb)
        marked.cells = [NotebookNode(cell) for cell in nb.cells]
        for cell in marked.cells:
            cell.metadata = copy.deepcopy(cell.metadata)  # GetGrades writes into it
            if cell.cell_type == "code":
                cell.outputs = [self._mark_output(output) for output in cell.outputs]
        return marked

    def _mark_output(self, output: NotebookNode) -> NotebookNode:
        data = output.get("data", {})
        marked = {}
        for kind in ("image/png", "image/jpeg"):  # long, and the same before and after
            if isinstance(data.get(kind), str) and BASE64.fullmatch(data[kind]):
                marked[kind] = f"{self._name}-{self._note(data[kind])}-"
        if not marked:
            return output
        output = NotebookNode(output)
        output.data = NotebookNode(data) | marked
        return output

    def _cell(self, cell: NotebookNode, make: Callable[[], str]) -> str:
        """As `_piece`, for a whole cell, with the pieces in it; the template calls it. All that it shows is in the
        cell: marking schemes stand beside answers on formgrader's pages, which are not made here.
        """
        if not self._marking:
            return make()
        key = json.dumps([cell, self._language], sort_keys=True)  # marks in it are named after what they stand for
        return self._piece(("cell", hashlib.sha256(key.encode()).digest()), make)

    def _piece(self, key: tuple, make: Callable[[], str]) -> str:
        """A mark in place of the piece that `make` makes, or the piece itself where it cannot stand on its own."""
        if not self._marking:
            return make()
        html = None
        try:
            piece = self.pieces[key]
        except KeyError:
            html = make()
            piece = self.pieces[key] = self._alone(html)
        if piece is None:
            return make() if html is None else html
        before, core, after = _split(piece)
        return f"{before}<{self._name} n={self._note(core)}></{self._name}>{after}"

    def _note(self, piece: str) -> str:
        """Note a piece of this page; returns the name of its mark, the same one for the same piece on every page."""
        name = hashlib.sha256(piece.encode()).hexdigest()[:32]
        self._marks[name] = piece
        return name

    def _alone(self, html: str) -> str | None:
        """What BeautifulSoup makes of a piece, wherever it stands; None where that depends on the place."""
        before, core, after = _split(html)
        if not core.startswith("<"):
            return None
        end = f"{self._name}-end"
        inside = f"<{self._name}>{core}<{end}></{end}></{self._name}>"
        soup = _soup(f"<html><body><main><div>{inside}</div></main></body></html>")
        place, last = soup.find(self._name), soup.find(end)
        if place is None or last is None or last.parent is not place or getattr(place.parent, "name", "") != "div":
            return None
        if len(soup.contents) != 1 or last.previous_sibling is None or last.next_sibling is not None:
            return None
        if not isinstance(place.contents[0], Tag) or not isinstance(last.previous_sibling, Tag):
            return None
        last.extract()
        if not self._unharmed(place, core):
            return None
        _add_texts(place, core)
        return before + self._fill(place.decode_contents()) + after

    def _assemble(self, skeleton: str) -> str | None:
        soup = _soup(skeleton)
        if not self._unharmed(soup, skeleton):
            return None
        _add_texts(soup, skeleton)
        return self._fill(str(soup))

    def _unharmed(self, tree: Tag, html: str) -> bool:
        """Whether the marks in `html` have become empty elements of the tree, in places where pieces may stand."""
        found = tree.find_all(self._name)
        if [tag.get("n") for tag in found] != [match[1] for match in self._mark.finditer(html) if match[1]]:
            return False
        around = OUTSIDE | {self._name}
        return not any(tag.contents or {parent.name for parent in tag.parents} - around for tag in found)

    def _fill(self, html: str) -> str:
        """Pieces in place of their marks."""
        return self._mark.sub(lambda match: self._marks[match[1] or match[2]], html)


class _Own(NotebookNode):
    """A notebook that has been copied as far as need be."""

    def __deepcopy__(self, memo: dict) -> _Own:
        return self


def _split(html: str) -> tuple[str, str, str]:
    """A piece without the white space around it, and that."""
    core = html.strip()
    start = html.index(core)
    return html[:start], core, html[start + len(core) :]


def _soup(html: str) -> BeautifulSoup:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of pieces that look like file names
        return BeautifulSoup(html, features="html.parser")


def _add_texts(tree: Tag, html: str) -> None:
    """As nbconvert does: texts for images without one, and its cells within the reach of the keyboard."""
    if "<img" in html.lower():
        for image in tree.find_all(lambda tag: tag.name == "img" and "alt" not in tag.attrs):
            image.attrs["alt"] = NO_TEXT
    if ("jp-" in html or "&#" in html) and tree.find(class_="jp-Notebook") is not None:
        for kind in (".jp-Notebook div.jp-Cell-inputWrapper", ".jp-Notebook div.jp-OutputArea-output"):
            for element in tree.select(kind):
                element.attrs["tabindex"] = "0"
