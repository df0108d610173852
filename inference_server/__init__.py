"""The inference server of Home Security Intelligence."""

__version__ = "0.1.0"
