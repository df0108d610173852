"""Sensor families of the inference servers."""
