"""How a check calls a student's code: plain data both ways, and every failure as a reply."""
