"""Implicit layers: z is given by an equation g(x, z) = 0, found by any means, and differentiated by one linear solve.

Where dg/dz can be inverted, z is a function of x near the solution, with dz/dx = -(dg/dz)^-1 dg/dx. A backward pass
needs the product of the upstream gradient with that, never the path by which z was found.

Here: a fixed point (deep equilibrium layer), an argmin (ridge regression), a symmetric eigendecomposition, and a
camera's pose from correspondences. Batches are rows: the slides' W z + U x + b is z @ w + x @ u + b here, with w and u
the transposes of W and U. All functions take float32 or float64 tensors, change none of them, use no autograd, and
raise ArithmeticError where there is no answer. Sources: BEV033DLA, lecture 2, "Implicit layer" (whose last formulas
leave the minus sign out); Bai, Kolter and Koltun 2019, "Deep equilibrium models".
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from toolbox.given import camera


def solve(system: Tensor, right: Tensor) -> Tensor:
    """The linear solve at the heart of most functions below: s with system @ s = right.

    system (..., n, n), right (..., n, k), float32 or float64; one system for each of the leading axes. Returns
    (..., n, k). Raises ArithmeticError, with the word "singular" in its text, where a system is singular to working
    precision: where its condition number (`torch.linalg.cond`) is not below 0.1 / eps, eps = torch.finfo(dtype).eps.
    """
    solution = None
    ### BEGIN SOLUTION
    finite = bool(torch.isfinite(system).all())  # torch.linalg.cond raises an error of its own otherwise
    condition = torch.linalg.cond(system) if finite else torch.tensor(torch.nan)
    if not (condition < 0.1 / torch.finfo(system.dtype).eps).all():
        raise ArithmeticError(f"the system is singular: its condition number is {float(condition.max()):.1g}")
    solution = torch.linalg.solve(system, right)
    ### END SOLUTION
    return solution


# A fixed point


def deq_solve(w: Tensor, u: Tensor, b: Tensor, x: Tensor, tol: float = 1e-10, max_steps: int = 1000) -> Tensor:
    """The deep equilibrium layer: the z with z = tanh(z @ w + x @ u + b), by putting z in again and again, from z = 0.

    w (H, H), u (D, H), b (H,), x (N, D). Stops when no entry of z changed by more than tol in a step. Returns z (N, H).
    Raises ArithmeticError, with the word "converge" in its text, where that has not happened after max_steps steps
    (nan never counts as having settled): even where another way, Newton's say, would have found a z.
    """
    z = torch.zeros(x.shape[0], w.shape[0], dtype=x.dtype)
    settled = False
    ### BEGIN SOLUTION
    drive = x @ u + b  # the same in every step
    for _ in range(max_steps):
        before, z = z, torch.tanh(z @ w + drive)
        moved = float((z - before).abs().max())
        if moved <= tol:
            settled = True
            break
    ### END SOLUTION
    # Reached in max_steps? If not, say so.
    ### BEGIN SOLUTION
    if not settled:
        raise ArithmeticError(f"the iteration did not converge: z still moves by {moved:.1g} after {max_steps} steps")
    ### END SOLUTION
    return z if settled else None


def deq_adjoint(grad_z: Tensor, z: Tensor, w: Tensor) -> Tensor:
    """The gradient at a = z @ w + x @ u + b, for the fixed point z = tanh(a).

    grad_z (N, H): what arrives at the fixed point from the loss alone. z (N, H): the fixed point. w (H, H).
    Returns grad_a (N, H). z feeds itself: the whole gradient at z is grad_z plus what comes back through a.
    One (H, H) system for each row; `solve` above is yours to use.
    """
    grad_a = None
    ### BEGIN SOLUTION
    slope = 1 - z * z
    # the whole gradient v of a row: v = grad_z + (v * slope) @ w.T, that is (I - w diag(slope)) v = grad_z, v a column
    system = torch.eye(len(w)) - w * slope[:, None, :]
    grad_a = solve(system, grad_z[:, :, None])[:, :, 0] * slope
    ### END SOLUTION
    return grad_a


def deq_grads(grad_a: Tensor, z: Tensor, x: Tensor, u: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """From the gradient at a = z @ w + x @ u + b to those of what a is made of, z itself left out.

    grad_a (N, H), z (N, H), x (N, D), u (D, H). Returns grad_x (N, D), grad_w (H, H), grad_u (D, H), grad_b (H,).
    """
    grad_x, grad_w, grad_u, grad_b = None, None, None, None
    ### BEGIN SOLUTION
    grad_x = grad_a @ u.T
    grad_w = z.T @ grad_a
    grad_u = x.T @ grad_a
    grad_b = grad_a.sum(dim=0)
    ### END SOLUTION
    return grad_x, grad_w, grad_u, grad_b


def as_equilibrium(weights: Sequence[Tensor], biases: Sequence[Tensor]) -> tuple[Tensor, Tensor, Tensor]:
    """The deep equilibrium layer that is this feed-forward net, every layer h -> tanh(h @ weight + bias).

    weights: (D, H1), (H1, H2), ...; biases: (H1,), (H2,), .... With H = H1 + H2 + ..., returns w (H, H), u (D, H) and
    b (H,) such that the fixed point for x holds all layers' values side by side, first layer first. Entries that
    belong to no weight of the net are zero.
    """
    sizes = [len(bias) for bias in biases]
    w, u, b = None, None, None
    # Zeros first; then each weight into its block. Which block of z feeds which?
    ### BEGIN SOLUTION
    w = torch.zeros(sum(sizes), sum(sizes), dtype=weights[0].dtype)
    u = torch.zeros(weights[0].shape[0], sum(sizes), dtype=weights[0].dtype)
    u[:, : sizes[0]] = weights[0]
    begin = 0
    for size, weight in zip(sizes, weights[1:], strict=False):
        middle, end = begin + size, begin + size + weight.shape[1]
        w[begin:middle, middle:end] = weight
        begin = middle
    b = torch.cat(list(biases))
    ### END SOLUTION
    return w, u, b


# An argmin


def ridge(x: Tensor, y: Tensor, reg: float) -> Tensor:
    """The w that minimises mean((x @ w - y)**2) + reg * sum(w * w). x (N, D), y (N,). Returns w (D,).

    Given, and complete as soon as `solve` is. The gradient is zero there: (x.T @ x / N + reg I) w = x.T @ y / N.
    """
    N, D = x.shape
    system = x.T @ x / N + reg * torch.eye(D, dtype=x.dtype)
    found = solve(system, (x.T @ y / N)[:, None])
    return None if found is None else found[:, 0]


def ridge_backward(grad_w: Tensor, x: Tensor, w: Tensor, reg: float) -> tuple[Tensor, Tensor]:
    """Backward of w = ridge(x, y, reg). grad_w (D,), x (N, D), w (D,): the minimum itself.

    Returns grad_reg, a 0-dimensional tensor, and grad_y (N,). One solve serves both.
    """
    grad_reg, grad_y = None, None
    ### BEGIN SOLUTION
    N, D = x.shape
    system = x.T @ x / N + reg * torch.eye(D, dtype=x.dtype)  # symmetric, so its transpose is itself
    v = solve(system, grad_w[:, None])[:, 0]
    grad_reg = -(v * w).sum()
    grad_y = x @ v / N
    ### END SOLUTION
    return grad_reg, grad_y


# An eigendecomposition


def eigh_backward(grad_values: Tensor, grad_vectors: Tensor, values: Tensor, vectors: Tensor) -> Tensor:
    """Backward of values, vectors = torch.linalg.eigh(a), a symmetric (n, n).

    grad_values, values (n,); grad_vectors, vectors (n, n), an eigenvector in each column; each column's sign is free.
    Returns grad_a (n, n), symmetric: a[i, j] and a[j, i] can only move together and share their gradient.
    Raises ArithmeticError, with the word "repeated" in its text, where two eigenvalues differ by no more than
    1e-10 times the largest |value| (float64; 1e-5 in float32): then the vectors are no function of a.
    """
    grad_a = None
    ### BEGIN SOLUTION
    close = 1e-10 if values.dtype == torch.float64 else 1e-5
    gaps = values[None, :] - values[:, None]  # [i, j]: values[j] - values[i]
    gaps = gaps + torch.diag(torch.full_like(values, torch.inf))  # nothing turns a vector into itself
    if not (gaps.abs() > close * values.abs().max()).all():
        raise ArithmeticError(
            "an eigenvalue is repeated: its eigenvectors may be turned freely, and have no derivative"
        )
    inner = torch.diag(grad_values) + vectors.T @ grad_vectors / gaps
    grad_a = vectors @ inner @ vectors.T
    grad_a = (grad_a + grad_a.T) / 2
    ### END SOLUTION
    return grad_a


# A camera's pose


def pose_solve(points: Tensor, image: Tensor, start: Tensor, tol: float = 1e-10, max_steps: int = 50) -> Tensor:
    """The pose that minimises sum((image - project(pose, points))**2), by Gauss-Newton steps from `start`.

    points (n, 3), image (n, 2): where each was seen; start (6,). A step adds to the pose the s that minimises
    |residual - J s|**2, J = camera.slopes(pose, points) with its first two axes flattened. Stops when no entry changed
    by more than tol. Returns the pose (6,). Raises ArithmeticError: "converge" in the text where max_steps were not
    enough, "singular" where the points do not tell the pose (`solve` says so).
    """
    pose, settled = start.clone(), False
    ### BEGIN SOLUTION
    for _ in range(max_steps):
        residual = (image - camera.project(pose, points)).flatten()
        J = camera.slopes(pose, points).flatten(0, 1)
        step = solve(J.T @ J, (J.T @ residual)[:, None])[:, 0]
        pose = pose + step
        if step.abs().max() <= tol:
            settled = True
            break
    if not settled:
        raise ArithmeticError(
            f"Gauss-Newton did not converge in {max_steps} steps: start nearer, or look at the points"
        )
    ### END SOLUTION
    return pose if settled else None


def pose_backward(grad_pose: Tensor, pose: Tensor, points: Tensor, image: Tensor) -> Tensor:
    """Backward of pose = pose_solve(points, image, ...). grad_pose (6,), pose (6,), points (n, 3), image (n, 2).

    Returns grad_image (n, 2). The equation is J^T residual = 0, at the pose found. Image points never quite agree
    with any pose, so both factors move with the pose: `camera.curvatures(pose, points)` is (n, 2, 6, 6).
    """
    grad_image = None
    ### BEGIN SOLUTION
    J = camera.slopes(pose, points)
    residual = image - camera.project(pose, points)
    system = torch.einsum("nka,nkb->ab", J, J) - torch.einsum("nk,nkab->ab", residual, camera.curvatures(pose, points))
    v = solve(system, grad_pose[:, None])[:, 0]
    grad_image = J @ v
    ### END SOLUTION
    return grad_image


def pose_covariance(derivative: Tensor, sigma: float) -> Tensor:
    """How uncertain a pose is, to first order, where every image coordinate has independent noise.

    derivative (6, n, 2): of each number of the pose by each image coordinate. sigma: standard deviation of the noise.
    Returns the covariance (6, 6) of the pose.
    """
    covariance = None
    ### BEGIN SOLUTION
    K = derivative.flatten(1)
    covariance = sigma**2 * K @ K.T
    ### END SOLUTION
    return covariance
