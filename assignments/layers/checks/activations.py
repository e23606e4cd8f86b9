"""The layers without parameters."""

from __future__ import annotations

from .layer import Activation

NO_OPTION = {"default": "it takes no option", "default back": "it takes no option"}
ONE_SIZE = {"sizes": "it has no parameters whose sizes could differ", "sizes back": "it has no parameters",
            "stepped": "it has no parameters", "stepped back": "it has no parameters"}  # fmt: skip
SMOOTH = {"kink": "smooth everywhere"}

ACTIVATIONS = [
    #          class        items                       slope at 0 from the left
    Activation("ReLU", "relu_layer", kink=0.0, without=ONE_SIZE | NO_OPTION),
    Activation("LeakyReLU", "leaky_relu", kink=0.2, options={"slope": 0.2}, default={"slope": 0.01}, without=ONE_SIZE),
    Activation("ELU", "elu", kink=1.7, options={"alpha": 1.7}, default={"alpha": 1.0}, without=ONE_SIZE),
    Activation("Sigmoid", "sigmoid_layer", without=ONE_SIZE | NO_OPTION | SMOOTH),
    Activation("Tanh", "tanh", without=ONE_SIZE | NO_OPTION | SMOOTH),
    Activation("Softmax", "softmax_forward", "softmax_layer_backward", without=ONE_SIZE | NO_OPTION | SMOOTH),
]
