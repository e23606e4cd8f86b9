"""Batches of images for a net that should not care where a thing stands: each image shifted a little, perhaps mirrored.

Source: the augmentation of A. Krizhevsky, I. Sutskever, G. Hinton, "ImageNet classification with deep convolutional
neural networks" (2012), section 4.1, at the size of these images.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

SAMPLE = 10_000  # images that the principal directions are computed from
FLOOR = 3.0  # variance from which on a direction counts as loud: some eighty of CIFAR-10's are


class Batches:
    """The training images, ready to be drawn: padded, so that a shifted image is a window at another place."""

    def __init__(self, images: Tensor, labels: Tensor, size: int, shift: int, flip: bool, components: int = 0):
        """images (N, channels, height, width) uint8, labels (N,) int64. Mean and deviation of a channel are theirs.

        size: images in a batch. shift: the most pixels, in every direction. flip: mirror every other image.
        components: describe an image by so many numbers instead of all its pixels; 0 for the pixels themselves.
        """
        values = images.to(torch.float32)
        self.mean = values.mean((0, 2, 3), keepdim=True)
        self.deviation = values.std((0, 2, 3), keepdim=True).clamp(min=1)
        self.labels, self.size, self.shift, self.flip = labels, size, shift, flip
        height, width = images.shape[2:]
        padded = torch.nn.functional.pad(images, [shift] * 4)
        self.windows = padded.unfold(2, height, 1).unfold(3, width, 1)  # a view: (N, channels, dy, dx, height, width)

        self.directions = None
        if components:
            self.directions = principal(self.standardised(images[:SAMPLE]), components)

    def standardised(self, images: Tensor) -> Tensor:
        return ((images - self.mean) / self.deviation).flatten(1)

    def ready(self, images: Tensor) -> Tensor:
        """Images as rows that the net takes, standardised as the training images are."""
        from backprop.fast import with_ones

        rows = self.standardised(images)
        return with_ones(rows if self.directions is None else rows @ self.directions)

    def of_epoch(self, generator: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:
        """Every image once, in a new order and at a new place: (x, y). What fills no whole batch waits for an epoch."""
        order = torch.randperm(len(self.labels), generator=generator)
        size, places = self.size, 2 * self.shift + 1
        for begin in range(0, len(order) - size + 1, size):
            rows = order[begin : begin + size]
            dy, dx = torch.randint(0, places, (2, size), generator=generator)
            x = self.windows[rows, :, dy, dx]
            if self.flip:
                mirrored = torch.rand(size, 1, 1, 1, generator=generator) < 0.5
                x = torch.where(mirrored, x.flip(-1), x)
            yield self.ready(x), self.labels[rows]


def principal(rows: Tensor, count: int, floor: float = FLOOR) -> Tensor:
    """The directions (D, count) in which the rows (N, D) vary most, evened out; an entry's mean square is 1.

    Neighbouring pixels say nearly the same: of CIFAR-10's 3,072 numbers, 512 such mixtures keep 98 % of the variance,
    and the first layer has a sixth of the work. A direction of variance v is divided by sqrt(v + floor): the few loud
    ones, such as the brightness, would otherwise decide how large a step may be, and the others learn slowly.

    Source: whitening, as in A. Coates, H. Lee, A. Y. Ng, "An analysis of single-layer networks in unsupervised feature
    learning" (2011).
    """
    variance, directions = torch.linalg.eigh(rows.T @ rows / len(rows))
    variance, directions = variance.flip(0)[:count], directions.flip(1)[:, :count]
    directions = directions / (variance + floor).sqrt()
    return directions / (variance / (variance + floor)).mean().sqrt()
