"""When two spellings are one name: by Unicode normal form, case fold and blanks, and whichever part comes first."""

from __future__ import annotations

import re
import unicodedata


def fold(text: str) -> str:
    """A text by which two spellings of one word are equal."""
    return " ".join(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).split())


def name_forms(name: str) -> frozenset[str]:
    """The ways to read a name, folded: as it stands, and with what is before a comma put behind the rest."""
    parts = name.split(",")
    turned = (" ".join([*parts[place:], *parts[:place]]) for place in range(len(parts)))
    return frozenset(filter(None, map(fold, turned)))


def letters(text: str) -> str:
    """The letters and digits of a folded text: what is left of a name where a platform or a person drops the rest."""
    return re.sub(r"[\W_]", "", fold(text))


def split_name(name: str) -> tuple[str, str]:
    """First and last name of `Last, First` or `First Last`; the last word alone is the last name."""
    last, comma, first = name.partition(",")
    if not comma:
        first, _, last = name.strip().rpartition(" ")
    return first.strip(), last.strip()


def safe_id(text: str) -> str:
    """A student id that is a plain folder name everywhere: letters, digits, dot, hyphen, underscore, at most 60;
    composed (NFC), so that macOS and Linux agree.
    """
    plain = re.sub(r"[^\w.-]+", "-", unicodedata.normalize("NFC", text)).strip("-._")[:60].rstrip("-._")
    return plain.encode("utf-8", "ignore").decode()
