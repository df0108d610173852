"""Grouping images into events, and what is known around them."""
