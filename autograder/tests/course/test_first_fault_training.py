"""An early fault in a hand-in of training costs its own item alone, and the first number that shows it is named."""

from __future__ import annotations

import pytest

from autograder.course.answers import Answer, Edit
from autograder.tests.naming import judged, suite_of

BY_HAND = ("predict", "ladder", "overfit", "trained")  # numbers and nets of the notebook: no function is called


def blamed(*edits):
    """item -> the names given to its mistakes, for every item that a hand-in with these edits loses marks in."""
    found = {}
    asked = [name for name in suite_of("training").items if name not in BY_HAND]
    for result in judged("training", Answer("", (), edits), asked, "first fault"):
        if result.share > 0 and result.status != "passed":
            found.setdefault(result.item, set()).update(result.diagnosis)
    return found


INIT = "torch.randn(fan_in, fan_out, generator=generator, dtype=dtype) * (2 / fan_in) ** 0.5"
SAVE = "write_atomically(path, buffer.getvalue())"
REPLACE = "        os.replace(temporary, path)\n"
EARLY = [
    (Edit("kaiming", "(2 / fan_in)", "(1 / fan_in)"), "kaiming", "kaiming-without-relu"),
    (Edit("SGD.step", "w -= self", "w += self"), "sgd", "update-uphill"),
    (Edit("Momentum.step", "+ grads[name]", "+ (1 - self.rho) * grads[name]"), "momentum", "dampened"),
    (Edit("minibatches", "range(0, len(x), b", "range(0, len(x) - batch_size + 1, b"), "minibatches",
     "last-batch-dropped"),
    (Edit("scores", "out.clamp(min=0)", "out"), "scores", "relu-missing"),
    (Edit("write_atomically", "            os.fsync(file.fileno())\n", ""), "atomic", "bytes-not-on-disk"),
    (Edit("write_atomically", REPLACE, REPLACE + "    except OSError:\n        pass\n"), "atomic", "failure-swallowed"),
    (Edit("save_checkpoint", SAVE, "np.savez(path, **{n: t.cpu().numpy() for n, t in state.items()})"), "checkpoint",
     "written-in-place"),
]  # fmt: skip


@pytest.mark.parametrize(("edit", "item", "name"), EARLY, ids=[f"{row[1]} {row[2]}" for row in EARLY])
def test_an_early_fault_costs_its_own_item_alone_and_is_named(edit, item, name):
    assert blamed(edit) == {item: {name}}


def test_two_early_faults_are_named_each_in_its_own_item():
    found = blamed(EARLY[0][0], EARLY[2][0], EARLY[5][0])
    assert found == {"kaiming": {"kaiming-without-relu"}, "momentum": {"dampened"}, "atomic": {"bytes-not-on-disk"}}


@pytest.mark.parametrize(
    ("old", "new", "message", "name"),
    [("+ self.reg * penalty", "", "losses", "reg-missing"),
     ("grad_h *= h.sign_()", "pass", "losses", "relu-mask-missing"),
     ("scores[rows, y] -= 1 / n", "pass", "losses", "one-hot-missing")],
)  # fmt: skip
def test_of_a_step_that_goes_wrong_in_the_middle_the_first_number_that_shows_it_is_named(old, new, message, name):
    answer = Answer("", (), (Edit("BufferedNet.step", old, new),))
    results = judged("training", answer, ["buffered_net"], "first fault")
    found = [r for r in results if r.name == "test_steps_without_new_memory_do_what_autograd_and_torch_optim_do"]
    assert [r.evidence["name"] for r in found] == [message] and found[0].diagnosis == [name]
