"""Wrong and right answers to the assignment `layers`."""

from __future__ import annotations

from pathlib import Path

from autograder.mutants import Answer, span
from autograder.mutants.layers.notebook import NOTEBOOK

MODULE, MODULES = "layers", ("activations", "batchnorm", "layers", "losses")
SOLUTIONS = Path(__file__).resolve().parents[3] / "solutions" / "backprop"
ITEMS = "layers_by_hand linear_forward linear_backward relu_layer leaky_relu elu sigmoid_layer tanh softmax_forward softmax_layer_backward maxout_forward maxout_backward correlation_forward correlation_backward dropout_forward dropout_backward batchnorm_forward batchnorm_running batchnorm_nodes batchnorm_backward loss_cross_entropy loss_hinge loss_squared l2_penalty sequential_forward sequential_params sequential_backward sequential_modes".split()
WRONG = []
RIGHT = [Answer("the solution itself", tuple(ITEMS))]


def modules_of(answer: Answer) -> dict[str, str]:
    """The source of every module in this answer: each edit goes to the module that has its function."""
    sources = {name: (SOLUTIONS / f"{name}.py").read_text() for name in MODULES}
    if answer.file:
        sources[answer.file.stem] = answer.file.read_text()
    for edit in answer.edits:
        home = next(name for name, source in sources.items() if _has(source, edit.where))
        sources[home] = edit.apply(sources[home])
    return sources


def _has(source: str, function: str) -> bool:
    try:
        span(source, function)
    except ValueError:
        return False
    return True


__all__ = ["MODULE", "MODULES", "NOTEBOOK", "RIGHT", "WRONG", "modules_of"]
