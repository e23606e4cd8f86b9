"""nbgrader's settings for this course; every `nbgrader` command run in this folder reads them.

The notebook that nbgrader releases is built by `python -m autograder build` into the git-ignored `solutions/<name>/`;
everything about students lies under the git-ignored `classroom/`.
"""

import os
import sys
from importlib.util import find_spec
from pathlib import Path

course = Path(__file__).resolve().parent
for folder in (course, course / "lib"):  # the kit's steps are imported by name, whatever the folder nbgrader runs in
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
# nbgrader starts alembic by its bare name, and the virtual environment need not be activated.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
(course / "classroom").mkdir(exist_ok=True)  # SQLite makes the file, never its folder

c = get_config()  # noqa: F821  (given by the loader of this file)
c.CourseDirectory.root = str(course)
c.CourseDirectory.course_id = "backprop-kit"
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "classroom/released"
c.CourseDirectory.submitted_directory = "classroom/submitted"
c.CourseDirectory.autograded_directory = "classroom/autograded"
c.CourseDirectory.feedback_directory = "classroom/feedback"
c.CourseDirectory.solution_directory = "classroom/solution"
c.CourseDirectory.db_url = f"sqlite:///{course / 'classroom' / 'gradebook.db'}"
c.CourseDirectory.ignore = [".ipynb_checkpoints", "*.pyc", "__pycache__", "intake.json"]

# A taken-out region leaves one comment, so that half-finished work runs.
c.ClearSolutions.code_stub = {"python": "# YOUR CODE HERE"}

# The judge in the place of Execute, course.toml in that of late penalties; see autograder/gradebook/preprocessors.py.
c.Autograde.sanitize_preprocessors = [
    "nbgrader.preprocessors.ClearOutput",
    "autograder.gradebook.preprocessors.RepairIds",
    "nbgrader.preprocessors.OverwriteKernelspec",
    "nbgrader.preprocessors.OverwriteCells",
    "nbgrader.preprocessors.CheckCellMetadata",
]
c.Autograde.autograde_preprocessors = [
    "autograder.gradebook.preprocessors.JudgeCells",
    "nbgrader.preprocessors.IgnorePattern",
    "nbconvert.preprocessors.ClearMetadataPreprocessor",
    "nbgrader.preprocessors.LimitOutput",
    "autograder.gradebook.saved_grades.SaveGrades",
    "autograder.gradebook.preprocessors.EnterTerms",
    "nbgrader.preprocessors.CheckCellMetadata",
]
c.OverwriteCells.add_missing_cells = True  # a deleted check cell comes back instead of hiding its item

# Pages show what students wrote: reduced to what cannot run or load, formulas as MathML, under a policy that lets
# nothing out. Feedback pages and formgrader keep nbgrader's templates; what is named here stands around them.
rooms = {name: Path(find_spec(name).origin).parent for name in ("autograder", "nbgrader")}
c.HTMLExporter.template_file = "kit.html.j2"
c.HTMLExporter.extra_template_basedirs = [
    str(rooms["autograder"] / "gradebook" / "templates"),
    str(rooms["nbgrader"] / "server_extensions" / "formgrader" / "templates"),
]
c.HTMLExporter.sanitize_html = True
c.HTMLExporter.filters = {
    "markdown2html": "autograder.sandbox.outputs.markdown2html",
    "clean_html": "autograder.gradebook.page_filters.clean_html",
    "ansi2html": "autograder.gradebook.page_filters.ansi2html",
    "highlight_code": "autograder.gradebook.page_filters.Highlight",
    "marking_scheme": "autograder.gradebook.page_filters.marking_scheme",
    "without_markup": "autograder.gradebook.page_filters.without_markup",
    "under_policy": "autograder.gradebook.page_filters.under_policy",
    "with_landmarks": "autograder.gradebook.page_filters.with_landmarks",
}

# The seed of the hidden inputs is drawn for each classroom and kept in classroom/seed. Set one here only to share it
# between classrooms, and keep this file from students then.
# c.JudgeCells.seed = "..."
