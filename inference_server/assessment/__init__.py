"""Assesses the risk of an event by a language model."""
