"""AlexNet, VGG-16 and ResNet-18 as graphs, without a single number in them: to draw, to count, to ask what fits where.

    net = Graph("x")                            # the student's own
    last = resnet18(net)                        # adds its nodes, returns the name of the last
    values = net.forward(x=image())             # tensors that have a shape and no memory (device "meta")

The nets are those of torchvision 0.16, for images of 3 x 224 x 224 and 1000 classes. A node holds a layer with what
follows it at once (normalisation, ReLU), as such nets are drawn. Sources: Krizhevsky, Sutskever and Hinton 2012;
Simonyan and Zisserman 2014; He and others 2015.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor


def image(count: int = 1) -> Tensor:
    """A batch of images (count, 3, 224, 224) of shape alone."""
    return torch.empty(count, 3, 224, 224, device="meta")


class ShapeOp:
    """label: what stands in a picture. params: numbers to learn. work: multiply-adds of the latest forward pass."""

    label, params, work = "", 0, 0

    def forward(self, *inputs: Tensor) -> Tensor:
        raise NotImplementedError


class Conv(ShapeOp):
    """A convolution, with a bias or with a normalisation (two parameters for each channel), and mostly a ReLU."""

    def __init__(self, into: int, out: int, size: int, stride: int = 1, pad: int = 0, normalised: bool = False):
        self.stride, self.pad = stride, pad
        self.w = torch.empty(out, into, size, size, device="meta")
        self.params = self.w.numel() + out * (2 if normalised else 1)
        self.label = f"conv {size}×{size}, {out}" + (f", /{stride}" if stride > 1 else "")

    def forward(self, *inputs: Tensor) -> Tensor:
        out = F.conv2d(inputs[0], self.w, stride=self.stride, padding=self.pad)
        self.work = out.numel() * self.w[0].numel()
        return out


class Pool(ShapeOp):
    """The largest of size x size values; with size 0, the mean over each channel."""

    def __init__(self, size: int, stride: int, pad: int = 0):
        self.size, self.stride, self.pad = size, stride, pad
        self.label = f"pool, /{stride}" if size else "mean"

    def forward(self, *inputs: Tensor) -> Tensor:
        if not self.size:
            return F.adaptive_avg_pool2d(inputs[0], 1)
        return F.max_pool2d(inputs[0], self.size, self.stride, self.pad)


class Full(ShapeOp):
    """A fully connected layer on the flattened input."""

    def __init__(self, into: int, out: int):
        self.w = torch.empty(into, out, device="meta")
        self.params, self.label = self.w.numel() + out, f"full, {out}"

    def forward(self, *inputs: Tensor) -> Tensor:
        out = inputs[0].flatten(1) @ self.w
        self.work = len(out) * self.w.numel()
        return out


class Plus(ShapeOp):
    """The sum at the end of a residual block, and a ReLU."""

    label = "+"

    def forward(self, *inputs: Tensor) -> Tensor:
        return inputs[0] + inputs[1]


def alexnet(net: Any) -> str:
    """Five convolutions, three fully connected layers; 2012."""
    rows = [Conv(3, 64, 11, 4, 2), Pool(3, 2), Conv(64, 192, 5, 1, 2), Pool(3, 2), Conv(192, 384, 3, 1, 1),
            Conv(384, 256, 3, 1, 1), Conv(256, 256, 3, 1, 1), Pool(3, 2), Full(256 * 6 * 6, 4096), Full(4096, 4096),
            Full(4096, 1000)]  # fmt: skip
    return _chain(net, rows)


def vgg16(net: Any) -> str:
    """Thirteen convolutions of 3 x 3 in five groups, three fully connected layers; 2014."""
    rows: list[ShapeOp] = []
    into = 3
    for channels, count in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        for _ in range(count):
            rows.append(Conv(into, channels, 3, 1, 1))
            into = channels
        rows.append(Pool(2, 2))
    return _chain(net, [*rows, Full(512 * 7 * 7, 4096), Full(4096, 4096), Full(4096, 1000)])


def resnet18(net: Any) -> str:
    """Eight residual blocks of two convolutions each; 2015."""
    last = _chain(net, [Conv(3, 64, 7, 2, 3, normalised=True), Pool(3, 2, 1)])
    into = 64
    for group, channels in enumerate((64, 128, 256, 512), 1):
        for block in (1, 2):
            name, stride = f"block{group}{block}", 2 if channels != into else 1
            a = net.add(f"{name}.a", Conv(into, channels, 3, stride, 1, normalised=True), last)
            b = net.add(f"{name}.b", Conv(channels, channels, 3, 1, 1, normalised=True), a)
            skip = last
            if stride > 1:  # the skip has to change shape as well
                skip = net.add(f"{name}.skip", Conv(into, channels, 1, stride, 0, normalised=True), last)
            last, into = net.add(name, Plus(), b, skip), channels
    return _chain(net, [Pool(0, 1), Full(512, 1000)], last, "end")


FAMOUS: dict[str, Callable[[Any], str]] = {"AlexNet": alexnet, "VGG-16": vgg16, "ResNet-18": resnet18}


def _chain(net: Any, ops: list[ShapeOp], last: str = "x", name: str = "layer") -> str:
    """Add ops one after another; returns the name of the last."""
    for number, op in enumerate(ops, 1):
        last = net.add(f"{name}{number}", op, last)
    return last
