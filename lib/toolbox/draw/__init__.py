"""Pictures for the notebooks: computational graphs as a lecturer draws them, and a few small plots."""

from toolbox.draw.graph import draw_graph
from toolbox.draw.jacobians import show_growth, show_jacobians
from toolbox.draw.layers import show_columns, show_masks, show_slopes
from toolbox.draw.network import show_network
from toolbox.draw.plots import show_curves, show_graph_steps, show_images, show_scores, show_weights
from toolbox.draw.training import (
    show_confusion,
    show_learning,
    show_paths,
    show_regions,
    show_search,
    show_signals,
    show_times,
)

__all__ = [
    "draw_graph",
    "show_columns",
    "show_confusion",
    "show_curves",
    "show_graph_steps",
    "show_growth",
    "show_images",
    "show_jacobians",
    "show_learning",
    "show_masks",
    "show_network",
    "show_paths",
    "show_regions",
    "show_scores",
    "show_search",
    "show_signals",
    "show_slopes",
    "show_times",
    "show_weights",
]
