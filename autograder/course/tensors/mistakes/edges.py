"""Wrong answers that are right nearly everywhere: not at 0, nor for a function that returns its own input."""

from __future__ import annotations

from autograder.course.answers import Answer, Edit, wrong

IN_PLACE = """    x = x.double().contiguous().clone()
    entries, columns = x.view(-1), []
    for entry in range(x.numel()):
        before = float(entries[entry])
        entries[entry] = before + h
        up = function(x)
        entries[entry] = before - h
        down = function(x)
        entries[entry] = before
        columns.append((up - down) / (2 * h))
"""
NUDGED = """    x = x.to(torch.float64)
    columns = []
    for entry in range(x.numel()):
        nudge = torch.zeros_like(x).flatten()
        nudge[entry] = h
        nudge = nudge.reshape(x.shape)
        columns.append((function(x + nudge) - function(x - nudge)) / (2 * h))
"""

EDGES: list[Answer] = [
    *wrong(
        "relu_backward",
        "relu_backward",
        ("divides the output by the input", "grad_out * (x > 0)", "grad_out * (x.clamp(min=0) / x)", "zero-over-zero"),
        ("works the mask out of the size", "grad_out * (x > 0)", "grad_out * (x + x.abs()) / (2 * x)",
         "zero-over-zero"),
    ),
    *wrong(
        "relu_jacobian",
        "relu_jacobian",
        ("divides the output by the input", "(x > 0).to(x.dtype)", "x.clamp(min=0) / x", "zero-over-zero"),
    ),
    *wrong(
        "mul_backward",
        "mul_backward",
        ("wins the other factor back from the product", "unbroadcast(grad_out * y, x.shape)",
         "unbroadcast(grad_out * (x * y / x), x.shape)", "zero-over-zero"),
    ),
    Answer(
        "numeric_jacobian: nudges one tensor, of which the results may be views",
        ("numeric_jacobian",),
        (Edit("numeric_jacobian", NUDGED, IN_PLACE),),
        ("difference-of-one-tensor",),
    ),
    *wrong(
        "gradcheck",
        "gradcheck_entry",
        ("sends back evenly spaced numbers, a zero among them", "torch.randn_like(y)",
         "torch.linspace(-1, 1, y.numel(), dtype=y.dtype).reshape(y.shape)",
         ("gradcheck-entry-missed", "gradcheck-constant-upstream")),
        ("counts upstream from zero", "torch.randn_like(y)",
         "torch.arange(y.numel(), dtype=y.dtype).reshape(y.shape)",
         ("gradcheck-entry-missed", "gradcheck-constant-upstream")),
    ),
]  # fmt: skip

EDGES += wrong(
    "numeric_jacobian",
    "numeric_jacobian",
    ("moves entries in the order of memory, not of the shape", "nudge = nudge.reshape(x.shape)",
     "nudge = nudge.as_strided(x.shape, x.stride())", None),
)  # fmt: skip

EDGES += wrong(
    "softmax_jacobian",
    "softmax_jacobian",
    ("takes no product of a single score", "torch.outer(y, y)", "torch.outer(y, y) * (len(y) > 1)", None),
)
