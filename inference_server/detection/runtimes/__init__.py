"""Runtimes that compute the detector, one module each."""
