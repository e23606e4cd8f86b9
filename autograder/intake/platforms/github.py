"""GitHub Classroom, `gh classroom clone student-repos`: `⟨slug⟩-submissions/⟨slug⟩-⟨login⟩/`, a repository each.

The time of the clone is no time of a hand-in, and git is not run in a student's repository. The grades that Classroom
exports have the real one, and say who is in a team (`intake.groups`): lay that CSV beside the folders, or give it with
--times.
"""

from __future__ import annotations

from ..download import Entry, Listing
from ..parcels import Context, Parcel, Taken, Who

NAME, TITLE = "github", "GitHub Classroom"
END = "-submissions"


def take(listing: Listing, context: Context) -> Taken:
    """The repositories of a listing that is called `⟨slug⟩-submissions`, or holds one folder of that name."""
    taken = Taken(rest=Listing(listing.name))
    tops = listing.tops()
    named = [top for top in tops if top.endswith(END) and any(len(entry.parts) > 2 for entry in tops[top])]
    if listing.name.endswith(END):
        slugs, inside = [listing.name.removesuffix(END)], listing
    elif len(named) == 1:
        slugs, inside = [named[0].removesuffix(END)], listing.below(named[0], tops.pop(named[0]))
        taken.rest.entries += [entry for entries in tops.values() for entry in entries]
    else:
        taken.rest = listing
        return taken
    for top, entries in inside.tops().items():
        login = top.removeprefix(f"{slugs[0]}-")
        if login in ("", top) or any(len(entry.parts) == 1 for entry in entries):
            taken.rest.entries += entries
            continue
        who = Who(login, (("the GitHub login", login, ("github", "login", "id")),), own={"github": login}, login=login)
        files = [Entry(entry.parts[1:], entry.member, entry.on_disk, entry.fault) for entry in entries]
        taken.parcels.append(Parcel(NAME, who, top, files, group=top))
    return taken
