"""The famous nets have the sizes that their papers and torchvision give, whatever graph builds them; and are drawn."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import pytest
import torch

from toolbox.draw import levels_of, show_architectures, show_layer, show_network, words_of
from toolbox.given import famous_nets
from toolbox.given.small_layers import Scale, Wave
from toolbox.probes import graph_ops

MASTER = Path(__file__).resolve().parents[3] / "solutions/backprop/graph.py"


@pytest.fixture(autouse=True)
def no_figure_left_open():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def graph():
    spec = importlib.util.spec_from_file_location("a_graph", MASTER)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def nets(graph):
    """Title -> (graph, values)."""
    made = {}
    for title, build in famous_nets.FAMOUS.items():
        net = graph.Graph("x")
        last = build(net)
        made[title] = net, net.forward(x=famous_nets.image())
        assert made[title][1][last].shape == (1, 1000)
    return made


@pytest.mark.parametrize("title, params, work", [
    ("AlexNet", 61_100_840, 0.714e9), ("VGG-16", 138_357_544, 15.47e9), ("ResNet-18", 11_689_512, 1.814e9),
])  # fmt: skip
def test_parameters_and_multiply_adds_are_those_of_torchvision(nets, title, params, work):
    ops = [node.op for node in nets[title][0].nodes.values()]
    assert sum(op.params for op in ops) == params
    assert sum(op.work for op in ops) == pytest.approx(work, rel=1e-3)


def test_no_tensor_of_a_famous_net_takes_memory(nets):
    assert all(value.device.type == "meta" for _, values in nets.values() for value in values.values())


def test_the_skips_of_resnet_shorten_nothing_and_stand_beside_what_they_skip(nets):
    net, _ = nets["ResNet-18"]
    level = levels_of(net)
    assert max(level.values()) == 28 and len(net.nodes) == 31  # three skips of their own stand beside a convolution
    assert level["block21.skip"] == level["block21.a"]


def test_levels_refuse_a_cycle_and_a_name_that_is_not_there(graph):
    net = graph.Graph("x")
    net.add("a", graph_ops.Same(), "b")
    net.add("b", graph_ops.Same(), "a")
    with pytest.raises(ValueError, match="a, b wait for each other"):
        levels_of(net)


def test_the_picture_names_every_node_and_says_which_skip_connections_there_are(nets):
    figure = show_architectures({title: net for title, (net, _) in nets.items()},
                                {title: values for title, (_, values) in nets.items()})  # fmt: skip
    text = words_of(figure)
    assert "VGG-16, 21 nodes" in text and "A chain without skips" in text
    assert "block11.a conv 3×3, 64 giving 64×56×56" in text and "layer2 to block11" in text
    for ax, (net, _) in zip(figure.axes, nets.values(), strict=True):
        written = [text.get_text().replace("\n", ", ") for text in ax.texts]
        assert all(node.op.label in written for node in net.nodes.values())


def test_a_network_without_gradients_says_each_name_once(graph):
    net = graph.Graph("x")
    net.add("a", graph_ops.Same(), "x")
    net.add("y", graph_ops.Same(), "a")
    ax = show_network(net, net.forward(x=torch.zeros(2, 3)))
    assert sum("a" == text.get_text() for text in ax.texts) == 1
    assert not any("a (2, 3)" in text.get_text() for text in ax.texts)


def test_a_layer_shows_all_shapes_and_counts_what_it_keeps():
    text = words_of(show_layer(Scale(torch.ones(4)), torch.ones(6, 4)).figure)
    assert text.startswith("Scale keeps 24 numbers") and "Input s: (4,), gradient (4,)" in text
    assert "Node out is Scale of x and s: (6, 4), gradient (6, 4)" in text

    class Gate(Wave):
        def forward(self, x):
            self.cache = [x > 0]
            return x

        def backward(self, grad_out):
            return grad_out

    assert words_of(show_layer(Gate(), torch.ones(2, 3)).figure).startswith("Gate keeps 6 bits")
    with pytest.raises(NotImplementedError, match="Wave.backward is not written yet"):
        wave = Wave()
        wave.backward = lambda grad_out: None
        show_layer(wave, torch.ones(2, 3))
