"""Pictures for the notebooks: computational graphs as a lecturer draws them, and a few small plots.

Every picture can be put into words (`words`), which become the alternative text of its image (`alternative_text`).
"""

from toolbox.draw import alternative_text
from toolbox.draw.architecture import levels_of, show_architectures
from toolbox.draw.equations import (
    show_camera,
    show_circle_and_webs,
    show_crossing,
    show_filling,
    show_settling,
    show_tangents,
    show_web,
)
from toolbox.draw.graph import draw_graph
from toolbox.draw.jacobians import show_growth, show_jacobians
from toolbox.draw.layers import show_columns, show_layer, show_masks, show_slopes
from toolbox.draw.network import show_network
from toolbox.draw.plots import show_curves, show_graph_steps, show_images, show_scores, show_weights
from toolbox.draw.second_order import show_boundaries, show_hessian, show_steps, show_throw
from toolbox.draw.training import (
    show_chords,
    show_confusion,
    show_learning,
    show_paths,
    show_regions,
    show_search,
    show_signals,
    show_times,
)
from toolbox.draw.words import course, describe, listed, number, words_of

__all__ = [
    "course",
    "describe",
    "draw_graph",
    "levels_of",
    "listed",
    "number",
    "show_architectures",
    "show_boundaries",
    "show_camera",
    "show_chords",
    "show_circle_and_webs",
    "show_columns",
    "show_confusion",
    "show_crossing",
    "show_curves",
    "show_filling",
    "show_graph_steps",
    "show_growth",
    "show_hessian",
    "show_images",
    "show_jacobians",
    "show_layer",
    "show_learning",
    "show_masks",
    "show_network",
    "show_paths",
    "show_regions",
    "show_scores",
    "show_search",
    "show_settling",
    "show_signals",
    "show_slopes",
    "show_steps",
    "show_tangents",
    "show_throw",
    "show_times",
    "show_web",
    "show_weights",
    "words_of",
]

alternative_text.install()
