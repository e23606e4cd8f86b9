"""What suites compare with, by PyTorch in float64, and what known mistakes would lead to: one module a field."""
