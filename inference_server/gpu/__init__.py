"""GPU figures and GPU failure detection."""
