"""The headless worker and its command line."""
