"""Pieces of pages are kept from one run to the next: only shared ones, and only while the same code makes them."""

from __future__ import annotations

import json

import pytest

from autograder.gradebook import pieces
from autograder.gradebook.pieces import Pieces

SHARED, LONE, CELL = ("code", "x = 1"), ("html", "<b>mine</b>"), ("cell", b"digest")


@pytest.fixture
def file(tmp_path):
    first = Pieces(tmp_path / "pieces.json")
    for key in (SHARED, LONE, CELL):
        first[key] = f"<p>{key[1]!r}</p>"
    assert first[SHARED] == "<p>'x = 1'</p>" and first[CELL]
    first.save()
    return tmp_path / "pieces.json"


def test_what_was_asked_for_again_is_there_in_the_next_run_and_nothing_else(file):
    later = Pieces(file)
    assert later[SHARED] == "<p>'x = 1'</p>" and later[CELL]
    with pytest.raises(KeyError):
        later[LONE]


def test_a_piece_that_cannot_stand_alone_stays_one_that_cannot(tmp_path):
    first = Pieces(tmp_path / "pieces.json")
    first[SHARED] = None
    assert first[SHARED] is None
    first.save()
    assert Pieces(tmp_path / "pieces.json")[SHARED] is None


def test_pieces_that_other_code_made_and_damaged_ones_count_for_nothing(file, monkeypatch):
    content = json.loads(file.read_bytes())
    for damaged in (b"", b"[]", b"{", json.dumps(content | {"pieces": [1]}).encode()):
        file.write_bytes(damaged)
        with pytest.raises(KeyError):
            Pieces(file)[SHARED]
    file.write_text(json.dumps(content))
    assert Pieces(file)[SHARED]
    monkeypatch.setattr(pieces, "version", lambda name: "another")
    with pytest.raises(KeyError):
        Pieces(file)[SHARED]


def test_a_run_that_learned_nothing_writes_nothing_and_the_file_does_not_grow_without_end(file, monkeypatch):
    before = file.stat().st_mtime_ns
    later = Pieces(file)
    assert later[SHARED]
    later.save()
    assert file.stat().st_mtime_ns == before
    monkeypatch.setattr(pieces, "SAVED", 100)
    for number in range(50):
        later[("code", str(number))] = "12345678"
        assert later[("code", str(number))]
    later.save()
    kept = json.loads(file.read_bytes())["pieces"]
    assert 0 < sum(map(len, kept.values())) <= 100
