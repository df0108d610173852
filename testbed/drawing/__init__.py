"""Drawn camera scenes."""
