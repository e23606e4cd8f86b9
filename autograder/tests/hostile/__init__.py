"""A hostile class: hand-ins that attack the grading, each with the outcome that it must have.

`attack` says what an attack is and what it must come to; the modules beside it hold the attacks, by what they are
after; `field` builds the hand-ins, grades them by the real path and looks at what became of the host; `user` does the
same as an ordinary user; `test_hostile` runs it all.
"""
