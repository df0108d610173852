"""Trains and measures the test detector."""
