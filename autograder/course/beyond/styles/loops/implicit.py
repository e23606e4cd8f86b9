"""Loops, elimination and series."""

import torch

from toolbox.given import camera


def solve(system, right):
    """Gaussian elimination with pivots; a pivot that is nothing but rounding means a singular system."""
    if system.dim() > 2:
        pairs = zip(system.flatten(0, -3), right.flatten(0, -3), strict=True)
        return torch.stack([solve(a, b) for a, b in pairs]).reshape(right.shape)
    a, s, n = system.clone(), right.clone(), len(system)
    least = 20 * torch.finfo(a.dtype).eps * a.abs().max()
    for k in range(n):
        top = k + int(a[k:, k].abs().argmax())
        if not a[top, k].abs() > least:
            raise ArithmeticError("this is a singular system")
        order = list(range(n))
        order[k], order[top] = top, k
        a, s = a[order], s[order]
        s[k], a[k] = s[k] / a[k, k], a[k] / a[k, k].clone()
        for i in range(n):
            if i != k:
                s[i], a[i] = s[i] - a[i, k] * s[k], a[i] - a[i, k].clone() * a[k]
    return s


def deq_solve(w, u, b, x, tol=1e-10, max_steps=1000):
    """A row at a time."""
    rows = []
    for row in x:
        z, left = torch.zeros(len(w), dtype=x.dtype), max_steps
        while True:
            new = torch.tanh(z @ w + row @ u + b)
            done = bool(((new - z).abs() <= tol).all())
            z, left = new, left - 1
            if done:
                break
            if left == 0:
                raise ArithmeticError("no convergence")
        rows.append(z)
    return torch.stack(rows)


def deq_adjoint(grad_z, z, w):
    """A system for each row, entry by entry."""
    grad_a, H = torch.zeros_like(grad_z), len(w)
    for n in range(len(z)):
        system = torch.eye(H, dtype=z.dtype)
        for i in range(H):
            for j in range(H):
                system[i, j] -= w[i, j] * (1 - z[n, j] ** 2)
        grad_a[n] = solve(system, grad_z[n][:, None])[:, 0] * (1 - z[n] ** 2)
    return grad_a


def deq_grads(grad_a, z, x, u):
    grad_x, grad_w, grad_u = torch.zeros_like(x), torch.zeros(2 * (z.shape[1],), dtype=z.dtype), torch.zeros_like(u)
    grad_b = torch.zeros_like(grad_a[0])
    for n in range(len(x)):
        grad_x[n] = u @ grad_a[n]
        grad_w += torch.outer(z[n], grad_a[n])
        grad_u += torch.outer(x[n], grad_a[n])
        grad_b += grad_a[n]
    return grad_x, grad_w, grad_u, grad_b


def as_equilibrium(weights, biases):
    begins = [0]
    for bias in biases:
        begins.append(begins[-1] + len(bias))
    dtype = weights[0].dtype
    w, b = torch.zeros(begins[-1], begins[-1], dtype=dtype), torch.zeros(begins[-1], dtype=dtype)
    u = torch.zeros(len(weights[0]), begins[-1], dtype=dtype)
    for layer, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
        for j in range(len(bias)):
            b[begins[layer] + j] = bias[j]
            for i in range(len(weight)):
                if layer == 0:
                    u[i, j] = weight[i, j]
                else:
                    w[begins[layer - 1] + i, begins[layer] + j] = weight[i, j]
    return w, u, b


def ridge_backward(grad_w, x, w, reg):
    """Conjugate gradients: the system is symmetric and positive."""
    N = len(x)
    v, r = torch.zeros_like(grad_w), grad_w.clone()
    p = r.clone()
    for _ in range(20 * len(w)):
        if float(r @ r) < 1e-40:
            break
        image = x.T @ (x @ p) / N + reg * p
        step = (r @ r) / (p @ image)
        v, new = v + step * p, r - step * image
        p, r = new + (new @ new) / (r @ r) * p, new
    return -float(v @ w), torch.stack([row @ v for row in x]) / N


def eigh_backward(grad_values, grad_vectors, values, vectors):
    n, size = len(values), float(values.abs().max())
    grad_a = torch.zeros(n, n, dtype=values.dtype)
    for i in range(n):
        grad_a += grad_values[i] * torch.outer(vectors[:, i], vectors[:, i])
        for j in range(n):
            if i == j:
                continue
            if abs(float(values[i] - values[j])) <= (1e-10 if values.dtype == torch.float64 else 1e-5) * size:
                raise ArithmeticError("repeated eigenvalues")
            turned = (vectors[:, j] @ grad_vectors[:, i]) / (values[i] - values[j])
            grad_a += turned * torch.outer(vectors[:, j], vectors[:, i])
    return 0.5 * (grad_a + grad_a.T)


def pose_solve(points, image, start, tol=1e-10, max_steps=50):
    pose = start
    for _ in range(max_steps):
        square, line = torch.zeros(6, 6, dtype=pose.dtype), torch.zeros(6, dtype=pose.dtype)
        for J, r in zip(camera.slopes(pose, points), image - camera.project(pose, points), strict=True):
            for k in range(2):
                square += torch.outer(J[k], J[k])
                line += J[k] * r[k]
        step = solve(square, line[:, None])[:, 0]
        pose = pose + step
        if all(abs(float(entry)) <= tol for entry in step):
            return pose
    raise ArithmeticError("Gauss-Newton does not converge")


def pose_backward(grad_pose, pose, points, image):
    J, bent = camera.slopes(pose, points), camera.curvatures(pose, points)
    residual = image - camera.project(pose, points)
    system = torch.zeros(6, 6, dtype=pose.dtype)
    for n in range(len(points)):
        for k in range(2):
            system += torch.outer(J[n, k], J[n, k]) - residual[n, k] * bent[n, k]
    v = solve(system, grad_pose[:, None])[:, 0]
    return torch.stack([torch.stack([J[n, k] @ v for k in range(2)]) for n in range(len(points))])


def pose_covariance(derivative, sigma):
    total = torch.zeros(6, 6, dtype=derivative.dtype)
    for n in range(derivative.shape[1]):
        for k in range(2):
            total += torch.outer(derivative[:, n, k], derivative[:, n, k])
    return total * sigma * sigma
