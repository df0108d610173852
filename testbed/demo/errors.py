"""The demo's error."""


class DemoError(Exception):
    """The demo cannot continue; the message is one line with the reason and what to do."""
