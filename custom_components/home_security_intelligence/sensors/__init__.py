"""Families of sensors that the sensor platform collects."""
