"""Other ways to serve the same model, each a process of its own on the port it is given."""
