"""The sensors for ready-made derivatives: what they see, what they let pass, and how a suite takes them away."""

from __future__ import annotations

import os
import signal
import time

import pytest
import torch

from toolbox.calling import forbid
from toolbox.calling.student import LocalTransport, Student
from toolbox.errors import Forbidden, Raised


def backward(x):
    x = x.clone().requires_grad_()
    with torch.enable_grad():
        (x * x).sum().backward()
    return x.grad


def swallowed(x):
    try:
        return backward(x)
    except BaseException:
        return 2 * x


def forward_mode(x):
    return torch.func.jvp(lambda x: x * x, (x,), (torch.ones_like(x),))[1]


def honest(x):
    _backward = torch.sigmoid(x) * (1 - torch.sigmoid(x))  # a name of the student's own is no offence
    return 2 * x + 0 * _backward.clamp(min=0)


def fails(x):
    raise ValueError("an error of their own")


STUDENT = Student(LocalTransport({"toy": {f.__name__: f for f in (backward, swallowed, forward_mode, honest, fails)}}))
X = torch.linspace(-1, 1, 5, dtype=torch.float64)


@pytest.mark.parametrize("name", ["backward", "swallowed", "forward_mode"])
def test_a_ready_made_derivative_is_forbidden_unless_the_suite_allows_it(name):
    with pytest.raises(Forbidden, match="write the backward pass yourself"):
        getattr(STUDENT.toy, name)(x=X)
    with STUDENT.autograd():
        assert torch.allclose(getattr(STUDENT.toy, name)(x=X), 2 * X)
    with pytest.raises(Forbidden):
        getattr(STUDENT.toy, name)(x=X)


def test_honest_code_passes_and_errors_keep_their_own_name():
    assert torch.equal(STUDENT.toy.honest(x=X), 2 * X)
    with pytest.raises(Raised, match="an error of their own"):
        STUDENT.toy.fails(x=X)


def test_the_sensors_leave_torch_as_they_found_it():
    before = torch.autograd.graph._engine_run_backward, torch.autograd._engine_run_backward
    with pytest.raises(Forbidden), forbid.watch():
        backward(X)
    assert (torch.autograd.graph._engine_run_backward, torch.autograd._engine_run_backward) == before
    assert torch.is_grad_enabled() and torch.equal(backward(X), 2 * X)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing is forked here")
def test_a_forked_process_does_not_wait_for_a_thread_of_its_parents():
    with forbid.watch():
        assert forbid.aside(lambda: 1) == 1
    pid = os.fork()
    if pid == 0:
        with forbid.watch():
            os._exit(forbid.aside(lambda: 7))
    deadline = time.monotonic() + 20
    while (ended := os.waitpid(pid, os.WNOHANG)) == (0, 0) and time.monotonic() < deadline:
        time.sleep(0.01)
    if ended == (0, 0):
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    assert ended != (0, 0) and os.waitstatus_to_exitcode(ended[1]) == 7
