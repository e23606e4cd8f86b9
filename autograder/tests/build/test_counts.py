"""What a notebook says in numbers is counted when it is built."""

from __future__ import annotations

import pytest

from autograder.build import counts
from autograder.masters import percent
from autograder.masters.problems import Refused

MASTER = """# %% [markdown]
# # Small
#
# | part | time |
# | --- | --- |
# | A | 1½ h |
# | B | ¾ h |

# %% item="first" points=2
check("first")

# %% item="second" points=0.5
check("second")

# %% [markdown] written="why" points=3
# ### BEGIN SOLUTION
# Because.
# ### END SOLUTION
"""


def known() -> dict[str, str]:
    return counts.facts(percent.read("small.py", MASTER))


def test_checks_points_questions_and_hours_are_counted():
    assert known() == {"checks": "2", "points": "2.5", "written": "1", "written_points": "3", "hours": "2¼"}


def test_a_place_in_a_text_gets_its_number():
    assert counts.filled("{{checks}} checks, {{hours}} hours", known(), "small.py", 1) == "2 checks, 2¼ hours"


def test_a_place_for_something_that_nobody_counts_is_refused():
    with pytest.raises(Refused, match="nothing is counted as cheks: there are checks, points"):
        counts.filled("{{cheks}} checks", known(), "small.py", 1)
