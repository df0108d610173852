"""Benchmarks: each can be run alone and prints ratios against a named peer of the same run."""
