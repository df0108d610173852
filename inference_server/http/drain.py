"""Let requests in progress finish before the server stops."""

import asyncio
from typing import Final

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from inference_server.errors import StoppingError

GOODBYE: Final = 1.0  # seconds for clients of kept connections to learn that these are closing
_POLL_INTERVAL: Final = 0.02  # seconds
_ACCEPT_ROUNDS: Final = 5  # of the event loop, to accept connections that are established already


class Drain:
    """Track requests in progress, and end them when the server stops."""

    def __init__(self, *, goodbye: float = GOODBYE) -> None:
        """`goodbye` is how many seconds clients of kept connections have to notice the end."""
        self._goodbye = goodbye
        self._requests: set[asyncio.Task[object]] = set()
        self._cancelled: set[asyncio.Task[object]] = set()
        self._stopping = False

    def install(self, app: web.Application) -> None:
        """Announce with each response that its connection closes, once the server is stopping."""
        app.on_response_prepare.append(self._close_connection)

    def middleware(self) -> Middleware:
        """Return the middleware that tracks requests; it raises StoppingError for cancelled ones."""

        @web.middleware
        async def track(request: web.Request, handler: Handler) -> web.StreamResponse:
            task = asyncio.current_task()
            assert task  # noqa: S101 - a running coroutine has one
            self._requests.add(task)
            try:
                return await handler(request)
            except asyncio.CancelledError:
                if task not in self._cancelled:
                    raise  # the client has disconnected
                task.uncancel()
                raise StoppingError("Send the request again once the server is back.") from None
            finally:
                self._requests.discard(task)
                self._cancelled.discard(task)

        return track

    async def stop(self, runner: web.AppRunner, *, timeout: float) -> None:
        """Stop listening; return when all requests are answered, those after `timeout` s by an error."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        self._stopping = True
        for _ in range(_ACCEPT_ROUNDS):
            await asyncio.sleep(0)
        for site in runner.sites:
            await site.stop()
        goodbye = loop.time() + min(self._goodbye, timeout)
        while runner.server and runner.server.connections and loop.time() < goodbye:  # noqa: ASYNC110 - aiohttp has no signal for it
            await asyncio.sleep(_POLL_INTERVAL)
        # Before the runner closes connections: it would discard the rest of a body still arriving.
        while self._requests and (left := deadline - loop.time()) > 0:
            await asyncio.wait(self._requests, timeout=left)
        for task in self._requests:
            self._cancelled.add(task)
            task.cancel()

    async def _close_connection(self, _: web.Request, response: web.StreamResponse) -> None:
        if self._stopping:
            response.force_close()
            response.headers[hdrs.CONNECTION] = "close"
