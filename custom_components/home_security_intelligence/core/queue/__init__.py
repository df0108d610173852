"""The job queue: workers, leases, retry policy and dead letters."""
