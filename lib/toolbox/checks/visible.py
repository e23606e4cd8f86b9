r"""Show characters that nobody sees as what they are: escape as `␛`, a right-to-left override as `\u202e`.

Names, messages and outputs come from students. A control character moves a terminal's cursor, a direction character
turns a line round, and one without width makes two names look alike. `visible` writes each of them out, for terminals
and pages alike; what it returns can be encoded as UTF-8.
"""

from __future__ import annotations

import re

# The control and format characters of Unicode, its fillers and tags, lone surrogates and code points that are none.
# Left alone: line feed and tab, the selectors of a character's form, and signs that Unicode counts among the format
# characters but that have a shape of their own, such as the Arabic number sign.
_INVISIBLE = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ud800-\udfff\ufdd0-\ufdef\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff"
    "\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
) + "".join(f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0x10000, 0x110000, 0x10000))
INVISIBLE = re.compile(f"[{_INVISIBLE}]+")
_IN_ONE_LINE = re.compile(f"[\t\n{_INVISIBLE}]+")


def visible(text: object, *, one_line: bool = False, around: tuple[str, str] = ("", "")) -> str:
    """The text with every invisible character written out.

    one_line: line feeds and tabs, too. around: put before and after each run of what was written out.
    """
    before, after = around
    pattern = _IN_ONE_LINE if one_line else INVISIBLE
    return pattern.sub(lambda run: before + "".join(map(_written, run[0])) + after, str(text))


def _written(letter: str) -> str:
    """One character as a sign of its own (those of ASCII) or as Python writes it."""
    code = ord(letter)
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
