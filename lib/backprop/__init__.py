"""The student's own library: what the assignments build, one module after the other."""
