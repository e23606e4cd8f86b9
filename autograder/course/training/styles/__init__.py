"""Right answers to `training`, written otherwise than the solution. Never released."""
