"""What stops the demo."""


class DemoError(Exception):
    """The demo cannot go on; the message is one line that says why and what to do."""
