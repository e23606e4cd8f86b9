"""Which attempt stands: the last that can be graded, whatever the order in which they came in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from autograder.records.attempt import FILE, PLATFORM, SOURCES, UNKNOWN, Attempt, standing

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def attempt(sha256: str = "a", hours: float | None = 0, code: str | None = None, **more) -> Attempt:
    received = None if hours is None else NOON + timedelta(hours=hours)
    told = {"received_from": UNKNOWN if hours is None else PLATFORM, "seen": received or NOON} | more
    return Attempt("ada", "flat", sha256, sha256, sha256, "folder", "ada.zip", received, code=code, **told)


def test_the_last_in_time_stands_in_whatever_order_they_come():
    for order in permutations([attempt("a", 0), attempt("b", 2), attempt("c", 1)]):
        assert standing(order).sha256 == "b"


def test_one_that_cannot_be_graded_never_stands_before_one_that_can():
    assert standing([attempt("a", 0), attempt("b", 1, "not_a_zip")]).sha256 == "a"
    assert standing([attempt("a", 0, "not_a_zip"), attempt("b", 1, "no_lib")]).sha256 == "b"
    assert standing([]) is None


def test_without_times_the_platforms_number_decides():
    found = [attempt(name, None, number=number) for name, number in (("a", 9002), ("b", 9001))]
    assert standing(found).sha256 == "a"


def test_a_platforms_number_never_goes_before_the_time():
    assert standing([attempt("a", 1, number=9), attempt("b", 2, number=1)]).sha256 == "b"


def test_a_rule_chooses_among_those_that_can_be_graded():
    found = [attempt("a", 0, "no_lib"), attempt("b", 1), attempt("c", 2)]
    assert standing(found, lambda attempts: attempts[0]).sha256 == "b"


def test_a_record_reads_back_as_it_was():
    one = attempt("a", 1, "no_lib", files=(("a/b.zip", "0" * 64, 12),), keys={"canvas_id": "7"}, late=True)
    assert Attempt.from_dict(one.to_dict()) == one


@given(
    st.lists(st.tuples(st.integers(0, 5), st.sampled_from(SOURCES), st.integers(0, 5)), min_size=1, max_size=4),
    st.data(),
)
def test_records_of_one_attempt_join_to_the_same_whatever_the_order(told, data):
    records = [
        attempt("a", None if source == UNKNOWN else hours, received_from=source, seen=NOON + timedelta(hours=seen))
        for hours, source, seen in told
    ]

    def joined(records):
        whole = records[0]
        for record in records[1:]:
            whole = whole.joined(record)
        return whole

    assert joined(records) == joined(data.draw(st.permutations(records)))


def test_a_surer_time_is_kept_whichever_came_first():
    sure, file = attempt("a", 5), attempt("a", 1, received_from=FILE)
    assert sure.joined(file).received == file.joined(sure).received == sure.received
