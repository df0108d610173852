"""Wires the parts, runs them, and answers queries about them."""
