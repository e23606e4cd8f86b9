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

__all__ = [
    "draw_graph",
    "show_camera",
    "show_circle_and_webs",
    "show_crossing",
    "show_curves",
    "show_filling",
    "show_graph_steps",
    "show_growth",
    "show_images",
    "show_jacobians",
    "show_scores",
    "show_settling",
    "show_slopes",
    "show_weights",
]
