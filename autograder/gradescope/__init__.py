"""An autograder for Gradescope: `python -m autograder gradescope NAME` writes the zip that is uploaded there.

`bundle` makes the zip here; `harness` runs in Gradescope's container and judges one hand-in there, with the same judge
and seed as at home; `results` turns its verdict into the `results.json` that Gradescope reads.
"""
