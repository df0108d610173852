"""What happens to an image and to an event: one class a stage, with one public method."""
