"""What the first part of `layers` brings into the toolbox: given layers, trials, truths, mistakes, pictures."""

from __future__ import annotations

import matplotlib
import pytest
import torch

from autograder.course.rooms import ROOT
from autograder.course.students import namespace
from toolbox import draw
from toolbox.calling.student import LocalTransport, Student
from toolbox.checks.layer_runs import Trial, check_again, check_grads, check_out, stored
from toolbox.checks.reference.batchnorm import batchnorm, batchnorm_used, statistics
from toolbox.checks.reference.tensor import pull
from toolbox.errors import Mismatch, Missing
from toolbox.given import small_layers

matplotlib.use("Agg")
MASTERS = ROOT / "solutions" / "backprop"
X = torch.randn(6, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
G = torch.randn(6, 4, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
V, U = X[0] + 2, X[1] - 1
PARAMETERS = {"Linear": (X[:4].T, V), "Maxout": (X.reshape(3, 4, 2)[:, :, :1].expand(3, 4, 4) + X[:4], X[:3]),
              "Correlation1d": (V[:3],), "BatchNorm": (V, U)}  # fmt: skip
OPTIONS = {"LeakyReLU": {"slope": 0.3}, "ELU": {"alpha": 1.5}, "BatchNorm": {"eps": 0.1}}


def student_with(source: str, module: str = "activations") -> Student:
    return Student(LocalTransport({module: namespace(source, module)}))


def solved(module: str) -> str:
    return (MASTERS / f"{module}.py").read_text()


@pytest.mark.parametrize("layer, twin", [
    (small_layers.Scale(V), lambda x: x * V),
    (small_layers.Shift(V), lambda x: x + V),
    (small_layers.Wave(), torch.sin),
], ids=["scale", "shift", "wave"])  # fmt: skip
def test_the_given_layers_keep_the_contract(layer, twin):
    torch.testing.assert_close(layer.forward(X), twin(X))
    torch.testing.assert_close(layer.backward(G), pull(twin, G, X)[0])
    assert set(layer.grads) == set(layer.params)
    layer.eval()
    assert not layer.training


def test_the_gradients_of_the_given_layers_are_those_of_autograd():
    for layer, twin in ((small_layers.Scale(V), torch.mul), (small_layers.Shift(V), torch.add)):
        layer.forward(X), layer.backward(G)
        torch.testing.assert_close(*layer.grads.values(), pull(twin, G, X, V)[1])


@pytest.mark.parametrize("layout, strides", [("rows", (4, 1)), ("columns", (1, 6)), ("expanded", (0, 1))])
def test_a_tensor_arrives_laid_out_as_wanted_with_the_same_numbers(layout, strides):
    source = "def strides(x):\n    return list(x.stride())\ndef same(x):\n    return x\n"
    trial = Trial(student_with(solved("activations")), "ReLU", layout=layout)
    x = X[:1].expand(6, 4).contiguous() if layout == "expanded" else X
    assert torch.equal(trial.forward(x), x.clamp(min=0))
    from toolbox.checks.layer_runs import lay_out

    script = student_with(source).script()
    sent, _ = lay_out(script, x, layout)
    got, same = script.fetch(script.activations.strides(sent), script.activations.same(sent))
    assert tuple(got) == strides and torch.equal(same, x)


def test_only_equal_rows_or_columns_can_be_expanded():
    assert stored(X[:, :1].expand(6, 4), "expanded").shape == (6, 1)
    with pytest.raises(ValueError, match="equal"):
        stored(X, "expanded")


@pytest.mark.parametrize(
    "old, new, what",
    [
        ("x.clamp(min=0)", "x.clamp_(min=0)", "x"),
        ("grad_out * self.cache", "grad_out.mul_(self.cache)", "grad_out"),
    ],
)
def test_a_trial_tells_which_tensor_was_changed(old, new, what):
    trial = Trial(student_with(solved("activations").replace(old, new)), "ReLU", layout="columns")
    with pytest.raises(Mismatch, match=f"input {what}") as found:
        trial.forward(X)
        trial.backward(G)
    assert found.value.diagnosis == ["input-changed"]


def test_a_trial_sees_that_backward_wrote_into_the_output():
    source = solved("activations").replace("1 - out * out", "1 - out.mul_(out)")
    trial = Trial(student_with(source), "Tanh")
    trial.forward(X)
    with pytest.raises(Mismatch, match="out"):
        trial.backward(G)


def test_what_is_not_written_yet_is_missing_and_not_wrong():
    for module, name, parameters in (("activations", "ReLU", ()), ("layers", "Linear", (X[:4], V))):
        skeleton = (ROOT / "lib" / "backprop" / f"{module}.py").read_text()
        trial = Trial(student_with(skeleton, module), name, *parameters)
        with pytest.raises(Missing):
            trial.forward(X)
        with pytest.raises(Missing):
            check_grads(trial.backward(G), name, G, X, *parameters)


def test_another_dtype_is_named():
    with pytest.raises(Mismatch) as found:
        check_out(X.clamp(min=0).float(), "ReLU", X)
    assert found.value.diagnosis == ["dtype-changed"]
    check_out(X.clamp(min=0), "ReLU", X)


def test_a_second_way_back_must_agree_with_the_first():
    one = {"x": G, "w": G}
    check_again(one, {"x": G.clone(), "w": G})
    for second, name in (({"x": G, "w": 2 * G}, "grads-pile-up"), ({"x": 2 * G, "w": G}, "cache-used-up")):
        with pytest.raises(Mismatch) as found:
            check_again(one, second)
        assert found.value.diagnosis == [name]


def test_the_truth_of_batchnorm_is_pytorchs_and_takes_a_single_row():
    one = torch.nn.BatchNorm1d(4, dtype=torch.float64, momentum=0.3)
    for batch in (X, G):
        torch.testing.assert_close(
            one(batch).detach(), batchnorm(batch, torch.ones(4).double(), torch.zeros(4).double())
        )
    mean, var = (statistics([X, G], 0.3, of) for of in ("mean", "var"))
    torch.testing.assert_close((mean, var), (one.running_mean, one.running_var))
    one.eval()
    torch.testing.assert_close(
        one(X).detach(), batchnorm_used(X, torch.ones(4).double(), torch.zeros(4).double(), mean, var)
    )
    torch.testing.assert_close(batchnorm(X[:1], V, U), U[None])


def test_the_pictures_of_layers_are_drawn_whole():
    x = torch.linspace(-2, 2, 9)
    slopes = draw.show_slopes({"a": (x, x, None), "b": (x, x.abs(), x.sign()), "c": (x, x, x), "d": (x, x, x)})
    assert [ax.get_title() for ax in slopes.axes][:4] == ["a", "b", "c", "d"] and len(slopes.axes) == 6
    assert len(slopes.axes[0].lines) == 3 and len(slopes.axes[1].lines) == 4
    masks = draw.show_masks({"one": X.clamp(min=0), "two": torch.ones(3, 3)})
    assert masks.axes[0].images[0].get_array().sum() == (X > 0).sum()
    columns = draw.show_columns({"before": X, "after": G}, names="abcd")
    assert [t.get_text() for t in columns.axes[0].get_xticklabels()] == list("abcd")
    matplotlib.pyplot.close("all")
