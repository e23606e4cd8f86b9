"""What the suite of `beyond` compares implicit layers with: unrolled iterations and minima, differentiated by autograd.

Steps, for each layer: the true answer in float64, by a way of its own (hundreds of unrolled steps, second derivatives
of what is minimised); then the values that known mistakes lead to, as clues for `toolbox.checks.diagnose`.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.autograd import grad

from toolbox.checks.reference.tensor import Forms, pull
from toolbox.given import camera

STEPS = 120  # a contraction by 0.7 a step is at 1e-18 by then


def equilibrium(x: Tensor, w: Tensor, u: Tensor, b: Tensor, steps: int = STEPS) -> Tensor:
    """The fixed point z = tanh(z @ w + x @ u + b) in float64, from z = 0."""
    x, w, u, b = (value.double() for value in (x, w, u, b))
    z = torch.zeros(len(x), len(w), dtype=torch.float64)
    for _ in range(steps):
        z = torch.tanh(z @ w + x @ u + b)
    return z


def equilibrium_forms(x: Tensor, w: Tensor, u: Tensor, b: Tensor) -> Forms:
    x, w, u, b = (value.double() for value in (x, w, u, b))
    z = equilibrium(x, w, u, b)
    early = [torch.tanh(x @ u + b)]
    for _ in range(STEPS // 2):
        early.append(torch.tanh(early[-1] @ w + x @ u + b))
    return {
        "deq-input-missing": [equilibrium(0 * x, w, u, b)],
        "deq-bias-missing": [equilibrium(x, w, u, 0 * b)],
        "deq-transposed": [equilibrium(x, w.T, u, b)],
        "deq-feedback-missing": [equilibrium(x, 0 * w, u, b)],
        "deq-too-early": early[1:],
        "deq-outside-tanh": [z @ w + x @ u + b],
    }


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


def adjoint_forms(grad_z: Tensor, z: Tensor, w: Tensor) -> Forms:
    g, z, w = grad_z.double(), z.double(), w.double()

    def settled(back: Callable[[Tensor], Tensor], steps: int = STEPS) -> Tensor:
        v = g
        for _ in range(steps):
            v = g + back(v)
        return v

    def opened(at: Tensor) -> Tensor:
        return pull(torch.tanh, torch.ones_like(at), at)[0]

    slopes, twice = opened(torch.atanh(z)), opened(z)

    def gate(v: Tensor, slope: Tensor = slopes) -> Tensor:
        return v * slope

    def line(v: Tensor, weights: Tensor = w) -> Tensor:
        return torch.einsum("nj,ij->ni", v, weights)

    def sharing(slope: Tensor) -> Tensor:
        return gate(settled(lambda v: line(gate(v, slope))))

    whole = settled(lambda v: line(gate(v)))
    alone = settled(line, 60)
    return {
        "implicit-one-step": [gate(g)],
        "implicit-direct-only": [g],
        "implicit-at-z": [whole],
        "implicit-transposed": [gate(settled(lambda v: line(gate(v), w.T)))],
        "implicit-slope-missing": [alone, gate(alone)],
        "implicit-wrong-side": [settled(lambda v: gate(line(v))), gate(settled(lambda v: gate(line(v)))),
                                gate(settled(lambda v: gate(line(v, w.T))))],
        "implicit-feedback-sign": [gate(settled(lambda v: -line(gate(v))))],
        "implicit-feedback-only": [gate(whole - g)],
        "implicit-slope-of-z": [gate(settled(lambda v: line(gate(v, twice))), twice),
                                gate(settled(lambda v: line(gate(v, 1 - z))), 1 - z)],
        "implicit-rows-share": [sharing(slopes.mean(dim=0, keepdim=True)), sharing(slopes[:1])],
        "implicit-few-steps": [gate(settled(lambda v: line(gate(v)), steps)) for steps in range(1, 21)],
        "upstream-taken-as-ones": [adjoint(torch.ones_like(g), z, w)],
    }  # fmt: skip


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


def ridge_forms(g: Tensor, x: Tensor, w: Tensor, reg: float, place: int) -> Forms:
    """place: 0 for the gradient of reg, 1 for that of y."""
    # Without its penalty a system of fewer rows than unknowns is singular: solve_ex gives nan then, which is nobody's
    # answer, where solve would raise an error.
    g, x, w = g.double(), x.double(), w.double()
    N, D = x.shape
    eye, square = torch.eye(D, dtype=torch.float64), x.T @ x
    solved = {name: torch.linalg.solve_ex(system, g)[0] for name, system in {
        "ridge-mean-missing": square + reg * eye,
        "ridge-penalty-sign": square / N - reg * eye,
        "ridge-penalty-missing": square / N + 1e-300 * eye,
        "implicit-no-solve": eye,
        "ridge-penalty-once": square / N + reg,
    }.items()}  # fmt: skip
    right = torch.linalg.solve(square / N + reg * eye, g)
    if place == 0:
        forms = {name: [-(v @ w), v @ w, -2 * (v @ w)] for name, v in solved.items()}
        forms |= {"ridge-weights-missing": [-right.sum(), right.sum()], 
                  "implicit-upstream-missing": [-(torch.linalg.solve(square / N + reg * eye, w)).sum()],
                  "ridge-reg-in-gradient": [-2 * reg * (right @ w), -reg * (right @ w)],
                  "implicit-multiplied": [-(g @ (square / N + reg * eye) @ w)],
                  "ridge-two-on-one-side": [-2 * (right @ w), -(right @ w) / 2],
                  "implicit-minus-missing": [right @ w]}  # fmt: skip
        return forms
    forms = {name: [x @ v / N, x @ v] for name, v in solved.items()}
    forms |= {"batch-mean-missing": [x @ right], "implicit-multiplied": [x @ (square / N + reg * eye) @ g / N],
              "ridge-two-on-one-side": [2 * (x @ right) / N, x @ right / N / 2],
              "implicit-minus-wrong": [-(x @ right) / N], "implicit-at-w": [right],
              "ridge-predicts": [x @ w, x @ w / N]}  # fmt: skip
    return forms


def eigen(grad_values: Tensor, grad_vectors: Tensor, a: Tensor, signs: Tensor) -> Tensor:
    """The gradient of a symmetric matrix through its eigenvalues and eigenvectors, these with the given signs."""
    a = a.double().clone().requires_grad_()
    values, vectors = torch.linalg.eigh((a + a.T) / 2)
    loss = (values * grad_values.double()).sum() + (vectors * signs * grad_vectors.double()).sum()
    return grad(loss, a)[0]


def eigen_forms(grad_values: Tensor, grad_vectors: Tensor, values: Tensor, vectors: Tensor) -> Forms:
    gl, gv, values, v = (value.double() for value in (grad_values, grad_vectors, values, vectors))
    off = 1 - torch.eye(len(values), dtype=torch.float64)
    gaps = values[None, :] - values[:, None] + (1 - off)
    turn, own = (v.T @ gv) / gaps * off, torch.diag(gl)

    def back(inner: Tensor, outer: Tensor = v, halves: bool = True) -> Tensor:
        whole = outer @ inner @ outer.T
        return (whole + whole.T) / 2 if halves else whole

    return {
        "eigen-not-symmetric": [back(own + turn, halves=False), 2 * back(own + turn), torch.tril(2 * back(own + turn))],
        "eigen-gaps-reversed": [back(own - turn), back(own - turn, halves=False)],
        "eigen-values-only": [back(own)],
        "eigen-vectors-only": [back(turn), back(turn, halves=False)],
        "eigen-diagonal-kept": [back(own + (v.T @ gv) / gaps)],
        "eigen-gaps-missing": [back(own + turn * gaps), back(own + v.T @ gv)],
        "eigen-vectors-transposed": [back(own + turn, v.T), back(own + turn.T),
                                     back(own + (v @ gv) / gaps * off)],
        "eigen-in-own-basis": [back(own + turn, torch.eye(len(values)).double())],
        "eigen-not-turned-in": [back(own + gv / gaps * off)],
        "eigen-half": [back(own + turn / 2), back(own + 2 * turn)],
        "eigen-gaps-unsigned": [back(own + turn * gaps.sign()), back(own - turn * gaps.sign())],
        "eigen-gaps-squared": [back(own + turn / gaps)],
    }  # fmt: skip


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
    """The minimum of `energy` next to `near`, by Newton's steps."""
    pose = near.double()
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


def pose_forms(grad_pose: Tensor, pose: Tensor, points: Tensor, image: Tensor) -> Forms:
    g, pose, points, image = (value.double() for value in (grad_pose, pose, points, image))
    J, bent = camera.slopes(pose, points), camera.curvatures(pose, points)
    square = torch.einsum("nka,nkb->ab", J, J)
    curve = torch.einsum("nk,nkab->ab", image - camera.project(pose, points), bent)

    def through(system: Tensor) -> Tensor:
        return J @ torch.linalg.solve_ex(system, g)[0]

    ones = pose_pull(torch.ones_like(g), pose, points, image)
    right = through(square - curve)
    return {
        "pose-curvature-missing": [through(square), -through(square)],
        "pose-curvature-sign": [through(square + curve), -through(square + curve)],
        "pose-squares-missing": [through(-curve), through(curve)],
        "pose-curvature-doubled": [through(square - 2 * curve), through(2 * square - curve)],
        "implicit-no-solve": [J @ g, -(J @ g)],
        "implicit-minus-wrong": [-right],
        "implicit-multiplied": [J @ (square - curve) @ g],
        "pose-curvature-unweighted": [through(square - bent.sum(dim=(0, 1)))],
        "pose-residual-as-upstream": [right * (image - camera.project(pose, points))],
        "upstream-taken-as-ones": [ones],
        "ridge-two-on-one-side": [2 * right, right / 2],
    }


def covariance_forms(derivative: Tensor, sigma: float) -> Forms:
    K = derivative.double().flatten(1)
    right = sigma**2 * torch.einsum("ai,bi->ab", K, K)
    whole, n = derivative.double().sum(dim=(1, 2)), derivative.shape[1]
    return {
        "covariance-sigma-not-squared": [right / sigma],
        "covariance-sigma-missing": [right / sigma**2],
        "covariance-summed-first": [sigma**2 * torch.outer(whole, whole),
                                    sigma**2 * torch.einsum("ank,bnl->ab", derivative, derivative).double()],
        "covariance-diagonal-only": [torch.diag(right.diagonal()), right.diagonal()],
        "covariance-averaged": [right / n, right / (2 * n)],
        "covariance-not-squared": [right.diagonal().sqrt(), torch.diag(right.diagonal().sqrt())],
        "covariance-of-image": [sigma**2 * torch.einsum("ai,aj->ij", K, K)],
        "covariance-one-axis": [sigma**2 * torch.einsum("an,bn->ab", *[derivative.double()[..., k]] * 2)
                                for k in (0, 1)],
        "covariance-correlation": [right / torch.outer(right.diagonal().sqrt(), right.diagonal().sqrt())],
    }  # fmt: skip
