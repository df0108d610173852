"""Benchmarks of the inference server against other servers and the hardware's limit."""
