"""Everything that knows nbgrader: its gradebook, its steps, its pages."""

import sys
from types import ModuleType

# On import, nbgrader loads its four parts of a Jupyter server, and that with them: half a second in each command.
# Grading serves nobody; where a server does load them (formgrader), it has not come this way.
for _part in ("assignment_list", "course_list", "formgrader", "validate_assignment"):
    _stand_in = ModuleType(f"nbgrader.server_extensions.{_part}")
    _stand_in.load_jupyter_server_extension = None  # type: ignore[attr-defined]
    sys.modules.setdefault(_stand_in.__name__, _stand_in)
