"""Throwaway services for tests, demo and benchmarks."""
