"""Right answers to `layers`, written otherwise than the solution. Never released."""
