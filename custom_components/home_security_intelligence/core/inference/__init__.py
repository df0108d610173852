"""The client of inference servers: wire format, server pool, health polling."""
