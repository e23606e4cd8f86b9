"""Right answers to `beyond`, written otherwise than the solution. Never released."""
