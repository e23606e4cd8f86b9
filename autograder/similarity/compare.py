"""Rank pairs of hand-ins by what they have in common and few others have.

Steps: have copydetect turn each text into k-grams of its tokens, names replaced, so that renaming hides nothing; take
out k-grams that were given to everybody, and those that many of the class have, as what most people write is nobody's;
count what pairs share; compare the nearest pairs in full. All k-grams are kept (a window of 1): which of them winnowing
keeps depends on the hash seed of the process, and a ranking must not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from io import StringIO
from itertools import combinations

import numpy as np
from copydetect import CodeFingerprint, compare_files
from copydetect.utils import get_token_coverage

from autograder.similarity.work import CODE, WORDS, Work

K = {CODE: 40, WORDS: 40}  # characters of a k-gram, after names have become one letter
MANY, SHARE = 5, 0.1  # a k-gram that more hand-ins have than these, and this share of all, is nobody's
LEAST = 150  # characters in common, below which a pair is not shown
SHOWN = 60  # pairs


@dataclass(frozen=True)
class Passage:
    """A piece of a text. common: whether the other hand-in has it, too."""

    text: str
    common: bool


@dataclass(frozen=True)
class Pair:
    """Two hand-ins. share: of what the smaller one holds beside what is given and usual, how much the other has, too,
    0 to 1. size: characters in common, names shortened. sides: both texts, in passages.
    """

    one: Work
    other: Work
    kind: str
    share: float
    size: int
    sides: tuple[list[Passage], list[Passage]]


def rank(works: list[Work], given: dict[str, str]) -> list[Pair]:
    """The pairs that have most in common, the likest first; at least one of each is of this class.

    given: kind -> all that everybody was given.
    """
    found = [pair for kind in (CODE, WORDS) for pair in _rank(works, kind, given.get(kind, ""))]
    return sorted(found, key=lambda pair: (-pair.share, -pair.size, pair.one.student, pair.other.student))[:SHOWN]


def _rank(works: list[Work], kind: str, given: str) -> Iterable[Pair]:
    prints = {number: _fingerprint(work.texts[kind], kind) for number, work in enumerate(works)}
    usual = Counter(gram for found in prints.values() for gram in found.hashes)
    limit = max(MANY, int(SHARE * len(works)))
    nobodys = {gram for gram, count in usual.items() if count > limit} | _fingerprint(given, kind).hashes
    owners: dict[int, list[int]] = {}
    for number, found in prints.items():
        _without(found, nobodys)
        for gram in found.hashes:
            owners.setdefault(gram, []).append(number)
    shared: Counter = Counter()
    for numbers in owners.values():
        shared.update(combinations(numbers, 2))
    near = {
        pair: count / min(len(prints[one].hashes) for one in pair)
        for pair, count in shared.items()
        if not (works[pair[0]].source and works[pair[1]].source)
    }
    for one, other in sorted(near, key=lambda pair: (-near[pair], pair))[: 4 * SHOWN]:
        size, shares, slices = compare_files(prints[one], prints[other])
        if size >= LEAST:
            sides = _passages(prints[one].raw_code, slices[0]), _passages(prints[other].raw_code, slices[1])
            yield Pair(works[one], works[other], kind, min(1.0, float(max(shares))), int(size), sides)


def _fingerprint(text: str, kind: str) -> CodeFingerprint:
    return CodeFingerprint("", K[kind], 1, filter=kind == CODE, language="python", fp=StringIO(text))


def _without(found: CodeFingerprint, nobodys: set[int]) -> None:
    """Take k-grams out. (copydetect's own way takes each for being there once, and drops the wrong ones else.)"""
    found.hashes = found.hashes - nobodys
    found.hash_idx = {gram: found.hash_idx[gram] for gram in found.hashes}
    found.token_coverage = get_token_coverage(found.hash_idx, found.k, len(found.filtered_code))


def _passages(text: str, slices: np.ndarray) -> list[Passage]:
    """The text cut where what is in common begins and ends."""
    found, at = [], 0
    for begin, end in slices.T.astype(int):
        begin, end = max(begin, at), min(end, len(text))
        if begin > at:
            found.append(Passage(text[at:begin], False))
        if end > begin:
            found.append(Passage(text[begin:end], True))
        at = max(at, end)
    return [*found, Passage(text[at:], False)] if at < len(text) else found
