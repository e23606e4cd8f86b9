"""Code that the course gives and a student's own builds on: the base class of layers, a camera, landscapes."""
