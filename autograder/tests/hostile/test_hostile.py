"""The hostile class, graded: every attack comes to what it must, touches nothing, and leaves the judge as it was."""

from __future__ import annotations

import os
import re
import subprocess

import pytest

from autograder.tests.checkout import hand_in_at

from . import autograd, course, exhaustion, processes, replies, snooping, tampering, walls  # noqa: F401  (they enter)
from .attack import ATTACKS, Attack
from .field import Field
from .user import NO_MOUNTS, as_ordinary_user


@pytest.fixture(scope="module")
def field(tmp_path_factory):
    field = Field(tmp_path_factory.mktemp("hostile"))
    yield field
    field.close()


TESTS = ["-m", "pytest", "autograder/tests/hostile", "-p", "no:cacheprovider", "--basetemp=/mnt/classroom/tmp"]
# What the walls have to do with: these are tried where there are no namespaces, too.
ON_WALLS = (
    "modes-and-times", "modes-by-descriptor", "own-files", "thread-bomb", "deep-tree", "grader-at-home", "watching",
    "proc", "descriptors", "read-files", "read-otherwise", "environment", "write-files", "change-files", "signals",
    "ptrace", "fork-bomb", "children", "threads", "sockets", "network", "memory-elsewhere", "one-big-file",
)  # fmt: skip
CHOSEN = " or ".join(f"[{name}]" for name in ON_WALLS)


@pytest.fixture(scope="module", autouse=True)
def ordinary_user(request, tmp_path_factory):
    """Where root runs the tests: all of them once more, by an ordinary user, beside this run. None where not root."""
    wanted = any(item.name == OF_THE_USER for item in request.session.items)
    if os.geteuid() != 0 or not wanted:
        yield None
        return
    process = as_ordinary_user(tmp_path_factory.mktemp("user"), TESTS)
    yield process
    if process.poll() is None:
        process.kill()
    process.wait()


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=list(ATTACKS))
def test_an_attack_comes_to_what_it_must(field: Field, attack: Attack):
    judgement, seconds = field.grade(attack)
    try:
        check(field, attack, judgement, seconds)
    finally:
        field.remove(attack)
    changed = field.unchanged()
    assert not changed, f"changed on the host: {changed}"
    assert not field.left_behind(), "processes are left"
    assert not field.server.reached(), "the network was reached"
    assert field.still_grades(), "the judge no longer gives a right hand-in full marks"


def check(field: Field, attack: Attack, judgement, seconds: float) -> None:
    """Compare what became of an attack with what must become of it."""
    verdict, shown = judgement.verdict, field.shown(judgement)
    assert verdict.intake["status"] != "refused", verdict.intake
    found = {item.id: item.status for item in verdict.items}
    for item in verdict.items:
        wanted = attack.lost.get(item.id, "passed")
        said = f"{item.id} is {item.status} ({item.message}), not {wanted}; {found}\n{shown[-3000:]}"
        assert re.fullmatch(wanted, item.status), said
        if item.status != "passed" and "passed" not in wanted:
            assert item.score < item.max_score
            assert re.search(attack.says, item.detail or item.message), f"{item.id}: {item}"
    got = [line[:500] for line in shown.splitlines() if ": GOT '" in line or ': GOT "' in line]
    assert not got, got
    stopped = len(re.findall(r": stopped by \w+", shown))
    assert stopped == attack.stopped, f"{stopped} of {attack.stopped} attempts were stopped:\n{shown[-4000:]}"
    for pattern in attack.shows:
        assert re.search(pattern, shown), f"{pattern!r} was not shown:\n{shown[-3000:]}"
    for pattern in attack.hides:
        assert not re.search(pattern, shown), f"{pattern!r} was shown"
    known = {repair["code"] for repair in verdict.intake["repairs"]}
    assert set(attack.repairs) <= known, known
    assert field.canary not in field.everything(judgement), "a secret of the grader's shows"
    shared = max(1.0, os.getloadavg()[0] / len(os.sched_getaffinity(0)))  # others on this machine are not the attack's
    assert seconds < attack.seconds * shared, f"took {seconds:.1f} s"
    if attack.after is not None:
        attack.after(field, judgement)


def test_the_judge_still_gives_a_right_hand_in_full_marks_after_all_of_them(field: Field):
    verdict = field.judge.judge(hand_in_at(field.clean)).verdict
    assert verdict.score == verdict.max_score


def test_a_process_that_is_left_would_be_found_and_another_tests_is_not_taken_for_one(field: Field):
    transport = field.judge.transport(hand_in_at(field.clean), [])
    transport.run_notebook()
    assert field.living()
    transport.close()
    assert not field.left_behind()
    assert str(field.folder) in field.command()  # any other zygote on the same descriptor has the rest of it


def test_the_class_comes_to_the_same_when_an_ordinary_user_grades_it(ordinary_user):
    if ordinary_user is None:
        assert os.geteuid() != 0  # then all of the above was run by one
        return
    assert f"{len(ATTACKS) + 5} passed" in said_by(ordinary_user)


OF_THE_USER = test_the_class_comes_to_the_same_when_an_ordinary_user_grades_it.__name__


def test_attacks_on_the_walls_come_to_the_same_where_an_ordinary_user_has_no_namespaces(ordinary_user, tmp_path):
    if os.geteuid() != 0:
        return  # only root can put itself in their place
    if ordinary_user is not None:
        ordinary_user.wait()  # two at a time are enough
    process = as_ordinary_user(tmp_path, [*TESTS, "-k", CHOSEN], namespaces=False)
    assert f"{len(ON_WALLS)} passed" in said_by(process)


def said_by(process: subprocess.Popen) -> str:
    """What the tests of an ordinary user say, once they are through; they must have passed."""
    output, _ = process.communicate(timeout=600)
    if process.returncode == NO_MOUNTS:
        pytest.skip(f"this root may not make mounts, so no ordinary user could be put in its place: {output[-300:]}")
    assert process.returncode == 0, output[-6000:]
    return output


def test_the_class_is_large_enough_and_every_attack_says_what_it_tries():
    assert len(ATTACKS) >= 45
    assert len({attack.tries for attack in ATTACKS.values()}) == len(ATTACKS)
