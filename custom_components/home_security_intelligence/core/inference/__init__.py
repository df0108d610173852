"""Client of the inference servers: wire format, server pool, health polling."""
