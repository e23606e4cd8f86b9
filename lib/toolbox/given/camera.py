"""A pinhole camera, given: where it sees points, and how that changes with its pose, to first and second order.

A pose is six numbers: three angles about the x, y and z axis (radians), then a translation (metres). A point P of the
world stands at q = R P + t before the camera, with R = Rz Ry Rx; z points ahead. It is seen at (q_x, q_y) / q_z, for
a focal length of 1. The formulas are written out, so that no autograd is needed. Source: BEV033DLA, lecture 2, names
the pose from correspondences as an implicit layer; the camera itself is the textbooks' (Hartley and Zisserman,
Multiple View Geometry, chapter 6).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

PLANES = ((1, 2), (2, 0), (0, 1))  # the two axes that a turn about x, y, z mixes


def rotation(angles: Tensor, orders: tuple[int, ...] = (0, 0, 0)) -> Tensor:
    """(3, 3): Rz Ry Rx, or its derivative of the given order by each of the three angles."""
    product = torch.eye(3, dtype=angles.dtype)
    for angle, order, (i, j) in zip(angles, orders, PLANES, strict=True):
        turned = angle + order * math.pi / 2  # each derivative of a sine or cosine is a quarter turn
        factor = torch.eye(3, dtype=angles.dtype) if order == 0 else torch.zeros(3, 3, dtype=angles.dtype)
        factor[i, i] = factor[j, j] = torch.cos(turned)
        factor[j, i], factor[i, j] = torch.sin(turned), -torch.sin(turned)
        product = factor @ product
    return product


def project(pose: Tensor, points: Tensor) -> Tensor:
    """Where the camera sees the points. pose (6,), points (n, 3). Returns (n, 2)."""
    seen = points @ rotation(pose[:3]).T + pose[3:]
    return seen[:, :2] / seen[:, 2:]


def position(pose: Tensor) -> Tensor:
    """(3,): where in the world the camera stands, the point that q = R P + t maps to 0."""
    return -rotation(pose[:3]).T @ pose[3:]


def slopes(pose: Tensor, points: Tensor) -> Tensor:
    """The Jacobian of `project` by the pose. pose (6,), points (n, 3). Returns (n, 2, 6)."""
    return torch.einsum("nkc,nca->nka", _lens(_seen(pose, points)), _motion(pose, points))


def curvatures(pose: Tensor, points: Tensor) -> Tensor:
    """The second derivatives of `project` by the pose. pose (6,), points (n, 3). Returns (n, 2, 6, 6), symmetric."""
    q, first = _seen(pose, points), _motion(pose, points)
    second = torch.zeros(len(points), 3, 6, 6, dtype=points.dtype)
    for a in range(3):
        for b in range(3):
            orders = tuple(int(i == a) + int(i == b) for i in range(3))
            second[:, :, a, b] = points @ rotation(pose[:3], orders).T
    return torch.einsum("nkc,ncab->nkab", _lens(q), second) + torch.einsum("nkcd,nca,ndb->nkab", _bend(q), first, first)


def _seen(pose: Tensor, points: Tensor) -> Tensor:
    return points @ rotation(pose[:3]).T + pose[3:]


def _motion(pose: Tensor, points: Tensor) -> Tensor:
    """(n, 3, 6): how q changes with the pose."""
    motion = torch.zeros(len(points), 3, 6, dtype=points.dtype)
    for a in range(3):
        motion[:, :, a] = points @ rotation(pose[:3], tuple(int(i == a) for i in range(3))).T
    motion[:, :, 3:] = torch.eye(3, dtype=points.dtype)
    return motion


def _lens(q: Tensor) -> Tensor:
    """(n, 2, 3): how the image point changes with q."""
    slope = torch.zeros(len(q), 2, 3, dtype=q.dtype)
    slope[:, 0, 0] = slope[:, 1, 1] = 1 / q[:, 2]
    slope[:, :, 2] = -q[:, :2] / q[:, 2:] ** 2
    return slope


def _bend(q: Tensor) -> Tensor:
    """(n, 2, 3, 3): the second derivatives of the image point by q."""
    bend = torch.zeros(len(q), 2, 3, 3, dtype=q.dtype)
    for k in range(2):
        bend[:, k, k, 2] = bend[:, k, 2, k] = -1 / q[:, 2] ** 2
        bend[:, k, 2, 2] = 2 * q[:, k] / q[:, 2] ** 3
    return bend
