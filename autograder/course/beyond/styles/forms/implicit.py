"""Matrix forms, decompositions and einsum."""

import torch

from toolbox.given import camera


def solve(system, right):
    """Singular values tell how near to singular a system is, and invert it, too."""
    U, S, Vh = torch.linalg.svd(system)
    if not bool((S[..., -1] > 10 * torch.finfo(system.dtype).eps * S[..., 0]).all()):
        raise ArithmeticError("singular matrix")
    return Vh.mT @ ((U.mT @ right) / S[..., None])


def deq_solve(w, u, b, x, tol=1e-10, max_steps=1000):
    drive = torch.einsum("nd,dh->nh", x, u) + b
    z = torch.zeros_like(drive)
    for _ in range(max_steps):
        new = torch.tanh(drive + torch.einsum("nh,hk->nk", z, w))
        if torch.linalg.vector_norm(new - z, torch.inf) <= tol:
            return new
        z = new
    raise ArithmeticError("did not converge")


def deq_adjoint(grad_z, z, w):
    """The system for grad_a itself, for all rows at once: (1 / slope - w.T) on the diagonal of one large matrix."""
    N, H = z.shape
    slope = (1 + z) * (1 - z)
    large = torch.block_diag(*[torch.eye(H, dtype=w.dtype) - s[:, None] * w for s in slope])
    flat = torch.linalg.solve(large, (slope * grad_z).reshape(-1, 1))
    return flat.reshape(N, H)


def deq_grads(grad_a, z, x, u):
    return (
        torch.einsum("nh,dh->nd", grad_a, u),
        torch.einsum("nh,nk->hk", z, grad_a),
        torch.einsum("nd,nh->dh", x, grad_a),
        torch.ones(1, len(x), dtype=x.dtype).matmul(grad_a)[0],
    )


def as_equilibrium(weights, biases):
    b = torch.hstack(list(biases))
    square = torch.block_diag(*weights)  # rows: the input and the layers; columns: the layers
    D = len(weights[0])
    tall = torch.cat([square, torch.zeros(D + len(b) - len(square), len(b), dtype=b.dtype)])
    return tall[D:].clone(), tall[:D].clone(), b


def ridge_backward(grad_w, x, w, reg):
    """The eigendecomposition of the penalised square, or the dual: here by Cholesky."""
    N, D = x.shape
    root = torch.linalg.cholesky(x.T @ x + N * reg * torch.eye(D, dtype=x.dtype))
    v = N * torch.cholesky_solve(grad_w[:, None], root)
    return (-(v.T @ w[:, None])).squeeze(), (x @ v)[:, 0] / N


def eigh_backward(grad_values, grad_vectors, values, vectors):
    ordered = torch.sort(values).values
    close = 1e-10 if values.dtype == torch.float64 else 1e-5
    if len(values) > 1 and bool(((ordered[1:] - ordered[:-1]) <= close * values.abs().max()).any()):
        raise ArithmeticError("repeated eigenvalue")
    gaps = values - values[:, None]
    inverse = torch.where(gaps == 0, torch.zeros_like(gaps), 1 / gaps)
    m = vectors.mT @ grad_vectors
    inner = 0.5 * inverse * (m - m.mT) + torch.diag_embed(grad_values)
    return torch.einsum("ia,ab,jb->ij", vectors, inner, vectors)


def pose_solve(points, image, start, tol=1e-10, max_steps=50):
    """Least squares by an orthogonal decomposition instead of normal equations."""
    pose = start.clone()
    for _ in range(max_steps):
        Q, R = torch.linalg.qr(camera.slopes(pose, points).reshape(-1, 6))
        if R.shape[0] < 6 or R.diagonal().abs().min() < 1e-12 * R.diagonal().abs().max():
            raise ArithmeticError("singular: too few points")
        right = Q.T @ (image - camera.project(pose, points)).reshape(-1, 1)
        step = torch.linalg.solve_triangular(R, right, upper=True)[:, 0]
        pose += step
        if (step.abs() <= tol).all():
            return pose
    raise ArithmeticError("did not converge")


def pose_backward(grad_pose, pose, points, image):
    J = camera.slopes(pose, points).reshape(-1, 6)
    residual = (image - camera.project(pose, points)).reshape(-1)
    system = J.T @ J - torch.tensordot(residual, camera.curvatures(pose, points).reshape(-1, 6, 6), dims=1)
    return (J @ torch.linalg.inv(system) @ grad_pose).reshape(image.shape)


def pose_covariance(derivative, sigma):
    scaled = sigma * derivative
    return torch.einsum("ank,bnk->ab", scaled, scaled)
