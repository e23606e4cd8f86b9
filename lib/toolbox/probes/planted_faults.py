"""Backward passes with planted faults, and healthy ones: the examination for a gradient checker.

Steps, for one kind of fault: draw functions and inputs from the seed; take the right backward pass from autograd; plant
one fault in it; deal each function out twice, healthy and sick, with fresh inputs of the same make, all in a random
order. So neither the function nor its inputs tell which one is sick, and a checker that calls everything right, or
everything wrong, fails on every kind.

    for case in cases("entry", seed=1):
        print(gradcheck(case.forward, case.backward, case.inputs), healthy(case))

Both backward passes of a pair do the same work, fault included; only what they hand on differs. In grading they are
functions of the judge's (`given`), and what is sick is known there alone.

The kinds are the keys of KINDS. Each misjudged case names a misconception of `toolbox.checks.misconceptions`.
"""

from __future__ import annotations

import torch
from torch import Tensor

from toolbox.calling.callbacks import Given, Like
from toolbox.calling.script import Ref, Script
from toolbox.probes.planted_cases import Case
from toolbox.probes.planted_kinds import KINDS

WITHHELD = True  # while grading: its right gradients, and the faults planted in them, answer items


def healthy(case: Case) -> bool:
    """Whether the case's backward pass is right."""
    return case.fault is None


def cases(kind: str, seed: int) -> list[Case]:
    """The examination of one kind, sick and healthy mixed. Raises KeyError for an unknown kind."""
    draw = torch.Generator().manual_seed(seed)
    found = list(KINDS[kind](draw))
    return [found[i] for i in torch.randperm(len(found), generator=draw).tolist()]


def dealt(case: Case, script: Script) -> tuple[Ref, Ref, list[Tensor]]:
    """What a student's checker gets: the case's functions as its code sees them, and the inputs."""
    inputs = [Like(x) for x in case.inputs]
    backward = script.give(Given(case.backward, Like(case.forward(*case.inputs)), *inputs))
    if case.shares:  # what travels shares no memory with what went out
        return script.function(case.forward, len(inputs)), backward, case.inputs
    return script.give(Given(case.forward, *inputs)), backward, case.inputs
