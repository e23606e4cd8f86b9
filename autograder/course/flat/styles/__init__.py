"""Right answers to `flat`, written otherwise than the solution. Never released."""
