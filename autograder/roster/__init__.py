"""Who is in the class: one stable identity per student, whatever each platform calls them.

`file`: classroom/roster.csv, which a person edits. `student`: one line of it. `columns`: which column of a platform's
list names a student. `matching`: whose a row or a hand-in is. `names`: when two spellings are one name.
"""
