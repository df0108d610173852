"""Finding new, complete image files in the camera folders."""
