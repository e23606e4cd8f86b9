"""Where the course lies, and the cells of a notebook: found, read and run."""
