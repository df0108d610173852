"""The running pipeline and its facade."""
