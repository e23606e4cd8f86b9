"""Make text harmless for a spreadsheet, and leave keys and numbers as they are.

A cell that begins with = + - @ and the like is run as a formula when the file is opened. An apostrophe in front stops
that, and makes a key one that no platform knows: so names and comments get it, ids and numbers never.
"""

from __future__ import annotations

import re

# What a spreadsheet takes for a formula, also behind blanks and in the wide forms that some of them fold.
FORMULA = tuple("=+-@\t\r\n|%\uff1d\uff0b\uff0d\uff20")
ADDRESS = re.compile(r"[\w.+-]+@[\w.-]+", re.ASCII)


def harmless(text: str) -> str:
    """Free text that no spreadsheet takes for a formula: text that could be one gets an apostrophe in front."""
    text = text.replace("\0", "")
    return f"'{text}" if text.lstrip(" \u00a0").startswith(FORMULA) or text.startswith(FORMULA) else text


def address(text: str) -> str:
    """An e-mail address, which is a key and stays; what is none is free text."""
    return text if ADDRESS.fullmatch(text) else harmless(text)
