"""Logs, metrics, traces and component status."""
