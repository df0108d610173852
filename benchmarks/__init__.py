"""Benchmarks; each compares its figure with a named baseline in the same run."""
