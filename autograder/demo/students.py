"""Who is in the demo class: each student's hand-in, and what grading it must come to. Nobody here is a person."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from autograder.course.answers import Edit
from autograder.demo.material import Material, as_bytes, grade_id

DUE = datetime(2026, 3, 1, 22, 0, tzinfo=UTC)

LINEAR = ("linear_hinge", "linear_softmax", "linear_squared")
MODELS = (*LINEAR, "logistic", "net_hinge", "net_softmax")
NETS = ("net_hinge", "net_softmax")
KINDS = ("hinge", "softmax", "squared", "logistic")


@dataclass(frozen=True)
class Expectation:
    """What must come of a hand-in.

    intake, code, repair: what its receipt says. marks: 'full', 'zero' or 'some' of the automatic points. lost: exactly
    the items that lose marks, None where that is not the point. misconception: the student's most frequent first
    guess, and no other is made. cause: an item status that must appear, among the items of `lost` alone.
    """

    intake: str = "accepted"
    code: str | None = None
    repair: str | None = None
    marks: str = "full"
    lost: frozenset[str] | None = frozenset()
    misconception: str | None = None
    cause: str | None = None
    late_seconds: int = 0


@dataclass(frozen=True)
class Person:
    """One made-up student. early: hours before the deadline at which the hand-in came, negative when late."""

    student: str
    description: str
    files: Callable[[Material], dict[str, bytes]]
    expectation: Expectation = Expectation()
    early: float = 24.0
    name: str = ""

    @property
    def received(self) -> datetime:
        return DUE - timedelta(hours=self.early)

    @property
    def file(self) -> str:
        return self.name or f"{self.student}.zip"


def everywhere(old: str, new: str, functions: tuple[str, ...]) -> list[Edit]:
    """The same mistake in several functions, as someone makes it who has not understood one thing."""
    return [Edit(function, old, new) for function in functions]


def mistaken(*edits: Edit) -> Callable[[Material], dict[str, bytes]]:
    return lambda material: material.files(material.edited(*edits))


def items(part: str, kinds: tuple[str, ...] = KINDS) -> set[str]:
    return {f"{kind}_{part}" for kind in kinds}


def all_of(kinds: tuple[str, ...]) -> set[str]:
    return items("loss", kinds) | items("grad_scores", kinds) | items("grad_w", kinds) | items("grad_b", kinds)


def wrong(misconception: str | None, *lost: str, **more) -> Expectation:
    return Expectation(marks="some", lost=frozenset(lost), misconception=misconception, **more)


def doubled_cell(material: Material) -> dict[str, bytes]:
    """A check cell copied and pasted, settings and all, as Jupyter does."""
    notebook = material.complete()
    place = next(place for place, cell in enumerate(notebook["cells"]) if grade_id(cell) == "toy")
    notebook["cells"].insert(place + 1, {**notebook["cells"][place], "id": "copied"})
    return material.files(material.solved, notebook)


def deleted_cell(material: Material) -> dict[str, bytes]:
    notebook = material.complete()
    kept = [cell for cell in notebook["cells"] if grade_id(cell) != "softmax_grad_w"]
    if len(kept) == len(notebook["cells"]):
        raise ValueError("the released notebook has no check cell softmax_grad_w")
    return material.files(material.solved, {**notebook, "cells": kept})


def cut_off(material: Material) -> dict[str, bytes]:
    """A notebook that a full disk or a lost connection cut short."""
    files = material.files(material.solved)
    return {**files, "flat.ipynb": files["flat.ipynb"][: len(files["flat.ipynb"]) // 2]}


def warning(material: Material) -> dict[str, bytes]:
    """Right, and noisy: a warning and a line on stderr with every call."""
    head = "import math\n"
    noise = "import math\nimport sys\nimport warnings\n"
    say = '    warnings.warn("is reg too large?", stacklevel=2)\n    print("working on it", file=sys.stderr)\n'
    edits = everywhere("    N = x.shape[0]\n", say + "    N = x.shape[0]\n", MODELS)
    source = material.edited(*edits)
    if source.count(head) != 1:
        raise ValueError("the solution no longer imports math where the noisy student adds imports")
    return material.files(source.replace(head, noise))


def renamed(material: Material) -> dict[str, bytes]:
    return material.files(material.solved, name="flat_final_v2.ipynb")


def without_lib(material: Material) -> dict[str, bytes]:
    return {"flat.ipynb": as_bytes(material.complete())}


def untouched(material: Material) -> dict[str, bytes]:
    return material.files(material.skeleton, material.notebook(written=False))


def half_done(material: Material) -> dict[str, bytes]:
    module = material.half_done("toy", "neuron", "linear_hinge", "linear_softmax")
    return material.files(module, material.notebook("solution_predict", written=False))


ROW = "torch.ones_like(losses) / N"
STEP = "    losses = torch.logaddexp(torch.zeros_like(t), t)\n"
LOOP = (
    "    row, losses = 0, torch.zeros_like(t)\n    while row < N:\n        losses[row] = torch.log(1 + t[row].exp())\n"
)
NET_ITEMS = {f"{net}_{part}" for net in NETS for part in ("loss", "grad_second", "grad_first")}
MODEL_ITEMS = all_of(KINDS) | NET_ITEMS
SOFTMAX_NET = ("softmax_loss", "softmax_grad_second")
SECOND, FIRST = {f"{net}_grad_second" for net in NETS}, {f"{net}_grad_first" for net in NETS}

CLASS: tuple[Person, ...] = (
    Person("s01-loops", "perfect, in explicit loops", lambda material: material.files(material.loops), early=50),
    Person("s02-einsum", "perfect, with einsum", lambda material: material.files(material.einsum), early=31),
    Person(
        "s03-no-mean", "gradients N times too large: the mean over the batch is forgotten on the way back",
        mistaken(*everywhere(ROW, "torch.ones_like(losses)", MODELS)),
        wrong("batch-mean-missing", *items("grad_scores"), *SECOND),
    ),
    Person(
        "s04-half-reg", "the gradient of the penalty without its factor 2",
        mistaken(*everywhere("grad_w_reg = 2 * reg * w", "grad_w_reg = reg * w", MODELS[:4]),
                 *everywhere("grad_w1_reg = 2 * reg * w1", "grad_w1_reg = reg * w1", NETS),
                 *everywhere("grad_w2_reg = 2 * reg * w2", "grad_w2_reg = reg * w2", NETS)),
        wrong("reg-half", *items("grad_w"), *SECOND, *FIRST),
    ),
    Person(
        "s05-mean-bias", "bias gradients averaged instead of summed",
        mistaken(*everywhere('grads["b"] = grads["scores"].sum(', 'grads["b"] = grads["scores"].mean(', MODELS[:4])),
        wrong("bias-averaged", *items("grad_b")),
    ),
    Person(
        "s06-wrong-mask", "the ReLU mask taken from the upstream gradient",
        mistaken(*everywhere("(a > 0)", '(grads["h"] > 0)', NETS)),
        wrong("relu-mask-from-upstream", *FIRST),
    ),
    Person(
        "s07-transposed", "weight gradients transposed, until they no longer fit",
        mistaken(*everywhere('grads["w"] = x.T @ grads["scores"] + grad_w_reg',
                             'grads["w"] = grads["scores"].T @ x + grad_w_reg.T', LINEAR)),
        wrong("transposed", *items("grad_w", KINDS[:3])),
    ),
    Person(
        "s08-sign", "the sign of the error turned round",
        mistaken(Edit("linear_squared", "* 2 * errors", "* 2 * (targets - scores)"),
                 Edit("logistic", 'grads["scores"] = grad_t * signs', 'grads["scores"] = -grad_t * signs')),
        wrong("sign-flipped", *items("grad_scores", KINDS[2:])),
    ),
    Person(
        "s09-overflow", "softmax without the shift: exp overflows",
        mistaken(*everywhere("shifted = scores - scores.max(dim=1, keepdim=True).values", "shifted = scores",
                             ("linear_softmax", "net_softmax"))),
        wrong("softmax-unstabilised", "softmax_loss", "softmax_grad_scores", *(f"net_{x}" for x in SOFTMAX_NET)),
    ),
    Person(
        "s10-half-done", "half finished: the gates, the hinge and the softmax classifier", half_done,
        wrong(None, *(MODEL_ITEMS - all_of(KINDS[:2])), "bugs_found", "bugs_repaired", cause="missing"),
        early=1,
    ),
    Person(
        "s11-untouched", "untouched: as released", untouched,
        Expectation(marks="zero", lost=None, cause="missing"), early=2,
    ),
    Person(
        "s12-syntax", "a syntax error: one bracket that does not close",
        mistaken(Edit("net_softmax", "((w1 * w1).sum() + (w2 * w2).sum())", "((w1 * w1).sum() + (w2 * w2).sum()")),
        wrong(None, *(item for item in MODEL_ITEMS if item.startswith("net_softmax")), cause="missing"), early=0.2,
    ),
    Person(
        "s13-endless", "a loop over the rows that forgets to count",
        mistaken(Edit("logistic", STEP, LOOP)), wrong(None, *all_of(KINDS[3:]), cause="timeout"),
    ),
    Person(
        "s14-raises", "raises: math.log of a whole tensor",
        mistaken(Edit("linear_softmax", "sums.log()[:, 0]", "math.log(sums[:, 0])")),
        wrong(None, "softmax_loss", "softmax_grad_scores", "softmax_grad_w", "softmax_grad_b", cause="failed"),
    ),
    Person(
        "s15-in-place", "changes its inputs: the penalty's gradient is made in place of w",
        mistaken(*everywhere("grad_w_reg = 2 * reg * w", "grad_w_reg = w.mul_(2 * reg)", LINEAR)),
        wrong("input-changed", *all_of(KINDS[:3])),
    ),
    Person(
        "s16-renamed", "right, but the notebook has another name", renamed,
        Expectation(intake="repaired", repair="renamed_notebook"),
    ),
    Person(
        "s17-no-lib", "only the notebook, without lib/", without_lib,
        Expectation(intake="refused", code="no_lib", marks="zero", lost=None, cause="missing"),
    ),
    Person(
        "s18-cut-off", "the notebook's JSON is cut off in the middle", cut_off,
        Expectation(intake="refused", code="notebook_not_json", marks="zero", lost=None, cause="malformed"),
    ),
    Person(
        "s19-doubled", "right, with a check cell copied and pasted", doubled_cell,
        Expectation(intake="repaired", repair="duplicated_cell"),
    ),
    Person(
        "s20-deleted", "right, with a check cell deleted", deleted_cell,
        Expectation(intake="repaired", repair="missing_cell"),
    ),
    Person(
        "s21-late", "right, and two days late", lambda material: material.files(material.solved),
        Expectation(late_seconds=2 * 86_400), early=-48, name="s21-late_LATE_1021_77021_flat-hand-in.zip",
    ),
    Person("s22-warns", "right, with warnings on stderr at every call", warning),
)  # fmt: skip
