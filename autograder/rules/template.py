"""The commented `course.toml` that a course begins with: every key, its default, and the course's own assignments."""

from __future__ import annotations

from collections.abc import Mapping

from autograder.rules.paper import Paper

HEAD = """\
# The rules of this class. Nothing here takes effect by being saved:
#
#   python -m autograder rules             says what this file comes to, and whose grade would change
#   python -m autograder rules --apply     puts it in force, as the next `grade` does; nothing is judged again
#
# Extensions and excuses of single students stand in classroom/roster.csv, in the columns `extensions`
# (flat=2d layers=36h, or flat=2026-03-05T22:00) and `excused` (flat layers).

time_zone = "UTC"            # of all times below: "Europe/London", "America/Detroit"

[late]
grace_minutes = 0            # within it nobody is late; beyond it lateness counts from the deadline
# per_day = "10 %"           # what every begun day costs: per cent, or points, 2
# per_hour = 0.5             # or every begun hour, in place of the day
# cap = "50 %"               # no more than that is taken off
# of = "points"              # per cent of the points there are ("points") or of the student's own ("score")
# days_off = [2026-04-03, "2026-12-24 to 2027-01-01"]   # on these no time passes

[attempts]
stands = "last in time"      # the last one in time, or the last where none is; else "last", "first", "best"
"""
ONE = """
[assignments.{name}]         # {items} items, {points:g} points{written}
# due = 2026-03-01T22:00:00  # or 2026-03-01 for the last second of that day
# on = false                 # switched off: not released, not graded, in no export
# stands = "first"           # as above, for this assignment alone
# late = {{ per_day = "20 %" }}
# drop = ["{item}"]          # counts for nobody, and stays in the history
# points = {{ {item} = 4 }}  # in place of those in the notebook
# renamed = {{ old_name = "{item}" }}   # old marks move along
"""


def template(papers: Mapping[str, Paper], order: tuple[str, ...] = ()) -> str:
    """The text of a new course.toml. order: of the assignments; others follow by name."""
    names = [name for name in order if name in papers] + sorted(papers.keys() - set(order))
    return HEAD + "".join(_assignment(name, papers[name]) for name in names)


def _assignment(name: str, paper: Paper) -> str:
    by_hand = f", {sum(paper.written.values()):g} more by hand" if paper.written else ""
    item = next(iter(paper.names), "item")
    return ONE.format(name=name, items=len(paper.items), points=sum(paper.items.values()), written=by_hand, item=item)
