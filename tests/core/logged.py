"""A signal for what a part only logs."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
import logging


@contextmanager
def logged(logger: str, text: str) -> Iterator[asyncio.Event]:
    """Set an event once a logger writes a line with this text."""
    found, loop = asyncio.Event(), asyncio.get_running_loop()

    class Watch(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if text in record.getMessage():
                loop.call_soon_threadsafe(found.set)

    watch, watched = Watch(), logging.getLogger(logger)
    watched.addHandler(watch)
    try:
        yield found
    finally:
        watched.removeHandler(watch)
