"""Waiting for log messages."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
import logging


@contextmanager
def watch_log(message: str) -> Iterator[asyncio.Event]:
    """Yield an event that is set once the core logs a message that contains this text."""
    logged = asyncio.Event()

    class Watch(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if message in record.getMessage():
                logged.set()

    handler = Watch()
    logger = logging.getLogger("hsi_core")
    logger.addHandler(handler)
    try:
        yield logged
    finally:
        logger.removeHandler(handler)
