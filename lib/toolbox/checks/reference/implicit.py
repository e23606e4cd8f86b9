"""What the suite of `beyond` compares implicit layers with: unrolled iterations and minima, differentiated by autograd.

For each layer the true answer in float64, by a way of its own: hundreds of unrolled steps, second derivatives of what
is minimised.
"""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor
from torch.autograd import grad

from toolbox.checks.reference.tensor import pull
from toolbox.given import camera

STEPS = 200  # a contraction by 0.8 a step is at 1e-19 by then


def equilibrium(x: Tensor, w: Tensor, u: Tensor, b: Tensor, steps: int = STEPS) -> Tensor:
    """The fixed point z = tanh(z @ w + x @ u + b) in float64, from z = 0."""
    x, w, u, b = (value.double() for value in (x, w, u, b))
    z = torch.zeros(len(x), len(w), dtype=torch.float64)
    for _ in range(steps):
        z = torch.tanh(z @ w + x @ u + b)
    return z


def adjoint(grad_z: Tensor, z: Tensor, w: Tensor) -> Tensor:
    """The gradient at a = z @ w + ... by unrolling: of a shift that is added to a in every one of many steps."""
    g, z, w = grad_z.double(), z.double(), w.double()
    rest = torch.atanh(z) - z @ w

    def unrolled(shift: Tensor) -> Tensor:
        now = z
        for _ in range(STEPS):
            now = torch.tanh(now @ w + rest + shift)
        return now

    return pull(unrolled, g, torch.zeros_like(z))[0]


def blocks(weights: list[Tensor], biases: list[Tensor]) -> tuple[Tensor, Tensor, Tensor]:
    """w, u, b of the deep equilibrium layer that is a feed-forward net, put together from whole rows of blocks."""
    sizes = [len(bias) for bias in biases]
    rows = []
    for i, size in enumerate(sizes):
        row = [torch.zeros(size, other, dtype=torch.float64) for other in sizes]
        if i + 1 < len(sizes):
            row[i + 1] = weights[i + 1].double()
        rows.append(torch.cat(row, dim=1))
    inputs = [weights[0].double()] + [torch.zeros(len(weights[0]), size, dtype=torch.float64) for size in sizes[1:]]
    return torch.cat(rows), torch.cat(inputs, dim=1), torch.cat([bias.double() for bias in biases])


def ridge(x: Tensor, y: Tensor, reg: Tensor) -> Tensor:
    """argmin mean((x @ w - y)**2) + reg * sum(w * w): least squares with rows added for the penalty."""
    N, D = x.shape
    tall = torch.cat([x / N**0.5, torch.sqrt(reg) * torch.eye(D, dtype=x.dtype)])
    inverse = torch.linalg.inv(tall.T @ tall)
    return inverse @ (tall.T @ torch.cat([y / N**0.5, torch.zeros(D, dtype=x.dtype)]))


def eigen(grad_values: Tensor, grad_vectors: Tensor, a: Tensor, signs: Tensor) -> Tensor:
    """The gradient of a symmetric matrix through its eigenvalues and eigenvectors, these with the given signs."""
    a = a.double().clone().requires_grad_()
    values, vectors = torch.linalg.eigh((a + a.T) / 2)
    loss = (values * grad_values.double()).sum() + (vectors * signs * grad_vectors.double()).sum()
    return grad(loss, a)[0]


def energy(pose: Tensor, points: Tensor, image: Tensor) -> Tensor:
    """The sum of squares that a pose minimises."""
    return (image - camera.project(pose, points)).square().sum()


def pose_system(pose: Tensor, points: Tensor, image: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Gradient and second derivatives of `energy` by the pose, ready to be differentiated by `image` once more."""
    pose, image = pose.double().clone().requires_grad_(), image.double().clone().requires_grad_()
    (slope,) = grad(energy(pose, points.double(), image), pose, create_graph=True)
    hessian = torch.stack([grad(entry, pose, retain_graph=True)[0] for entry in slope])
    return slope, hessian, pose, image


def best_pose(points: Tensor, image: Tensor, near: Tensor) -> Tensor:
    """The minimum of `energy` next to `near`, by Newton's steps; a whole class is asked about the same few."""
    given = [tensor.double().contiguous().numpy().tobytes() for tensor in (points, image, near)]
    return _minimum(*given).clone()


@lru_cache(maxsize=256)
def _minimum(*given: bytes) -> Tensor:
    points, image, pose = (torch.frombuffer(bytearray(one), dtype=torch.float64) for one in given)
    points, image = points.reshape(-1, 3), image.reshape(-1, 2)
    for _ in range(15):
        slope, hessian, _, _ = pose_system(pose, points, image)
        step = torch.linalg.solve(hessian, slope.detach())
        pose = pose - step
        if step.abs().max() < 1e-13:
            break
    return pose


def pose_pull(grad_pose: Tensor, pose: Tensor, points: Tensor, image: Tensor) -> Tensor:
    """The gradient (n, 2) of the image points, by differentiating the gradient of `energy`."""
    slope, hessian, _, at = pose_system(pose, points, image)
    v = torch.linalg.solve(hessian, grad_pose.double())
    return grad(slope, at, -v)[0]
