"""A detour through NumPy, with NumPy arrays or tensors as the answers."""

import numpy as np
import torch

from toolbox.given import camera


def solve(system, right):
    a = system.numpy()
    if np.any(~(np.linalg.cond(a) < 0.1 / np.finfo(a.dtype).eps)):
        raise ArithmeticError("singular to working precision")
    return torch.from_numpy(np.linalg.solve(a, right.numpy()))


def deq_solve(w, u, b, x, tol=1e-10, max_steps=1000):
    w, drive = w.numpy(), x.numpy() @ u.numpy() + b.numpy()
    z, moved = np.tanh(drive), np.abs(np.tanh(drive)).max()
    for _ in range(max_steps - 1):
        if moved <= tol:
            break
        before, z = z, np.tanh(z @ w + drive)
        moved = np.abs(z - before).max()
    if not moved <= tol:
        raise ArithmeticError(f"no convergence to {tol}")
    return z


def deq_adjoint(grad_z, z, w):
    rows, w = [], w.numpy()
    for g, row in zip(grad_z.numpy(), z.numpy(), strict=True):
        D = np.diag(1 - row**2)
        rows.append(D @ np.linalg.inv(np.eye(len(w), dtype=w.dtype) - w @ D) @ g)
    return np.stack(rows)


def deq_grads(grad_a, z, x, u):
    g = grad_a.numpy()
    return g @ u.numpy().T, np.tensordot(z.numpy(), g, (0, 0)), np.tensordot(x.numpy(), g, (0, 0)), g.sum(0)


def as_equilibrium(weights, biases):
    sizes = [len(bias) for bias in biases]
    edges = np.cumsum([0, *sizes])
    w = np.zeros((edges[-1], edges[-1]), dtype=weights[0].numpy().dtype)
    u = np.zeros((len(weights[0]), edges[-1]), dtype=w.dtype)
    for i, weight in enumerate(weights):
        target = u if i == 0 else w[edges[i - 1] : edges[i]]
        target[:, edges[i] : edges[i + 1]] = weight.numpy()
    return w, u, np.concatenate([bias.numpy() for bias in biases])


def ridge_backward(grad_w, x, w, reg):
    """The singular values of x turn the system into divisions."""
    x, g, w = x.numpy(), grad_w.numpy(), w.numpy()
    U, S, Vt = np.linalg.svd(x, full_matrices=False)
    part = Vt @ g
    v = Vt.T @ (part / (S**2 / len(x) + reg)) + (g - Vt.T @ part) / reg
    return -np.dot(v, w), x @ v / len(x)


def eigh_backward(grad_values, grad_vectors, values, vectors):
    lam, V = values.numpy(), vectors.numpy()
    gaps = np.subtract.outer(lam, lam).T
    off = ~np.eye(len(lam), dtype=bool)
    close = 1e-10 if lam.dtype == np.float64 else 1e-5
    if (np.abs(gaps[off]) <= close * np.abs(lam).max()).any():
        raise ArithmeticError("repeated: these eigenvectors have no derivative")
    inner = np.diag(grad_values.numpy())
    inner[off] += (V.T @ grad_vectors.numpy())[off] / gaps[off]
    whole = V @ inner @ V.T
    return (whole + whole.T) / 2


def pose_solve(points, image, start, tol=1e-10, max_steps=50):
    pose = start.clone()
    for _ in range(max_steps):
        J = camera.slopes(pose, points).numpy().reshape(-1, 6)
        r = (image - camera.project(pose, points)).numpy().reshape(-1)
        step, _, rank, _ = np.linalg.lstsq(J, r, rcond=1e-10)
        if rank < 6:
            raise ArithmeticError("singular")
        pose = pose + torch.from_numpy(step)
        if np.abs(step).max() <= tol:
            return pose
    raise ArithmeticError("not converged")


def pose_backward(grad_pose, pose, points, image):
    J = camera.slopes(pose, points).numpy()
    r = (image - camera.project(pose, points)).numpy()
    system = np.tensordot(J, J, ((0, 1), (0, 1))) - np.tensordot(r, camera.curvatures(pose, points).numpy(), 2)
    return np.matmul(J, np.linalg.solve(system, grad_pose.numpy()))


def pose_covariance(derivative, sigma):
    K = derivative.numpy().reshape(6, -1)
    return sigma**2 * np.dot(K, K.T)
