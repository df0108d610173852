"""Chooses the runtime and proves it against the reference."""
