"""The style of an element, reduced to colours, lengths and keywords: nothing in it can load or cover anything.

tinycss2 reads the style as a browser does: escapes are decoded, comments are gone, strings, URLs and functions are
known as such. Then properties and values are kept by allow-list, and what is kept is written anew.
"""

from __future__ import annotations

from functools import lru_cache

import tinycss2
from tinycss2.color4 import parse_color

LONGEST = 2_000  # characters of a style that is read
COLOUR_KINDS = {"ident", "hash", "function"}
COLOUR_FUNCTIONS = {"rgb", "rgba", "hsl", "hsla"}
MOST = {"px": 2_000, "pt": 1_500, "em": 100, "rem": 100, "ex": 200, "ch": 200, "%": 100}  # of a length; the least is 0
LENGTH, COLOUR = "<length>", "<colour>"  # the rest of an entry are keywords
LINES = {LENGTH, COLOUR, "none", "hidden", "solid", "dashed", "dotted", "double", "thin", "medium", "thick"}
SIDES = ("top", "right", "bottom", "left")
PROPERTIES: dict[str, set[str]] = {
    "color": {COLOUR},
    "background": {COLOUR},
    "background-color": {COLOUR},
    "font-size": {LENGTH, "small", "smaller", "medium", "large", "larger", "x-small", "x-large"},
    "font-weight": {"normal", "bold", "bolder", "lighter", *map(str, range(100, 1000, 100))},
    "font-style": {"normal", "italic", "oblique"},
    "text-align": {"left", "right", "center", "justify", "start", "end"},
    "text-decoration": {"none", "underline", "overline", "line-through"},
    "vertical-align": {"baseline", "top", "middle", "bottom", "sub", "super", "text-top", "text-bottom"},
    "white-space": {"normal", "nowrap", "pre", "pre-wrap", "pre-line"},
    "border-collapse": {"collapse", "separate"},
    "border-spacing": {LENGTH},
    "border-radius": {LENGTH},
    "border-color": {COLOUR},
    "border-style": LINES - {LENGTH, COLOUR},
    "border-width": LINES - {COLOUR},
    "justify-items": {"start", "end", "center"},
    **{name: {LENGTH, "auto"} for name in ("width", "min-width", "max-width", "height", "min-height", "max-height")},
    **{name: {LENGTH} for name in ("padding", *(f"padding-{side}" for side in SIDES))},
    **{name: {LENGTH, "auto"} for name in ("margin", *(f"margin-{side}" for side in SIDES))},
    **{name: LINES for name in ("border", *(f"border-{side}" for side in SIDES))},
}


@lru_cache(maxsize=4096)  # the same few come back in every hand-in
def harmless_style(style: str) -> str:
    """The declarations that may stay, in one line, '' where none may."""
    if len(style) > LONGEST:
        return ""
    kept = []
    for node in tinycss2.parse_blocks_contents(style, skip_comments=True, skip_whitespace=True):
        if node.type == "declaration" and (allowed := PROPERTIES.get(node.lower_name)):
            parts = [_value(token, allowed) for token in node.value if token.type not in ("whitespace", "comment")]
            if parts and len(parts) <= 4 and all(parts):
                kept.append(f"{node.lower_name}: {' '.join(parts)}")
    return "; ".join(kept)


def _value(token: tinycss2.ast.Node, allowed: set[str]) -> str:
    """One part of a value as we write it, '' where it may not stay."""
    kind = token.type
    if kind == "ident" and token.lower_value in allowed:
        return token.lower_value
    if kind == "number" and (written := f"{token.value:g}") in allowed | {"0"}:
        return written
    if kind in ("dimension", "percentage") and LENGTH in allowed:
        unit = token.lower_unit if kind == "dimension" else "%"
        return f"{token.value:g}{unit}" if 0 <= token.value <= MOST.get(unit, -1) else ""
    return _colour(token) if COLOUR in allowed else ""


def _colour(token: tinycss2.ast.Node) -> str:
    if token.type not in COLOUR_KINDS or (token.type == "function" and token.lower_name not in COLOUR_FUNCTIONS):
        return ""
    try:
        colour = parse_color(token)
        if not colour or token.type == "ident":
            return token.lower_value if colour else ""
        if token.type == "hash":
            return f"#{token.value.lower()}"
        *parts, alpha = colour.to("srgb")
        red, green, blue = (round(255 * min(1.0, max(0.0, part or 0.0))) for part in parts)
    except (ValueError, OverflowError, AssertionError, NotImplementedError):  # not numbers, or not finite ones
        return ""
    return f"rgba({red}, {green}, {blue}, {alpha:g})"
