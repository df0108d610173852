"""Training and measurement of the test detector."""
