"""The engine: a suite is collected once, run for many students, and every outcome has its status."""

from __future__ import annotations

import textwrap
from types import SimpleNamespace

import pytest
import torch

from toolbox.student import LocalTransport, Student
from toolbox.suite import Suite, hidden_regions, is_plain

SUITE = """
from toolbox.errors import Mismatch
from toolbox.suite import item, make, student  # noqa: F401


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
    path = tmp_path_factory.mktemp("suite") / "test_toy.py"
    path.write_text(SUITE)
    suite = Suite(path)
    yield suite
    suite.close()


def run(suite, **functions):
    module = SimpleNamespace(**functions)
    return suite.run(Student(LocalTransport({"toy": module})))


def statuses(results):
    return [result.status for result in results]


def test_hidden_tests_and_shares_are_known(suite):
    assert [(blank.name, blank.hidden, blank.share) for _, blank in suite.tests] == [
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

    def autograd(x):
        x.requires_grad_()
        (x * x).sum().backward()
        return x.grad

    cases = {
        "missing": [None, unwritten],
        "failed": [raises, lambda x: 3 * x],
        "malformed": [lambda x: object(), lambda x: "text"],
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


@pytest.mark.parametrize("text", ["import nothing_of_this_name", "x = 1", "def test_a(:", "def test_a(): pass"])
def test_a_suite_that_cannot_be_collected_says_so(tmp_path, text):
    path = tmp_path / "test_bad.py"
    path.write_text(text)
    with pytest.raises(RuntimeError, match="test_bad"):
        Suite(path)


def test_plugins_and_conftest_files_do_not_reach_the_suite(tmp_path):
    (tmp_path / "conftest.py").write_text("raise RuntimeError('conftest was read')")
    path = tmp_path / "test_lone.py"
    path.write_text(textwrap.dedent(SUITE))
    Suite(path).close()


def test_two_suites_of_one_file_name_are_two_suites(tmp_path):
    public = SUITE[: SUITE.index("### BEGIN")] + SUITE[SUITE.index("\n\ndef torch_equal") :]
    for folder, text in (("public", public), ("master", SUITE)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "test_same.py").write_text(text)
    counts = []
    for folder in ("public", "master", "public"):
        suite = Suite(tmp_path / folder / "test_same.py")
        counts.append([blank.hidden for _, blank in suite.tests].count(True))
        suite.close()
    assert counts == [0, 1, 0]


def test_hidden_regions_are_found_by_line():
    assert hidden_regions("a\n### BEGIN HIDDEN TESTS\nb\n### END HIDDEN TESTS\nc") == [(2, 4)]


ASKING = """
import pytest
from toolbox.suite import item, make, student  # noqa: F401
{fixture}

@item("one")
def test_plain(student, make):
    assert make is not None and student.toy.double(x=1) == 2

@item("one")
def test_with_a_folder(student, tmp_path):
    assert tmp_path.is_dir() and student.toy.double(x=1) == 2

@item("one")
@pytest.mark.parametrize("n", [1, 2])
def test_with_numbers(student, n):
    assert student.toy.double(x=n) == 2 * n
"""


def test_tests_that_ask_for_more_of_pytest_are_run_by_pytest_and_the_others_called_as_they_are(tmp_path):
    path = tmp_path / "test_asking.py"
    path.write_text(ASKING.format(fixture=""))
    suite = Suite(path)
    assert [is_plain(test) for test, _ in suite.tests] == [True, False, False, False]
    assert statuses(run(suite, double=lambda x: 2 * x)) == ["passed"] * 4
    assert statuses(run(suite, double=lambda x: 2)) == ["passed", "passed", "passed", "failed"]
    suite.close()


@pytest.mark.parametrize(
    "fixture",
    [
        "@pytest.fixture\ndef make():\n    return None",
        "@pytest.fixture(autouse=True)\ndef always():\n    yield",
        "def setup_function(function):\n    pass",
    ],
)
def test_a_fixture_of_the_suites_own_is_heeded(tmp_path, fixture):
    path = tmp_path / "test_own.py"
    path.write_text(ASKING.format(fixture=fixture))
    suite = Suite(path)
    assert not is_plain(suite.tests[0][0])
    expected = "failed" if "def make" in fixture else "passed"
    assert run(suite, double=lambda x: 2 * x)[0].status == expected
    suite.close()
