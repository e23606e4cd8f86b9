"""The figures that the kit must reach, measured: one module a part, `run` for all of them."""
