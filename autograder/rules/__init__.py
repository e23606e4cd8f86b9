"""From verdicts to grades: the rules of a course, and the one place that applies them.

`course_file` reads `classroom/course.toml`; `terms` holds the rules in force, with extensions, excuses and the points
of each assignment; `lateness` counts; `grade` is the pure function from a verdict, marks by hand and terms to a grade;
`changes` says whose grade differs, and why.
"""
