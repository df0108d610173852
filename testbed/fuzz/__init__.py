"""Attacks the inference server with pictures and requests that nobody means well with."""
