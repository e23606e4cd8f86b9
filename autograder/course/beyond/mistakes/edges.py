"""Wrong answers that are right nearly everywhere: not at 0, nor along the first axis."""

from __future__ import annotations

from autograder.course.answers import Answer, wrong

SUM = "result = Dual(self.value.sum(dim=dim, keepdim=keepdim), self.tangent.sum(dim=dim, keepdim=keepdim))"
WHOLE = "result = Dual(self.value.sum(), self.tangent.sum())"

EDGES: list[Answer] = [
    *wrong(
        "Dual.__mul__",
        "dual_arithmetic",
        ("adds relative changes", "self.tangent * other.value + self.value * other.tangent",
         "self.value * other.value * (self.tangent / self.value + other.tangent / other.value)", "zero-over-zero"),
    ),
    *wrong(
        "Dual.__truediv__",
        "dual_arithmetic",
        ("subtracts relative changes", "(self.tangent - quotient * other.tangent) / other.value",
         "quotient * (self.tangent / self.value - other.tangent / other.value)", "zero-over-zero"),
    ),
    *wrong(
        "Dual.sum",
        "dual_functions",
        ("takes axis 0 for no axis", SUM, f"if dim:\n            {SUM}\n        else:\n            {WHOLE}",
         "summed-too-far"),
    ),
]  # fmt: skip

EDGES += wrong(
    "Dual.__add__",
    "dual_arithmetic",
    ("passes a tangent on where the other one rests", "self.tangent + other.tangent",
     "self.tangent if not other.tangent.any() else self.tangent + other.tangent", "dual-shapes-differ"),
)  # fmt: skip

EDGES += wrong(
    "jacobian_by_columns", "jacobians",
    ("moves a copy where x lies column by column",
     "        v = torch.zeros(x.numel(), dtype=x.dtype)\n        v[entry] = 1\n",
     "        v = torch.zeros_like(x)\n        v.reshape(-1)[entry] = 1\n", None),
)  # fmt: skip
EDGES += wrong(
    "as_equilibrium", "as_equilibrium",
    ("counts the rows of the first layer alone", "        begin = middle\n", "        begin += sizes[0]\n", None),
)  # fmt: skip
