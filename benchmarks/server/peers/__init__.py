"""Other servers of the same model, each a process on the given port."""
