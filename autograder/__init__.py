"""The TA's and the instructor's side of Backprop Kit: build, grade, audit, report. Never handed to students."""
