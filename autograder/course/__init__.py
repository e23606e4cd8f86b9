"""The content of the course as the grader knows it: one room an assignment; `rooms` says what stands in one."""
