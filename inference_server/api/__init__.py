"""The HTTP handlers, one file an endpoint family."""
