"""Grouping of images into events, their context, and feedback on them."""
