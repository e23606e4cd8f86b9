"""Implicit layers in place, on buffers of their own: factorisations, rows one after the other, other orders."""

import torch

from toolbox.given import camera


def solve(system, right):
    """Decomposed once by QR; the rows of R that are nothing but rounding tell a singular system."""
    values = torch.linalg.svdvals(system)
    if not bool((values[..., -1] > 10 * torch.finfo(system.dtype).eps * values[..., 0]).all()):
        raise ArithmeticError("singular: there is no one solution")
    Q, R = torch.linalg.qr(system)
    return torch.linalg.solve_triangular(R, Q.mT @ right, upper=True)


def deq_solve(w, u, b, x, tol=1e-10, max_steps=1000):
    drive = torch.addmm(b, x, u)
    z, new = torch.zeros_like(drive), torch.empty_like(drive)
    for _ in range(max_steps):
        torch.addmm(drive, z, w, out=new)
        new.tanh_()
        z.sub_(new).abs_()
        settled = bool((z <= tol).all())
        z.copy_(new)
        if settled:
            return z
    raise ArithmeticError(f"the layer does not converge in {max_steps} steps")


def deq_adjoint(grad_z, z, w):
    """The system of a itself, from the other side: grad_a (1 / slope - w.T) = grad_z, a row at a time."""
    grad_a = torch.empty_like(grad_z)
    for n in range(len(z)):
        system = torch.diag(1 / (1 - z[n] ** 2))
        system -= w
        grad_a[n] = torch.linalg.solve(system, grad_z[n])
    return grad_a


def deq_grads(grad_a, z, x, u):
    grad_w, grad_u = torch.zeros(z.shape[1], z.shape[1], dtype=z.dtype), torch.zeros_like(u)
    grad_w.addmm_(z.mT, grad_a)
    grad_u.addmm_(x.mT, grad_a)
    grad_b = grad_a[0].clone()
    for row in grad_a[1:]:
        grad_b += row
    return torch.nn.functional.linear(grad_a, u), grad_w, grad_u, grad_b


def as_equilibrium(weights, biases):
    """Each layer's columns of a tall matrix: on top what meets x, below it what meets z."""
    D, H, dtype = len(weights[0]), sum(map(len, biases)), weights[0].dtype
    columns, above = [], 0
    for weight in weights:
        column = torch.zeros(D + H, weight.shape[1], dtype=dtype)
        column.narrow(0, above, len(weight)).copy_(weight)
        columns.append(column)
        above += len(weight)
    tall = torch.hstack(columns)
    return tall[D:], tall[:D], torch.cat(tuple(biases))


def ridge_backward(grad_w, x, w, reg):
    """The dual system, one line for each row of x, where it is the smaller one."""
    N, D = x.shape
    if N < D:
        small = torch.matmul(x, x.T) / N
        small.diagonal().add_(reg)
        v = (grad_w - x.T @ torch.linalg.solve(small, x @ grad_w) / N) / reg
    else:
        system = torch.matmul(x.T, x).div_(N)
        system.diagonal().add_(reg)
        v = torch.linalg.lstsq(system, grad_w[:, None]).solution[:, 0]
    return -torch.dot(w, v), torch.mv(x, v).div_(N)


def eigh_backward(grad_values, grad_vectors, values, vectors):
    n, close = len(values), 1e-10 if values.dtype == torch.float64 else 1e-5
    inner = vectors.mT @ grad_vectors
    for i in range(n):
        for j in range(n):
            gap = values[j] - values[i]
            if i != j and not gap.abs() > close * values.abs().max():
                raise ArithmeticError("a repeated eigenvalue")
            inner[i, j] = grad_values[i] if i == j else inner[i, j] / gap
    inner.add_(inner.mT.clone()).div_(2)
    return vectors.matmul(inner).matmul(vectors.mT)


def pose_solve(points, image, start, tol=1e-10, max_steps=50):
    """Columns scaled to length 1 before the normal equations, and scaled back."""
    pose = start.clone()
    for _ in range(max_steps):
        J = camera.slopes(pose, points).reshape(-1, 6)
        lengths = J.norm(dim=0)
        J = J / lengths
        step = solve(J.T @ J, J.T @ (image - camera.project(pose, points)).reshape(-1, 1))[:, 0] / lengths
        pose.add_(step)
        if step.abs().max() <= tol:
            return pose
    raise ArithmeticError("Gauss-Newton did not converge")


def pose_backward(grad_pose, pose, points, image):
    """The curvature first, a coordinate of the image at a time; then the squares."""
    J, bent = camera.slopes(pose, points), camera.curvatures(pose, points)
    residual, system = image - camera.project(pose, points), torch.zeros(6, 6, dtype=pose.dtype)
    for k in range(2):
        system -= (residual[:, k, None, None] * bent[:, k]).sum(dim=0)
        system += J[:, k].T @ J[:, k]
    v = torch.linalg.solve(system.T, grad_pose)  # symmetric
    out = torch.empty_like(image)
    out[:, 0], out[:, 1] = J[:, 0] @ v, J[:, 1] @ v
    return out


def pose_covariance(derivative, sigma):
    covariance = derivative[:, :, 0] @ derivative[:, :, 0].T
    covariance += derivative[:, :, 1] @ derivative[:, :, 1].T
    return covariance.mul_(sigma).mul_(sigma)
