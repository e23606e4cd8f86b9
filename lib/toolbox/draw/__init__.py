"""Pictures for the notebooks: computational graphs as a lecturer draws them, and a few small plots."""

from toolbox.draw.equations import (
    show_camera,
    show_circle_and_webs,
    show_crossing,
    show_filling,
    show_settling,
    show_slopes,
)
from toolbox.draw.graph import draw_graph
from toolbox.draw.jacobians import show_growth, show_jacobians
from toolbox.draw.plots import show_curves, show_graph_steps, show_images, show_scores, show_weights
from toolbox.draw.second_order import show_boundaries, show_hessian, show_steps, show_throw

__all__ = [
    "draw_graph",
    "show_boundaries",
    "show_camera",
    "show_circle_and_webs",
    "show_crossing",
    "show_curves",
    "show_filling",
    "show_graph_steps",
    "show_growth",
    "show_hessian",
    "show_images",
    "show_jacobians",
    "show_scores",
    "show_settling",
    "show_slopes",
    "show_steps",
    "show_throw",
    "show_weights",
]
