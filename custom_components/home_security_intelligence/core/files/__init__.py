"""Reading image files and camera roots from disk."""
