"""Expressions of released files that compute what a solution computes, and why each may stand there.

The leak check (`autograder/build/leaks.py`) reads these rows as they stand: (file, expression, reason). Names do not
matter. A row that nothing needs any more is a problem.
"""

SHOWN = [
    ("assignments/beyond/checks/implicit.py", "(a + a.T) / 2", "the inputs are made symmetric"),
    ("assignments/beyond/checks/second.py", "(matrix + matrix.T) / 2", "the inputs are made symmetric"),
    ("assignments/tensors/checks/notebook.py", "4 * numbers / 2**30", "bytes in GiB; the number is what is asked"),
    ("lib/toolbox/checks/reference/implicit.py", "(a + a.T) / 2", "the gradient of a symmetric matrix is symmetric"),
    (
        "lib/toolbox/checks/reference/implicit.py",
        "image - camera.project(pose, points)",
        "what the text asks to be small",
    ),
    ("lib/toolbox/datasets/augment.py", "(variance + floor).sqrt()", "a standard deviation"),
    (
        "lib/toolbox/given/smooth_functions.py",
        "shifted - shifted.exp().sum(dim=1, keepdim=True).log()",
        "given code: a loss that can be differentiated twice",
    ),
]
