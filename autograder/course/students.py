"""Students of ours: an answer put together, compiled, and ready to be asked by a suite, in this very process."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from functools import lru_cache
from types import CodeType, ModuleType
from typing import Any

import torch

from autograder.course.answers import Answer, OfModule
from autograder.course.rooms import Room
from toolbox.calling.student import LocalTransport, Student


def answering(answer: Answer, room: Room) -> Student:
    """A student who hands in this answer, all else being right."""
    return prepared(answer, room)()


def prepared(answer: Answer, room: Room) -> Callable[[], Student]:
    """What makes students who hand in this answer, each with modules of its own; its code is compiled only once."""
    codes = {name: _compiled(source, name) for name, source in answer.sources(room.solutions).items()}

    def make() -> Student:
        torch.default_generator.manual_seed(0)  # as in a worker: what is drawn depends on nobody
        modules = Modules(codes)
        return Student(LocalTransport(modules, notebook(room, room.notebook | answer.notebook, modules)))

    return make


class Modules(dict[str, dict[str, Any]]):
    """The namespaces of modules, each run when it is first asked for."""

    def __init__(self, codes: Mapping[str, CodeType]):
        super().__init__()
        self._codes = codes

    def __missing__(self, name: str) -> dict[str, Any]:
        self[name] = _run(self._codes[name], name)
        return self[name]


def notebook(room: Room, values: Mapping[str, Any], modules: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """The variables of a notebook, its functions taken from these modules, or from edited ones where they say so."""
    found = {}
    for name, value in values.items():
        if isinstance(value, OfModule):
            names = modules[value.module]
            if value.edits:
                edited = Answer("", (), value.edits).sources({value.module: room.solutions[value.module]})
                names = namespace(edited[value.module], value.module)
            if value.function not in names:  # not written yet
                continue
            value = names[value.function]
        found[name] = value
    return found


def namespace(source: str, module: str) -> dict[str, Any]:
    """The names that a module's source defines."""
    return _run(_compiled(source, module), module)


def _run(code: CodeType, module: str) -> dict[str, Any]:
    name, before = f"backprop.{module}", sys.modules.get(f"backprop.{module}")
    sys.modules[name] = made = ModuleType(name)  # a dataclass looks up the module that it stands in
    try:
        exec(code, made.__dict__)
    finally:
        del sys.modules[name]
        if before is not None:
            sys.modules[name] = before
    return made.__dict__


@lru_cache(maxsize=32)
def _compiled(source: str, module: str) -> CodeType:
    return compile(source, f"backprop/{module}.py", "exec")  # most modules of an answer are the solution's
