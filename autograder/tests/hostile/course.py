"""Attacks on the course's own machinery: the notebook, IPython, modules of other names, the pages that people open."""

# ruff: noqa: E501  (attacks are code in strings)
from __future__ import annotations

import json

from .attack import FLAT_ITEMS, NOTEBOOK_ITEMS, Attack, add, items
from .field import check_cells
from .tampering import WRONG_TOY

EVIL = b"import toolbox.checks.compare\ntoolbox.checks.compare.assert_grad = lambda *a, **k: None\nopen('/tmp/@MARKER@', 'w')\nraise SystemExit(0)\n"
SHADOWS = (
    "lib/backprop/torch.py", "lib/backprop/numpy.py", "lib/backprop/conftest.py", "lib/backprop/sitecustomize.py",
    "lib/backprop/msgpack.py", "lib/backprop/toolbox/checks/compare.py", "lib/backprop/__init__.py", "lib/torch.py",
    "lib/msgpack.py", "lib/conftest.py", "lib/sitecustomize.py", "lib/usercustomize.py", "lib/toolbox/__init__.py",
    "lib/toolbox/checks/compare.py", "lib/toolbox/calling/wire.py", "lib/autograder/__init__.py", "torch.py", "conftest.py",
    "sitecustomize.py", "checks/gates.py", "pytest.ini", "pyproject.toml", "nbgrader_config.py", "lib/evil.pth",
    "autograder/course/flat/checks/gates.py", "autograder/judging/judge.py", "solutions/backprop/flat.py", "intake.json",
    "lib/backprop/flat.pyc", "lib/backprop/__pycache__/flat.cpython-311.pyc", "startup/00-evil.py", "ipython_config.py",
)  # fmt: skip
HTML = (
    "<script>evil()</script><img src=x onerror=evil()><svg onload=evil()><iframe src=javascript:evil()></iframe>"
    "<a href='javascript:evil()'>x</a><a href='java&#115;cript:evil()'>y</a><form action=javascript:evil()><button>"
    "</form><style>@import 'javascript:evil()'</style><b style='background:url(javascript:evil())'>b</b>"
    "<meta http-equiv=refresh content='0;url=javascript:evil()'><base href=//evil.example><object data=evil.swf>"
    "<math><mtext></table><mglyph><style><img src=x onerror=evil()>"
    "<p style='background: u\\72l(http://evil.example/a)'>a</p><p style='background: image-set(\"http://evil.example/b\")'>"
    "b</p><p>\\<foo>href{javascript:evil()}{x}</p>"
)
MARKDOWN = (
    HTML, f"text {HTML}", "[x](javascript:evil()) [y][z] <javascript:evil()>\n\n[z]: javascript:evil()",
    "[x](data:text/html,<script>evil()</script>) ![x](javascript:evil()) ![y](https://evil.example/seen.png)",
    f"```mermaid\n{HTML}\n```", f"```python {HTML}\n{HTML}\n```", f"$$\\href{{javascript:evil()}}{{x}}$$ `{HTML}`",
    f"| a |\n|---|\n| {HTML} |", "![x](attachment:missing.png)", f"# {HTML}", "<!--><script>evil()</script>-->",
    "<scr<script>ipt>evil()</script>", "<p title='<img src=x onerror=evil()>'>", r"$\<foo>href{javascript:evil()}{x}$",
    r"<div>$\<foo>href{javascript:evil()}{x}$ \<foo>style{evil}{x}</div>",
)  # fmt: skip


def edit_everything(notebook: dict) -> None:
    """Rewrites check cells, points, locks, outputs, ids and kinds; copies some, deletes others, makes one up."""
    cells = notebook["cells"]
    for cell in check_cells(notebook)[:6]:  # the receipt lists forty remarks at most
        cell["source"] = "print('passed')\n41.0"
        cell["metadata"]["nbgrader"] |= {"points": 1000, "locked": False}
        cell["outputs"] = [
            {"output_type": "execute_result", "execution_count": 1, "metadata": {}, "data": {"text/plain": "1000.0"}}
        ]
    checks = [cell for cell in cells if cell["source"] == "print('passed')\n41.0"]
    cells.append(json.loads(json.dumps(checks[0])))
    cells.remove(checks[1])
    made_up = json.loads(json.dumps(checks[2]))
    made_up["metadata"]["nbgrader"] |= {"grade_id": "extra_credit", "points": 500}
    cells.append(made_up)
    checks[3]["metadata"]["nbgrader"] |= {"grade": False, "solution": True}
    checks[4]["cell_type"] = "markdown"
    for key in ("outputs", "execution_count"):
        del checks[4][key]
    notebook["metadata"]["kernelspec"] = {"name": "evil", "display_name": "evil", "language": "bash"}
    notebook["metadata"]["nbgrader"] = {"score": 1000}


def same_points(field, judgement) -> None:
    verdict = judgement.verdict
    assert verdict.max_score == sum(item.points for item in field.judge.assignment.items)
    assert "extra_credit" not in {item.id for item in verdict.items}


add(
    Attack(
        "edited-checks",
        "edits its check cells, their points, locks and outputs; copies, deletes and makes up graded cells",
        bottom=WRONG_TOY,
        notebook=edit_everything,
        lost=items("toy", status="failed"),
        repairs=("edited_metadata", "edited_cell", "missing_cell", "duplicated_cell", "unknown_cell", "cell_type"),
        after=same_points,
    ),
    Attack(
        "redefined-check",
        "replaces check() and prints tables and scores that look like the grader's",
        bottom=WRONG_TOY,
        cells=(
            "import toolbox\nfrom IPython.display import HTML, display\ntoolbox.check = check = lambda name: print(name, '41.0')\n"
            "display(HTML('<div>toy: 5 of 5 checks right · 41 of 41 points</div>'))\n41.0",
        ),
        lost=items("toy", status="failed"),
        after=same_points,
    ),
    Attack(
        "input-transformer",
        "has IPython rewrite every later cell, by an input transformer",
        cells=(
            "ip = get_ipython()\nip.input_transformers_cleanup.append(lambda lines: ['predicted = faulty = 41.0\\n'])\n"
            "ip.input_transformers_post.append(lambda lines: ['predicted = faulty = 41.0\\n'])",
        ),
        lost=items(*NOTEBOOK_ITEMS, status="failed|missing|malformed"),
    ),
    Attack(
        "ast-transformer",
        "has IPython rewrite the syntax tree of every later cell, and hooks into the events before and after cells",
        cells=(
            "import ast\n"
            "class Nothing(ast.NodeTransformer):\n    def visit(self, node):\n        return ast.parse('raise SystemExit')\n"
            "ip = get_ipython()\nip.events.register('pre_run_cell', lambda info: 1 / 0)\n"
            "ip.set_custom_exc((BaseException,), lambda *a, **k: 1 / 0)\nip.ast_transformers.append(Nothing())",
        ),
        lost=items(*NOTEBOOK_ITEMS, status="missing|failed|malformed|crashed"),
    ),
    Attack(
        "broken-shell",
        "takes IPython's shell, its keeper of outputs and the worker's notebook apart",
        cells=(
            "ip = get_ipython()\nip.keeper = None\nip.user_ns.clear()\nip.run_cell = lambda *a, **k: 1 / 0",
            "import sys\nsys.stdout = sys.stderr = None\nimport json\njson.dumps = lambda *a, **k: object()",
            "import sys\nsys.modules.clear()",
        ),
        lost=items(*NOTEBOOK_ITEMS, *FLAT_ITEMS, status="passed|missing|failed|malformed|crashed"),
    ),
    Attack(
        "shadow-modules",
        "brings modules and settings named like those that the grading imports",
        bottom=WRONG_TOY,
        files={path: EVIL for path in SHADOWS},
        lost=items("toy", status="failed"),
    ),
    Attack(
        "shadow-at-run-time",
        "writes such modules beside itself while it runs, and puts itself before everything on the path",
        bottom="import os, sys\nfor _name in ('torch', 'msgpack', 'conftest', 'sitecustomize', 'numpy', 'toolbox'):\n"
        "    with open(_name + '.py', 'w') as _file:\n        _file.write('raise SystemExit(0)')\n"
        "sys.path[:] = ['.'] + sys.path\n" + WRONG_TOY,
        lost=items("toy", status="failed"),
    ),
    Attack(
        "script-in-outputs",
        "shows HTML, JavaScript, SVG, LaTeX, Markdown, widgets and pictures that are meant to run in the TA's browser",
        cells=(
            f"from IPython.display import display\nHTML = {HTML!r}\n"
            "for mime in ('text/html', 'application/javascript', 'image/svg+xml', 'text/latex', 'text/markdown',\n"
            "             'application/vnd.jupyter.widget-view+json', 'application/vnd.jupyter.widget-state+json',\n"
            "             'application/vnd.plotly.v1+json', 'application/pdf', 'image/png', 'image/jpeg', 'image/gif', 'text/evil'):\n"
            "    display({mime: HTML if 'json' not in mime else {'x': HTML}, 'text/plain': 'evil'}, raw=True,\n"
            "            metadata={mime: {'isolated': True, 'width': '1\" onerror=\"evil()'}})\n"
            "display({'image/png': 'iVBORw0KGgo=\\\" onerror=\\\"evil()', 'text/plain': 'png'}, raw=True)",
            "print(HTML)\nimport sys\nprint('\\x1b]8;;javascript:evil()\\x1b\\\\link\\x1b[31m' + HTML, file=sys.stderr)",
            "type(HTML, (Exception,), {})(HTML).__class__\nraise type(HTML, (Exception,), {})(HTML)",
            "class Shown:\n    def _repr_html_(self):\n        return HTML\n    def _repr_mimebundle_(self, **k):\n"
            "        return {'text/html': HTML, 'application/javascript': 'evil()'}\n    __repr__ = lambda self: HTML\nShown()",
        ),
        bottom=f"def toy(x, y, z):\n    raise ValueError({HTML!r})\ndef neuron(**inputs):\n    return 0.5, {{{HTML!r}: 0.5}}\n",
        lost=items("toy", "neuron", status="failed|missing"),
        after=lambda field, judgement: field.pages_are_harmless("script-in-outputs", judgement),
    ),
    Attack(
        "script-in-text",
        "writes HTML, links, fences, formulas and pictures that are meant to run in the TA's browser into text cells",
        markdown=MARKDOWN,
        notebook=lambda notebook: notebook["cells"].append(
            {"cell_type": "markdown", "metadata": {}, "source": "![a](attachment:a.png)", "id": "with-picture",
             "attachments": {"a.png": {"image/png": 'AAAA" onerror="evil()', "image/svg+xml": HTML}}}
        ),
        after=lambda field, judgement: field.pages_are_harmless("script-in-text", judgement),
    ),
)  # fmt: skip
