"""The engine: a suite is collected once, run for many students, and every outcome has its status."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from toolbox.calling.student import LocalTransport, Student
from toolbox.checks.collect import NoChecks, hidden_regions
from toolbox.checks.suite import Suite

SUITE = """
from toolbox.errors import Mismatch
from toolbox.checks.suite import item


@item("double")
def test_every_entry_is_doubled(student, make):
    x = make.normal(3, 4)
    y = student.toy.double(x=x)
    assert torch_equal(y, 2 * x), "not the double"


@item("double", share=3)
def test_input_is_left_alone(student, make):
    x = make.normal(3, 4)
    y = student.toy.double(x=x)
    assert not student.changed, f"changed in place: {student.changed}"
    assert torch_equal(y, 2 * x)

### BEGIN HIDDEN TESTS
@item("other")
def test_other_is_diagnosed(student, make):
    if student.toy.other(a=1) != make.seed:
        raise Mismatch("off", diagnosis=["sign-flipped"], evidence={"name": "other"})
### END HIDDEN TESTS


def torch_equal(a, b):
    import torch
    return torch.equal(a, b)
"""


@pytest.fixture(scope="module")
def suite(tmp_path_factory):
    path = tmp_path_factory.mktemp("suite") / "toy.py"
    path.write_text(SUITE)
    return Suite(path)


def run(suite, **functions):
    module = SimpleNamespace(**functions)
    return suite.run(Student(LocalTransport({"toy": module})))


def statuses(results):
    return [result.status for result in results]


def test_hidden_tests_and_shares_are_known(suite):
    assert [(check.id, check.hidden, check.share) for check in suite.checks] == [
        ("test_every_entry_is_doubled", False, 1.0),
        ("test_input_is_left_alone", False, 3.0),
        ("test_other_is_diagnosed", True, 1.0),
    ]


def test_one_collected_suite_serves_many_students(suite):
    def in_place(x):
        x *= 2
        return x

    good = run(suite, double=lambda x: 2 * x, other=lambda a: 0)
    wrong = run(suite, double=lambda x: 3 * x, other=lambda a: 0)
    changing = run(suite, double=in_place, other=lambda a: 0)
    again = run(suite, double=lambda x: 2 * x, other=lambda a: 0)
    assert statuses(good) == statuses(again) == ["passed", "passed", "failed"]
    assert statuses(wrong) == ["failed", "failed", "failed"]
    assert statuses(changing) == ["passed", "failed", "failed"]
    assert "changed in place: ['x']" in changing[1].message


def test_a_diagnosis_and_its_evidence_arrive(suite):
    result = run(suite, other=lambda a: 0)[2]
    assert result.diagnosis == ["sign-flipped"] and result.evidence == {"name": "other"}


def test_each_way_to_fail_has_its_status(suite):
    def raises(x):
        raise ZeroDivisionError("oh")

    def unwritten(x):
        raise NotImplementedError

    def unwritten_yet(x):
        raise NotImplementedError("Layer has no forward yet")

    def autograd(x):
        x.requires_grad_()
        (x * x).sum().backward()
        return x.grad

    cases = {
        "missing": [None, unwritten, unwritten_yet],
        "failed": [raises, lambda x: 3 * x, lambda x: torch.empty(2, device="meta").cpu()],
        "malformed": [lambda x: object(), lambda x: "text", lambda x: torch.empty((), device="meta")],
        "forbidden": [autograd],
    }
    for status, answers in cases.items():
        for answer in answers:
            functions = {} if answer is None else {"double": answer}
            assert run(suite, **functions)[0].status == status


def test_leaving_by_sys_exit_is_the_students_failure_not_the_graders(suite):
    def leaves(x):
        raise SystemExit(0)

    assert "SystemExit" in run(suite, double=leaves)[0].message


def test_the_seed_decides_the_inputs(suite):
    seen = []

    def spy(x):
        seen.append(x)
        return 2 * x

    student = Student(LocalTransport({"toy": SimpleNamespace(double=spy)}))
    for seed in ("a", "a", "b"):
        suite.run(student, items=["double"], seed=seed)
    assert torch.equal(seen[0], seen[2]) and not torch.equal(seen[0], seen[4]) and not torch.equal(seen[0], seen[1])


def test_an_unknown_item_names_the_known_ones(suite):
    with pytest.raises(KeyError, match="double, other"):
        suite.run(Student(LocalTransport({})), items=["nothing"])


@pytest.mark.parametrize(
    "text",
    ["import nothing_of_this_name", "x = 1", "def test_a(:", "def test_a(): pass", "raise SystemExit(0)",
     "from toolbox.checks.suite import item\n@item('a', share='2')\ndef test_a(student): pass",
     "from toolbox.checks.suite import item\n@item(2)\ndef test_a(student): pass",
     "from toolbox.checks.suite import item\n@item('a')\n@item('b')\ndef test_a(student): pass",
     "from toolbox.checks.suite import item\n@item('a')\ndef test_a(student, tmp_path): pass"],
)  # fmt: skip
def test_checks_that_cannot_be_collected_say_so(tmp_path, text):
    (tmp_path / "bad.py").write_text(text)
    with pytest.raises(NoChecks):
        Suite(tmp_path)


def test_conftest_files_do_not_reach_the_checks(tmp_path):
    (tmp_path / "conftest.py").write_text("raise RuntimeError('conftest was read')")
    (tmp_path / "lone.py").write_text(SUITE)
    assert len(Suite(tmp_path).checks) == 3


def test_two_folders_with_files_of_one_name_are_two_suites(tmp_path):
    public = SUITE[: SUITE.index("### BEGIN")] + SUITE[SUITE.index("\n\ndef torch_equal") :]
    for folder, text in (("public", public), ("master", SUITE)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "same.py").write_text(text)
    suites = [Suite(tmp_path / folder) for folder in ("public", "master", "public")]
    assert [[check.hidden for check in suite.checks].count(True) for suite in suites] == [0, 1, 0]


TABLE = """
from dataclasses import dataclass

from toolbox.checks.suite import each, item

from .numbers import ROWS


@each(ROWS)
def test_every_row_is_multiplied(row, student, make):
    assert student.toy.times(row.factor, make.seed) == row.factor * make.seed


### BEGIN HIDDEN TESTS
@each([row for row in ROWS if row.factor > 2], share=0.5, seconds=2)
def test_nothing_becomes_nothing(row, student):
    assert student.toy.times(row.factor, 0) == 0


### END HIDDEN TESTS


@item("twice")
def test_on_its_own(student):
    assert student.toy.times(2, 1) == 2
"""
ROWS = """
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    name: str
    item: str
    factor: int


ROWS = [Row("two", "twice", 2), Row("three", "thrice", 3), Row("six", "thrice", 6)]
"""


@pytest.fixture
def table(tmp_path):
    (tmp_path / "numbers.py").write_text(ROWS)
    (tmp_path / "tables.py").write_text(TABLE)
    return tmp_path


def test_a_table_makes_a_check_of_each_row_and_files_import_from_each_other(table):
    checks = Suite(table).checks
    assert [(check.id, check.item, check.hidden, check.share, check.seconds) for check in checks] == [
        ("test_every_row_is_multiplied[two]", "twice", False, 1.0, None),
        ("test_every_row_is_multiplied[three]", "thrice", False, 1.0, None),
        ("test_every_row_is_multiplied[six]", "thrice", False, 1.0, None),
        ("test_nothing_becomes_nothing[three]", "thrice", True, 0.5, 2),
        ("test_nothing_becomes_nothing[six]", "thrice", True, 0.5, 2),
        ("test_on_its_own", "twice", False, 1.0, None),
    ]
    assert {check.says for check in checks if "row" in check.id} == {"every row is multiplied"}


def test_each_row_has_inputs_of_its_own(table):
    seen = []

    def times(factor, number):
        seen.append(number)
        return factor * number

    results = run(Suite(table), times=times)
    assert statuses(results) == ["passed"] * 6 and len(set(seen[:3])) == 3
    assert results[0].sentence == "every row is multiplied"


def test_a_row_that_is_wrong_costs_its_own_item(table):
    results = run(Suite(table), times=lambda factor, number: 0 if factor == 6 else factor * number)
    assert [(r.item, r.name) for r in results if r.status != "passed"] == [
        ("thrice", "test_every_row_is_multiplied[six]")
    ]


def test_two_rows_of_one_name_are_refused(table):
    (table / "numbers.py").write_text(ROWS.replace('"six"', '"three"'))
    with pytest.raises(NoChecks, match=r"multiplied\[three\]"):
        Suite(table)


def test_only_the_files_that_are_asked_for_are_read(table):
    (table / "broken.py").write_text("1 / 0")
    assert len(Suite(table, ["tables.py"]).checks) == 6
    with pytest.raises(NoChecks, match="broken"):
        Suite(table)


def test_hidden_regions_are_found_by_line():
    assert hidden_regions("a\n### BEGIN HIDDEN TESTS\nb\n### END HIDDEN TESTS\nc") == [(2, 4)]
