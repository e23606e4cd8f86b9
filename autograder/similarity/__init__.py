"""Which hand-ins are alike beyond what everybody was given: `python -m autograder similar NAME`.

`work` reads what a student wrote; `compare` ranks pairs with copydetect; `report.similar_page` shows them side by side.
It finds passages to read, and accuses nobody: students may work together, learn from one text, or be right alike.
"""
