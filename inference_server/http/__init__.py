"""HTTP transport: listening, connection limits, TLS, error responses."""
