"""Every state that the grades of a classroom have been in (`classroom/history/`), and who changed what (`log.jsonl`).

`store` keeps contents by their digest; `states` says what a state is made of, keeps one and compares two; `log` is the
list of changes, a line each; `grades` reckons the grades of a state that is past; `undone` remembers what an undo took
back, so that the next grading does not put it in force again.
"""
