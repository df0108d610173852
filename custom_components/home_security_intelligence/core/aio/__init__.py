"""Concurrency building blocks: batching, wake-ups, task supervision, circuit breaker, backoff."""
