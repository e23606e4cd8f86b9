"""The TA's and the instructor's side of Backprop Kit: build, grade, audit, report. Never handed to students."""

import sys

# On import, jsonschema has this package build a grammar of internationalised URLs, for 2.4 s: half of what it takes to
# start grading. No schema of nbformat's asks for one, and jsonschema does without it where it is not there.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]  # None says: not there
