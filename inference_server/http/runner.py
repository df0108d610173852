"""Serve an application's connections."""

from typing import Final

from aiohttp import web, web_response

_IDLE_TIMEOUT: Final = 75.0  # seconds a connection may take to begin its first or next request
# aiohttp adds its version and Python's to every response, also to those that no handler sees.
setattr(web_response, "SERVER_SOFTWARE", "inference-server")  # noqa: B010 - not an export
_CLOSE_TIMEOUT: Final = 1.0  # seconds for the last responses to be sent


def create_runner(app: web.Application, *, idle_timeout: float = _IDLE_TIMEOUT) -> web.AppRunner:
    """Return the runner; `idle_timeout` is in seconds."""
    return web.AppRunner(
        app,
        handler_cancellation=True,  # a client that has disconnected needs no response
        access_log=None,  # problems.py logs each request with its id
        auto_decompress=False,  # a small body could expand to a large one before it is authorized
        keepalive_timeout=idle_timeout,
        shutdown_timeout=_CLOSE_TIMEOUT,
    )
