"""Mutation of the masters: break the solutions in every small way, and see that the hidden suites notice.

A surviving mutant is a hole in a suite, or code that says the same in other words; the second kind is listed with its
reason in `autograder/course/<assignment>/equivalent.py`. cosmic-ray finds the places and makes the changes.

sites.py      what can be changed in the solution regions of a module
operators.py  the changes that gradient code calls for, beside cosmic-ray's own
trial.py      one mutant against the suite, in a process of its own
run.py        all of them: what was killed, what is equivalent, what survived
table.py      the figures for autograder/README.md
"""
