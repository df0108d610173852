"""The inference server measured against others and against the hardware's limit."""
