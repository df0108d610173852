"""Plain values and rules that every other package shares; no I/O."""
