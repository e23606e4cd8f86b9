"""What the course gives you: checks, gradient checking, drawing, data, handing in. Read it; no need to edit it.

    from toolbox import check, gradcheck, inputs, load_digits, numeric_gradient, start, submit

Each is imported when it is first asked for: `import toolbox` alone takes no time. Three of them bear the name of their
module, so they are properties, which no later `import toolbox.check` can replace by the module.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType

__version__ = "0.1.0"
HOMES = {
    "check": "check", "gradcheck": "gradcheck", "inputs": "check", "load_digits": "datasets.digits",
    "numeric_gradient": "gradcheck", "start": "notebook.folders", "submit": "handin.submit",
}  # fmt: skip
__all__ = list(HOMES)


class _Toolbox(ModuleType):
    """This module, with its functions as properties."""


def _function(name: str, home: str) -> property:
    def find(self: ModuleType):
        return getattr(import_module(f"toolbox.{home}"), name)

    def keep_the_function(self: ModuleType, module: ModuleType) -> None:  # Python sets a submodule as an attribute
        pass

    return property(find, keep_the_function)


for _name, _home in HOMES.items():
    setattr(_Toolbox, _name, _function(_name, _home))
sys.modules[__name__].__class__ = _Toolbox
