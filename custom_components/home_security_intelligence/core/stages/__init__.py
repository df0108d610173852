"""What happens to an image and to an event, one class a stage."""
