"""Select the runtime and check it against the reference."""
