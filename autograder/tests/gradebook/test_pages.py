"""What a student wrote, in the browser of whoever opens a page: no request leaves, no script runs, nothing hides."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import nbgrader
import pytest
from nbconvert.exporters import HTMLExporter
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output, new_raw_cell
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from autograder.gradebook.page_filters import ansi2html, clean_html
from autograder.report import policy
from autograder.sandbox.outputs import _typeset
from autograder.sandbox.sanitizer import DEEPEST, harmless
from autograder.tests.chromium import Outside, needs_chromium, visit
from autograder.tests.hostile_html import variants

ROOT = Path(__file__).resolve().parents[3]
BOOTSTRAP = Path(nbgrader.__file__).parent / "server_extensions/formgrader/static/node_modules/bootstrap/dist/css"
ELSEWHERE = "http://outside.example"
VARIANTS = variants(ELSEWHERE)
FORMGRADER = {
    "submission_id": "s",
    "notebook_id": "n",
    "assignment_id": "a",
    "base_url": "",
    "notebook_path": "p",
    "index": 0,
    "total": 1,
    "student": "ada",
    "first_name": None,
    "last_name": None,
}
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
# Written out here once more, so that nobody loosens a list without being asked.
ELEMENTS = set(
    "a abbr b blockquote br caption code col colgroup dd del details div dl dt em h1 h2 h3 h4 h5 h6 hr i img ins kbd "
    "li mark ol p pre q s samp small span strong sub summary sup table tbody td tfoot th thead tr tt u ul wbr".split()
)
FORMULA = set(
    "math mi mn mo mtext mspace mrow mfrac msqrt mroot msub msup msubsup munder mover munderover mtable mtr "
    "mtd mpadded mphantom menclose mstyle mmultiscripts mprescripts".split()
)
NAMES = set("align alt aria-label class colspan height href rel role rowspan scope src start style title width".split())
FORMULA_NAMES = set(
    "display style displaystyle scriptlevel mathvariant stretchy symmetric largeop movablelimits form accent "
    "accentunder lspace rspace minsize maxsize width height depth linethickness columnspan notation".split()
)
STYLE = re.compile(r"(?:; )?[a-z-]+: (?:rgba\([\d., ]+\)|[#a-z0-9.% -])+")
INVISIBLE = re.compile(
    "[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]"
)


class Reader(HTMLParser):
    """Collects all that a harmless page may not hold."""

    CDATA_CONTENT_ELEMENTS = ()

    def __init__(self, html: str):
        super().__init__()
        self.bad: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attributes: list) -> None:
        if tag not in ELEMENTS | FORMULA:
            self.bad.append(f"<{tag}>")
        for name, value in attributes:
            good = name in (FORMULA_NAMES if tag in FORMULA else NAMES)
            if name == "href":
                good = tag == "a" and re.fullmatch(r"https?://\S+", value)
            elif name == "src":
                good = tag == "img" and re.fullmatch(r"data:image/(png|jpeg);base64,[\w+/=\s]*", value)
            elif name == "style":
                good = not STYLE.sub("", value)
            elif name not in ("title", "alt", "aria-label"):
                good = good and ":" not in value and "(" not in value
            if not good:
                self.bad.append(f"<{tag} {name}={value!r}>")

    def handle_comment(self, data: str) -> None:
        self.bad.append(f"<!--{data}-->")

    handle_decl = unknown_decl = handle_pi = handle_comment

    def handle_data(self, data: str) -> None:
        if found := INVISIBLE.search(data):
            self.bad.append(repr(found[0]))


def test_the_reader_finds_what_it_looks_for():
    bad = (
        "<script>",
        "<p onclick=x>",
        "<a href='javascript:x'>",
        "<img src=http://x>",
        "<p style='color: url(x)'>",
        "<!--x-->",
        "<p style='background: v\\61r(--x)'>",
        "<math href=x>",
        "<p id=x>",
        "a\u202eb",
        "<svg onload=x>",
        "<!x>",
    )
    assert [text for text in bad if not Reader(text).bad] == []
    assert Reader("<p style='color: rgba(1, 2, 3, 0.5); width: 3px'>x</p><math><mi>x</mi></math>").bad == []


@pytest.mark.parametrize(
    "show",
    [harmless, clean_html, lambda text: _typeset(text, "{}"), ansi2html],
    ids=["html", "clean", "text cell", "printed"],
)
def test_nothing_of_any_text_is_left_that_could_run_load_or_hide(show):
    assert len(VARIANTS) > 1500
    bad = {name: (VARIANTS[name], found) for name, text in VARIANTS.items() if (found := Reader(show(text)).bad)}
    assert not bad, list(bad.items())[:3]


def test_no_text_is_an_address_of_anything_but_a_link():
    for text in VARIANTS.values():
        without_links = re.sub(r'<a href="[^"]*"', "<a", _typeset(text, "{}"))
        for tag in re.findall(r"<[^>]*>", without_links):
            assert ELSEWHERE not in tag or re.search(r'\s(?:title|alt)="[^"]*outside', tag), (text, tag)


def test_what_is_harmless_stays_as_it_is_when_it_is_read_once_more():
    for text in VARIANTS.values():
        once = harmless(text)
        assert harmless(once) == once, text


def test_a_text_that_nests_without_end_is_shown_as_it_was_written():
    assert harmless("<div>" * (DEEPEST + 1)).startswith("<pre>&lt;div&gt;")
    assert harmless("<b></b>" * 10 * DEEPEST) == "<b></b>" * 10 * DEEPEST
    assert harmless("<p>" * 10 * DEEPEST) == "<p></p>" * 10 * DEEPEST
    assert _typeset("<div>" * (DEEPEST + 1), "{}").startswith("<pre>&lt;div&gt;")


def exporter(**settings) -> HTMLExporter:
    """nbconvert with the course's own settings, as nbgrader's commands and formgrader make it."""
    loaded = PyFileConfigLoader("nbgrader_config.py", path=str(ROOT)).load_config()
    return HTMLExporter(
        config=Config(HTMLExporter=loaded.HTMLExporter), extra_template_paths=[str(BOOTSTRAP)], **settings
    )


def page_of(text: str, template: str = "feedback") -> str:
    """A page of nbgrader's on which the text stands in a text cell, in code, in a comment and in every output."""
    outputs = [
        new_output("display_data", {"text/html": text, "text/plain": "x"}, metadata={"text/html": {"isolated": True}}),
        new_output("display_data", {"image/png": PIXEL}, metadata={"image/png": {"alt": text}}),
        new_output("display_data", {"text/markdown": text}),
        new_output("display_data", {"text/latex": text}),
        new_output("display_data", {"application/javascript": text}),
        new_output("execute_result", {"text/plain": text}),
        new_output("stream", text=text),
        new_output("error", ename=text, evalue=text, traceback=[text]),
    ]
    marks = {"grade_id": text, "solution": True, "grade": True, "points": 1, "score": 1, "comment": text}
    cells = [
        new_markdown_cell(text, metadata={"nbgrader": marks, "tags": [text]}),
        new_raw_cell(text),
        new_code_cell(text, outputs=outputs, metadata={"nbgrader": dict(marks), "tags": [text]}),
    ]
    resources = {"nbgrader": {"notebook": "n", "score": 1, "max_score": 2, "late_penalty": 0}}
    if template == "formgrade":
        resources |= FORMGRADER | {"student": text, "first_name": text, "last_name": text}
    return exporter(template_name=template).from_notebook_node(new_notebook(cells=cells), resources)[0]


EVIL = (
    "\"'><script>evil()</script><img src=evil onerror=evil()><p style='background: u\\72l(evil)'>\u202e\x1b]0;t\x07</p>"
    "\x1b[2J$\\<b>href{evil}{x}$<svg onload=evil()><iframe src=evil></iframe><a href=javascript:evil()>x</a>"
)


@pytest.mark.parametrize("template", ["feedback", "formgrade"])
def test_every_way_into_a_page_of_nbgrader_s_leads_through_the_filters(template):
    plain, page = page_of("plain", template), page_of(EVIL, template)
    assert page.count("evil()") > 20, "the page does not show the text"
    kept = [[tag for tag, _ in Tags(each).found if tag not in ELEMENTS | FORMULA] for each in (plain, page)]
    assert kept[0] == kept[1], "the text brought an element of its own"
    for tag, attributes in Tags(page).found:
        for name, value in attributes:
            if name.startswith("on"):
                assert value in ("toggle_name(true);", "toggle_name(false);")  # formgrader's own
            elif name in ("src", "href", "style", "action", "srcdoc"):
                assert "evil" not in value or value.startswith("#"), (tag, name, value)
    assert not INVISIBLE.search(page) and "\\href" not in page


@pytest.mark.parametrize("template", ["feedback", "formgrade"])
def test_a_page_of_nbgrader_s_has_a_policy_before_anything_else_and_names_no_other_place(template):
    page = page_of("$x^2$", template)
    first = re.search(r"<head>\s*<meta content=\"([^\"]*)\" http-equiv=\"Content-Security-Policy\"/?>", page)
    rules = dict(rule.split(maxsplit=1) for rule in first[1].split("; "))
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    assert "'unsafe-inline'" not in rules.get("script-src", "") and "<math" in page and "MathJax.js" not in page
    if template == "feedback":
        assert first[1] == policy.POLICY and "<script" not in page
        assert re.findall(r"url\((?!data:)", page) == []
        assert set(rules) == {"default-src", "style-src", "img-src", "font-src", "base-uri", "form-action"}
    else:
        assert len(re.findall("'sha256-", rules["script-src"])) == 3 and rules["connect-src"] == "'self'"
        nonce = re.search("'nonce-([^']+)'", rules["script-src"])[1]
        head, _, body = page.partition("</head>")
        assert head.count("<script") == head.count(f'nonce="{nonce}"') and nonce not in body
        assert nonce not in page_of("$x^2$", template)
    assert not re.search(r"(?:src|href)=\"?(?:https?:)?//", page)


class Tags(HTMLParser):
    """The elements of a page, with their attributes."""

    def __init__(self, html: str):
        super().__init__()
        self.found: list[tuple[str, list]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list) -> None:
        self.found.append((tag, [(name, value or "") for name, value in attributes]))


@pytest.fixture(scope="module")
def outside():
    server = Outside()
    yield server
    server.close()


@needs_chromium
def test_all_texts_on_one_page_ask_nobody_for_anything_even_without_a_policy(outside):
    texts = variants(outside.address).values()
    body = "\n".join(f"{_typeset(text, '{}')}{harmless(text)}<pre>{ansi2html(text)}</pre>" for text in texts)
    dom = visit(f"<!doctype html><html><head></head><body>{body}</body></html>")
    assert len(dom) > len(body) // 2, "the page was not shown"
    assert "data-ran" not in dom.partition("<head>")[0] and outside.requests == []


@needs_chromium
def test_the_policy_alone_stops_every_text_that_loads_or_runs(outside):
    loading = "\n".join(
        text for name, text in variants(outside.address).items() if name.startswith(("style", "load", "event"))
    )
    swallowing = r"<plaintext>|<frame[^>]*>|<xmp>|<noscript>|<template[^>]*>|<meta http-equiv=refresh[^>]*>"
    page = f"<!doctype html><html><head>POLICY</head><body>{re.sub(swallowing, '', loading)}</body></html>"
    guarded = visit(page.replace("POLICY", policy.meta()))
    assert len(guarded) > len(page) // 2, "the page was not shown"
    assert "data-ran" not in guarded.partition("<head>")[0] and outside.requests == []
    open_to_all = visit(page.replace("POLICY", ""))  # without one they load and run, so they are worth something
    assert "data-ran" in open_to_all.partition("<head>")[0] and len(set(outside.requests)) > 50
    outside.requests.clear()
