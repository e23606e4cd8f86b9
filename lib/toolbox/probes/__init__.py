"""What runs beside a student's code for a check: optimisers, files, graphs, planted faults, counted work."""
