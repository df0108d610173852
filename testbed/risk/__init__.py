"""Evaluates risk rules and models on labelled scenarios."""
