"""Which column of a platform's list names a student: heading -> the keys that it may hold, the surest first.

One table for both ways: lists that are read into the roster, and files that come back with grades in them. A heading's
first key is what the column holds for certain; the others are tried because platforms copy each other's ids.
"""

from __future__ import annotations

from collections.abc import Mapping

from autograder.roster.matching import EMAIL, ID

Keys = Mapping[str, tuple[str, ...]]

CANVAS: Keys = {
    "ID": ("canvas_id",),
    "SIS User ID": ("sis_id", ID),
    "SIS Login ID": ("login", EMAIL, ID),
    "Integration ID": ("integration_id",),
}
CANVAS_GROUPS: Keys = {"canvas_user_id": ("canvas_id",), "user_id": ("sis_id", ID), "login_id": ("login", EMAIL, ID)}
MOODLE: Keys = {
    "ID number": ("moodle_id", "sis_id", ID),
    "Username": ("moodle_username", "login", ID),
    "Email address": (EMAIL,),
}
GRADESCOPE: Keys = {"SID": ("gradescope_sid", "sis_id", ID), "Email": (EMAIL, "login", ID)}
BLACKBOARD: Keys = {"Username": ("blackboard", "login", EMAIL, ID), "Student ID": ("sis_id", ID)}
BRIGHTSPACE: Keys = {
    "OrgDefinedId": ("brightspace_id", "sis_id", ID),
    "Username": ("brightspace_username", "login", EMAIL, ID),
    "Email": (EMAIL,),
}
SAKAI: Keys = {"Display ID": ("sakai", "login", EMAIL, ID), "ID": ("sakai_id", "login", ID)}
GITHUB: Keys = {
    "roster_identifier": ("github_identifier", "sis_id", "login", EMAIL, ID),
    "identifier": ("github_identifier", "sis_id", "login", EMAIL, ID),
    "github_username": ("github",),
}


def find(cells: list[str], *headings: str) -> int | None:
    """The column with the first of these headings that is there, compared without case and blanks around."""
    folded = [cell.strip().casefold() for cell in cells]
    return next((folded.index(heading.casefold()) for heading in headings if heading.casefold() in folded), None)


def key_columns(cells: list[str], keys: Keys) -> dict[int, tuple[str, ...]]:
    """column -> the keys that it may hold, in the order of `keys`."""
    return {column: keys[heading] for heading in keys if (column := find(cells, heading)) is not None}
