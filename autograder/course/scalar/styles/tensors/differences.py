"""Differences by torch, and over the way that was really gone."""

from __future__ import annotations

import torch
import torch.nn.functional as F


def one_sided(f, x, eps=1e-8):
    values = torch.tensor([f(x), f(x + eps)], dtype=torch.float64)
    return values.diff()[0] / eps


def symmetric(f, x, eps=1e-5):
    low, high = x - eps, x + eps
    return (f(high) - f(low)) / (high - low)


def numeric_gradient(f, point, eps=1e-5):
    at = torch.tensor(point, dtype=torch.float64)
    steps = eps * torch.eye(len(point), dtype=torch.float64)
    rises = [f((at + step).tolist()) - f((at - step).tolist()) for step in steps]
    return torch.tensor(rises, dtype=torch.float64) / (2 * eps)


def linear_approximation(value, gradient, step):
    return value + torch.tensor(gradient, dtype=torch.float64) @ torch.tensor(step, dtype=torch.float64)


def steepest_ascent(gradient):
    return F.normalize(torch.tensor(gradient, dtype=torch.float64), dim=0)
