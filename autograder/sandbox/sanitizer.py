r"""The one sanitiser: HTML of a student's comes out as text, tables and pictures, and nothing in it runs or loads.

nh3 does the work: the Rust library Ammonia, kept up by many who publish others' HTML (bleach is deprecated since 2023).
Steps: refuse what nests too deep to be parsed in time; let nh3 keep elements and attributes by allow-list, and judge
each attribute's value here; write out invisible characters.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from html import escape

import nh3
from pygments.token import STANDARD_TYPES

from autograder.sandbox.styles import harmless_style
from toolbox.checks.visible import INVISIBLE, visible

TAGS = set(
    "a abbr b blockquote br caption code col colgroup dd del details div dl dt em h1 h2 h3 h4 h5 h6 hr i img ins kbd "
    "li mark ol p pre q s samp small span strong sub summary sup table tbody td tfoot th thead tr tt u ul".split()
)
ATTRIBUTES = {
    "*": {"class", "title", "align", "style", "role", "aria-label"}, "a": {"href"},
    "img": {"src", "alt", "width", "height"}, "td": {"colspan", "rowspan"}, "th": {"colspan", "rowspan", "scope"},
    "ol": {"start"},
}  # fmt: skip
SIGN = "sign"  # the class of invisible characters that were written out; the pages give it a look
# Classes of the page's own style sheets could lay an element over the page: those that colour code and tables stay.
CLASSES = {"anchor-link", "dataframe", "highlight", "hl-ipython3", "hl-python", SIGN} | set(STANDARD_TYPES.values())
WORDS = {"align": {"left", "right", "center", "justify"}, "role": {"img"}, "scope": {"col", "row"}}
NUMBER = re.compile(r"1?\d{1,3}")
LINK = re.compile(r"https?://[^\s\x00-\x20\x7f]+", re.IGNORECASE)
PICTURE = re.compile(r"data:image/(?:png|jpeg);base64,[A-Za-z0-9+/=\s]*")
# The commands by which MathJax makes links, classes and styles. Our pages have no MathJax; where somebody puts them in
# front of one, in a course platform for example, the command is no longer one.
COMMANDS = re.compile(r"\\(?=(?:href|class|cssId|style|require|unicode|mmlToken|bbox)(?![A-Za-z]))")
PIECES = re.compile(r'(<(?:[^>"]|"[^"]*+")*+>)')  # of what nh3 has written: every second one is a tag
# The one picture that is drawn in HTML: the check's own map of a tensor's wrong entries. Nothing else of SVG gets past.
MAP = re.compile(
    r'<svg width="\d{1,4}" height="\d{1,4}" role="img" aria-label="[a-z ]{1,50}">'
    r'(?:<rect x="\d{1,4}" y="\d{1,4}" width="\d{1,3}" height="\d{1,3}" fill="#[0-9a-f]{6}"/>)*+</svg>'
)
MARK = "\ufdd0"  # around the number of a map that was put away; it is no character, so no text needs it
CODE = re.compile(r"<(/?)(?:code|pre)[\s>]")
OPENED = re.compile(r"<(/?)([A-Za-z][^\s/>]*)")
FLAT = set("br col dd dt hr img input li link meta p source tbody td tfoot th thead tr wbr".split())  # need no end tag
DEEPEST = 200  # elements in each other; nh3 takes minutes for a text that nests 200,000


def harmless(html: str) -> str:
    """HTML with nothing but text, tables and pictures in it: no code runs, nothing is loaded from elsewhere."""
    maps: list[str] = []

    def put_away(match: re.Match) -> str:
        maps.append(match[0])
        return f"{MARK}{len(maps) - 1}{MARK}"

    rest = MAP.sub(put_away, html.replace(MARK, visible(MARK)))
    if depth(rest) > DEEPEST:
        return f"<pre>{shown(escape(html, quote=False))}</pre>"
    parts = []
    for kind, piece in pieces(clean(rest)):
        if kind == "tag":
            parts.append(visible(piece))
        elif maps and kind == "text":
            texts = re.split(f"{MARK}([0-9]{{1,4}}){MARK}", piece)
            texts[::2] = map(shown, texts[::2])
            texts[1::2] = ["".join(maps[int(number) : int(number) + 1]) for number in texts[1::2]]
            parts += texts
        else:
            parts.append(shown(piece))
    return "".join(parts)


def clean(html: str) -> str:
    """What nh3 and the rules of this module leave of it, invisible characters included."""
    html = html.replace("\0", visible("\0"))  # a parser of HTML drops it
    return _CLEANER.clean(html.encode("utf-8", "backslashreplace").decode("utf-8"))


def pieces(html: str) -> Iterator[tuple[str, str]]:
    """What `clean` returned as ("tag", …), ("text", …) and ("code", …), the texts within code and pre."""
    inside = 0
    for place, piece in enumerate(PIECES.split(html)):
        if place % 2:
            if edge := CODE.match(piece):
                inside += -1 if edge[1] else 1
            yield "tag", piece
        elif piece:
            yield "code" if inside else "text", piece


def shown(text: str) -> str:
    """A text that is escaped already, with its invisible characters written out and marked."""
    if INVISIBLE.search(text):
        text = visible(text, around=(f'<span class="{SIGN}">', "</span>"))
    return COMMANDS.sub(r"\\<wbr>", text)


def depth(html: str) -> int:
    """How deep the elements nest, or a little more, in time that grows with the text only."""
    open_now: Counter[str] = Counter()
    now = deepest = 0
    for match in OPENED.finditer(html):
        name = match[2].lower()
        if name in FLAT:
            continue
        if not match[1]:
            open_now[name] += 1
            now += 1
            deepest = max(deepest, now)
        elif open_now[name]:
            open_now[name] -= 1
            now -= 1
    return deepest


def _judge(tag: str, name: str, value: str) -> str | None:
    """The value that an attribute may have, None where it has to go."""
    if name == "style":
        return harmless_style(value) or None
    if name == "class":
        return " ".join(word for word in value.split() if word in CLASSES) or None
    if name in WORDS:
        return value.lower() if value.lower() in WORDS[name] else None
    if name in ("title", "alt", "aria-label", "rel"):
        return value
    if name in ("href", "src"):  # a picture from elsewhere would tell who reads the page, and when
        value = value.strip()
        return value if (LINK if name == "href" else PICTURE).fullmatch(value) else None
    return value if NUMBER.fullmatch(value) else None


_CLEANER = nh3.Cleaner(
    tags=TAGS,
    clean_content_tags={"style"},  # of other elements that go, the words stay
    attributes=ATTRIBUTES,
    attribute_filter=_judge,
    url_schemes={"http", "https", "data"},
    link_rel="noopener noreferrer nofollow",
)
