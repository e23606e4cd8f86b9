"""Handing in: look at the work, say plainly what is missing, and write one zip."""
