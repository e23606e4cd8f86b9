"""What the grader knows about the assignment `scalar`."""
