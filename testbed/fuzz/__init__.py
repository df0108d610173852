"""Attacks the inference server with images and requests that nobody means well with."""
