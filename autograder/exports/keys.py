"""What each platform calls a hand-in: from the receipts of the intake.

A receipt holds the keys that the intake has read; older ones only name the file or folder that a hand-in came from,
which for most platforms holds their keys. What a platform calls a student stands in the roster (`autograder.roster`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

from autograder.roster.file import read_roster
from autograder.roster.student import ATTEMPT_KEYS, Student

__all__ = ["Attempts", "Roster", "attempt_keys", "parse_origin", "read_attempts", "read_roster"]


# A name may be empty where it has no letters; ids are written with the digits 0 to 9, whatever stands in a name.
CANVAS = re.compile(r".*?_(?:LATE_)?(?P<canvas_id>[0-9]+)_(?P<canvas_attachment>[0-9]+)_.+", re.DOTALL)
ANONYMOUS = re.compile(
    r"(?:LATE_)?anon_(?:LATE_)?(?P<canvas_anonymous>(?![0-9]{5}_)\w{5})_(?P<canvas_attachment>[0-9]+)_.+", re.DOTALL
)
MOODLE = re.compile(
    r"(?P<moodle_folder>[^_]+_(?P<moodle_participant>[0-9]+)_assignsubmission_[a-z]+)(?:_.*)?", re.DOTALL
)
BRIGHTSPACE = re.compile(
    r"(?P<brightspace_folder>[0-9]+-(?P<brightspace_user>[0-9]+) - .*? - "
    r"[A-Z][a-z]{2} [0-9]{1,2}, [0-9]{4} [0-9]{3,4} [AP]M)(?: - .+)?",
    re.DOTALL,
)
SAKAI = re.compile(r"(?P<sakai_folder>[^/]+, [^/]*\((?P<sakai>[^()/]+)\))", re.DOTALL)


Roster = Mapping[str, Student]
Attempts = Mapping[str, Mapping[str, str]]  # student -> keys of the hand-in that stands


def read_attempts(classroom: Path, assignment: str) -> dict[str, dict[str, str]]:
    """The platform keys of the hand-ins that stand, by student, from `classroom/receipts/<assignment>/`."""
    found = {}
    for path in sorted((classroom / "receipts" / assignment).glob("[!.]*.json")):
        try:
            receipt = json.loads(path.read_bytes())
        except ValueError:  # half a file is no receipt; the intake writes whole ones
            continue
        if isinstance(receipt, dict):
            found[path.stem] = attempt_keys(receipt)
    return found


def attempt_keys(receipt: dict) -> dict[str, str]:
    """The platform keys that a receipt names; of an older one those that the name of its file or folder holds."""
    told = receipt.get("keys")
    if isinstance(told, dict) and told:  # of one in a team, the folder's name is the team's
        return {name: str(told[name]) for name in ATTEMPT_KEYS if told.get(name)}
    named = {name: str(receipt[name]) for name in ATTEMPT_KEYS if receipt.get(name)}
    return parse_origin(str(receipt.get("origin") or "")) | named


def parse_origin(name: str) -> dict[str, str]:
    """The keys in the name that a platform gave a hand-in; none where it is not a platform's.

    >>> parse_origin("lovelaceada_LATE_101_9001_work.zip")
    {'canvas_id': '101', 'canvas_attachment': '9001'}
    """
    for pattern in (MOODLE, BRIGHTSPACE, ANONYMOUS, CANVAS, SAKAI):
        if found := pattern.fullmatch(name):
            return found.groupdict()
    return {}
