"""Right answers to `scalar`, written otherwise than the solution. Never released."""
