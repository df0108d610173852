"""Stand-ins for the outside world: drawn camera scenes and the small detector trained on them."""
