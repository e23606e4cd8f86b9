"""Check gradients by nudging: central differences in float64 that know a kink from a mistake."""

from toolbox.gradcheck.check import gradcheck
from toolbox.gradcheck.nudge import numeric_gradient
from toolbox.gradcheck.report import Result, Row

__all__ = ["Result", "Row", "gradcheck", "numeric_gradient"]
