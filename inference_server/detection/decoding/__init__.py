"""From image bytes to the detector's input."""
