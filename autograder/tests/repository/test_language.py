"""The course in plain English: words that were found odd by readers do not come back, in no text that people read."""

from __future__ import annotations

import re

import pytest

from autograder.masters.sources import checks_of
from autograder.tests.checkout import ROOT
from toolbox.checks.collect import collect

# A pattern, and what a native teacher says in its place. Patterns are whole words, in any case.
WORDS = {
    r"foret(?:ell?s?|old|elling)": "predict",
    r"foresee[ns]?|foresaw": "predict",
    r"dice": "at random",
    r"angry": "penalises",
    r"(?:the )?sickest|heal(?:s|ed)?(?: (?:it|her|him))?": "the worst; fix it",
    r"to and fro": "back and forth",
    r"(?:same|all) (?:see the same )?weather": "machine load",
    r"the school's": "the ones you know from school",
    r"(?:to|What to) take along": "key points",
    r"small print": "details",
    r"(?:one )?floor higher": "one level up",
    r"without circles|(?:is|has) a circle|a circle (?:is|are)|part of a circle": "without cycles",
    r"go free|goes free": "is not penalised",
    r"too dear": "too high",
    r"way there(?: and back)?(?! (?:is|are))": "forward pass",
    r"the way back|a way back|its way back|way back": "backward pass",
    r"in your sleep": "by heart",
    r"near enough": "close enough",
    r"convicted": "found wrong",
    r"stand at a": "say what is meant",
    r"downstream gradient is wrong, gradient the|gradient the downstream": "the downstream gradient",
    r"as torch says": "what PyTorch computes",
    r"stands? (?:before|after) (?:it|its|one|what)|stands? in the order": "comes before; is in the order",
    r"the final speed": "the final velocity",
    r"learnt by heart": "memorised",
    r"taken up ends|the run that was taken up": "resumed",
    r"judged rightly": "judged correctly",
    r"takes the place of": "replaces",
    r"made small": "a small example",
    r"mended": "repaired",
    r"is no (?:input|index|node|name|notebook|json|idx|array|tensor|number|list|dict|function)": "is not a",
    r"whither|thither|herein|therein|wherein|heretofore|nought|amiss": "a plain word",
}
# The same, for the sentences of the checks alone: elsewhere the word may mean what it says.
SAID = WORDS | {
    r"patients?|sick|healthy": "a wrong, or a right, backward pass",
    r"in one piece": "contiguous",
    r"move[s]? as|moves? when": "has the tangent",
    r"in use": "at test time",
    r"again and again|by turns|in turn": "in many more cases; alternately",
    r"pytorchs|neurons|layers own|dy d[wx]|one sided|hessian vector|k ?th": "spelled as the field spells it",
    r"hears|collects|walks?|walked": "adds up; goes back",
}
READ = ("solutions/*.py", "solutions/backprop/*.py", "lib/toolbox/**/*.py", "*.md", "data/*.md", "autograder/*.md",
        "autograder/report/*.html", "autograder/report/*.py")  # fmt: skip


def files() -> list[str]:
    return sorted({path.relative_to(ROOT).as_posix() for pattern in READ for path in ROOT.glob(pattern)})


def odd_words(text: str, words: dict[str, str]) -> list[str]:
    """Each odd word of a text, and what to say instead."""
    return [f"{match[0]!r}: say {better!r}" for pattern, better in words.items()
            for match in re.finditer(rf"\b(?:{pattern})\b", text, re.IGNORECASE)]  # fmt: skip


def odd(name: str) -> list[str]:
    """Each odd word of a file, with its line and what to say instead."""
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    return [f"{name}:{number}: {found}" for number, line in enumerate(lines, 1) for found in odd_words(line, WORDS)]


@pytest.mark.parametrize("name", files())
def test_no_text_has_a_word_that_readers_stumbled_over(name):
    assert odd(name) == []


@pytest.mark.parametrize("assignment", sorted(path.stem for path in (ROOT / "solutions").glob("*.py")))
def test_no_sentence_of_a_check_has_a_word_that_readers_stumbled_over(assignment):
    checks = collect(checks_of(ROOT, assignment))
    assert [(check.says, odd_words(check.says, SAID)) for check in checks if odd_words(check.says, SAID)] == []


def test_the_list_finds_what_it_is_for():
    for bad in ("foretold every gradient", "Search by dice", "the way back", "A circle is an error"):
        assert any(re.search(rf"\b(?:{pattern})\b", bad, re.IGNORECASE) for pattern in WORDS), bad
