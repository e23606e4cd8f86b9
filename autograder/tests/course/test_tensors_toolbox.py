"""What the assignment `tensors` brings into the toolbox: the budget, the planted faults, the truths, the pictures."""

from __future__ import annotations

import sys

import matplotlib
import pytest
import torch
from hypothesis import given, settings
from hypothesis.extra.numpy import mutually_broadcastable_shapes

from autograder.course.rooms import ROOT
from autograder.course.students import namespace
from toolbox.checks.misconceptions import CATALOGUE
from toolbox.checks.reference import tensor as truths
from toolbox.errors import Memory, Timeout
from toolbox.probes import budget, planted_cases, planted_faults, planted_functions

matplotlib.use("Agg")
SOLVED = namespace((ROOT / "solutions" / "backprop" / "tensors.py").read_text(), "tensors")
N = 24_000

EXPLICIT = {
    "a diagonal matrix": lambda x: torch.diag(x),
    "a matrix of zeros": lambda x: torch.zeros(N, N),
    "zeros like another tensor's": lambda x: x.new_zeros(N, N),
    "the identity": lambda x: torch.eye(N),
    "an outer product": lambda x: torch.outer(x, x),
    "a broadcast product": lambda x: x[:, None] * x,
    "an einsum": lambda x: torch.einsum("i,j->ij", x, x),
    "a matrix product": lambda x: x[:, None] @ x[None],
    "a Kronecker product": lambda x: torch.kron(x, x),
    "copies": lambda x: x.repeat(N, 1),
    "a stack of rows": lambda x: torch.stack([x] * N),
    "an expanded view made real": lambda x: x.expand(N, N).contiguous(),
}


@pytest.mark.parametrize("what", EXPLICIT)
def test_a_whole_jacobian_is_stopped_before_it_is_made(what):
    with pytest.raises(Memory, match="4.29 GiB|2.15 GiB"):
        budget.within(EXPLICIT[what], [torch.ones(N, dtype=torch.float64)])


def test_a_jacobian_made_row_by_row_is_stopped_by_its_work():
    def rows(x):
        for _ in x:
            torch.zeros(N)

    with pytest.raises(Timeout, match="row by row"):
        budget.within(rows, [torch.ones(N)])


def test_linear_work_passes_the_budget_and_an_expanded_view_costs_nothing():
    x = torch.arange(float(N))
    assert torch.equal(budget.within(lambda v: v * (v > 5), [x]), x * (x > 5))
    assert budget.within(lambda v: v.expand(N, N).shape, [x]) == (N, N)


def test_the_budget_loads_neither_torchs_compiler_nor_its_symbolic_shapes(tmp_path):
    import subprocess

    code = "import sys, torch; from toolbox.probes import budget; budget.within(torch.mul, [torch.ones(3)] * 2);"
    code += "print('sympy' in sys.modules, 'torch._dynamo' in sys.modules)"
    path = {"PYTHONPATH": str(ROOT / "lib"), "PATH": "/usr/bin"}
    answer = subprocess.run([sys.executable, "-c", code], env=path, capture_output=True, text=True, check=True)
    assert answer.stdout.split() == ["False", "False"]


@pytest.mark.parametrize("count, words", [(1, "1 B"), (2**20, "1 MiB"), (2**38, "256 GiB"), (2**44, "16 TiB")])
def test_sizes_are_said_in_words(count, words):
    assert budget.size(count) == words


@pytest.mark.parametrize("kind", planted_faults.KINDS)
def test_every_kind_mixes_sick_and_healthy_and_depends_on_the_seed(kind):
    cases, again, other = planted_faults.cases(kind, 1), planted_faults.cases(kind, 1), planted_faults.cases(kind, 2)
    assert {planted_faults.healthy(case) for case in cases} == {True, False}
    assert [case.what for case in cases] == [case.what for case in again]
    assert all(torch.equal(a, b) for one, two in zip(cases, again, strict=True)
               for a, b in zip(one.inputs, two.inputs, strict=True))  # fmt: skip
    assert any(len(a.inputs) != len(b.inputs) or not torch.equal(a.inputs[0], b.inputs[0])
               for a, b in zip(cases, other, strict=True))  # fmt: skip
    assert all(case.reveals in CATALOGUE for case in cases)


@pytest.mark.parametrize("kind", planted_faults.KINDS)
def test_neither_a_function_nor_its_inputs_tell_whether_a_case_is_sick(kind):
    made = {True: [], False: []}
    for case in planted_faults.cases(kind, 5):
        forms = [(x.shape, x.dtype, int((x == 0).sum()), int((x.abs() < 1e-6).sum())) for x in case.inputs]
        value = case.forward(*[torch.ones_like(x) for x in case.inputs])
        made[planted_faults.healthy(case)].append(str((forms, value.tolist(), case.shares)))
    assert sorted(made[True]) == sorted(made[False])


def test_sick_and_healthy_do_the_same_work():
    def operations(case) -> list[str]:
        y = case.forward(*case.inputs)
        with torch.profiler.profile() as profile:
            case.backward(torch.ones_like(y), *case.inputs)
        return [event.key for event in profile.events()]

    cases = [
        case for kind in ("wrong", "kinks") for case in planted_faults.KINDS[kind](torch.Generator().manual_seed(1))
    ]
    for sick, well in zip(cases[::2], cases[1::2], strict=True):
        assert operations(sick) == operations(well) != []


@pytest.mark.parametrize("kind", planted_faults.KINDS)
def test_the_reference_checker_judges_every_case_well(kind):
    for number in range(20):
        for case in planted_faults.cases(kind, number):
            assert SOLVED["gradcheck"](case.forward, case.backward, case.inputs) == planted_faults.healthy(case), (
                case.what
            )


def test_a_planted_fault_shows_in_the_gradients():
    for kind in planted_faults.KINDS:
        for case in planted_faults.cases(kind, 3):
            if case.fault is None or kind == "kinks":
                continue
            y = case.forward(*case.inputs)
            g = torch.randn(y.shape, generator=torch.Generator().manual_seed(1)).to(y.dtype)
            true = planted_cases.right_backward(case.forward)(g, *case.inputs)
            got = case.backward(g, *case.inputs)
            assert any(a.shape != b.shape or not torch.equal(a, b) for a, b in zip(true, got, strict=True)), case.what


@settings(max_examples=200, database=None, deadline=None)
@given(mutually_broadcastable_shapes(num_shapes=2, max_dims=4, max_side=4))
def test_the_solved_broadcasting_is_right_for_any_two_shapes(shapes):
    left, right = shapes.input_shapes
    x, y = torch.randn(left).double(), torch.randn(right).double()
    g = torch.randn(shapes.result_shape).double()
    for mine, true in zip(SOLVED["mul_backward"](g, x, y), truths.pull(torch.mul, g, x, y), strict=True):
        assert mine.shape == true.shape and torch.allclose(mine, true)


def test_the_true_jacobian_agrees_with_jacrev():
    x = torch.randn(2, 3).double()
    mine = truths.slopes(planted_functions.rows_against_columns, x)
    assert torch.allclose(mine, torch.func.jacrev(planted_functions.rows_against_columns)(x))


def test_jacobians_are_drawn_with_their_zeros_left_white():
    from toolbox.draw import show_jacobians

    figure = show_jacobians({"four axes": torch.eye(6).reshape(2, 3, 2, 3), "missing": None}, columns=2)
    drawn = torch.as_tensor(figure.axes[0].images[0].get_array().filled(torch.nan))
    assert drawn.shape == (6, 6) and int(drawn.isnan().sum()) == 30
    assert "not written yet" in [text.get_text() for text in figure.axes[1].texts]


def test_growth_is_drawn_over_logarithmic_axes_with_curves_that_stop():
    from toolbox.draw import show_growth

    panels = {"MiB": {"explicit": [1, 16], "implicit": [1, 4, 16]}}
    figure = show_growth([1, 2, 4], panels, limits={"MiB": (20, "limit")}, marks={"MiB": (4, 256, "here")})
    ax = figure.axes[0]
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    assert [len(line.get_xdata()) for line in ax.lines[:2]] == [2, 3]
    assert ax.get_ylim()[1] > 20 and {"limit", "here"} <= {text.get_text() for text in ax.texts}
