"""Everything that knows nbgrader: its gradebook, its steps, its pages."""

import sys
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType


def _later(name: str) -> Callable[[object], object]:
    """What loads one of nbgrader's parts of a server when a server asks for it."""

    def load(server: object) -> object:
        del sys.modules[name]
        return import_module(name).load_jupyter_server_extension(server)

    return load


# On import, nbgrader loads its four parts of a Jupyter server, and that with them: half a second in each command.
# Grading serves nobody, so something stands in for them, until somebody does serve (`gradebook.formgrader`).
_nbgrader = find_spec("nbgrader")
for _part in ("assignment_list", "course_list", "formgrader", "validate_assignment"):
    _stand_in = ModuleType(f"nbgrader.server_extensions.{_part}")
    _stand_in.load_jupyter_server_extension = _later(_stand_in.__name__)  # type: ignore[attr-defined]
    if _nbgrader and _nbgrader.origin:  # so that what lies in it can be imported
        _stand_in.__path__ = [str(Path(_nbgrader.origin).parent / "server_extensions" / _part)]
    sys.modules.setdefault(_stand_in.__name__, _stand_in)
