"""Plain values and rules that every other room shares; no I/O."""
