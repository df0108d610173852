"""Serves connections so that what never reaches a handler is answered with problem details, too."""

import asyncio
from collections.abc import Awaitable, Callable
import contextlib
from uuid import uuid4

from aiohttp import hdrs, web

from inference_server.errors import (
    InternalError,
    MalformedRequestError,
    ProblemError,
    StoppingError,
)
from inference_server.http.problems import NO_ROUTE, REQUEST_ID, to_response
from inference_server.observability.logs import current_request_id
from inference_server.observability.metrics import NO_METRICS, Metrics

_HEADERS = 64  # a request may have
_HEADER_BYTES = 8190  # that its first line and each of its headers may have
_STALL = 60.0  # seconds in which a client has to take some of the answer it is sent
_FAREWELL = 1.0  # seconds in which clients are told with their next answer that the connection ends
_LAST_WORDS = 1.0  # seconds in which those are answered whose work is given up
_TICKS = 5  # of the loop, in which it accepts and begins to serve whoever has connected
_CONTINUE = "100-continue"
_Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class ProblemRunner(web.AppRunner):
    """Runs an application; a request that is no HTTP gets a problem like any other."""

    def __init__(
        self,
        app: web.Application,
        *,
        idle_timeout: float,
        shutdown_timeout: float,
        metrics: Metrics = NO_METRICS,
    ) -> None:
        """`idle_timeout` is in seconds, for a connection that begins no request; so is the other.

        `metrics` counts what never reaches the application.
        """
        super().__init__(app, shutdown_timeout=shutdown_timeout)
        self._metrics = metrics
        self._idle_timeout = idle_timeout
        self._stopped_at: float | None = None
        self._underway: set[asyncio.Task[object]] = set()  # requests
        self._given_up: set[asyncio.Task[object]] = set()
        self._nobody_left = asyncio.Event()
        self._nobody_left.set()

    def drain_for(self, seconds: float) -> None:
        """Give requests underway so long, from when it stops to listen."""
        self._shutdown_timeout = seconds

    async def stop_listening(self) -> None:
        """Take no more connections; those there are end with their next answer."""
        for _ in range(_TICKS):
            await asyncio.sleep(0)
        for site in list(self._sites):
            await site.stop()
        self._stopped_at = asyncio.get_running_loop().time()

    async def cleanup(self) -> None:
        """End; who sends a request on a connection that was idle until now is answered."""
        if self._stopped_at is None:
            await self.stop_listening()
        assert self._stopped_at is not None  # noqa: S101 - set there
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(self._stopped_at + _FAREWELL):
                await self._nobody_left.wait()
        last = self._stopped_at + self._shutdown_timeout
        timer = asyncio.get_running_loop().call_at(last, self._give_up)
        self._shutdown_timeout += _LAST_WORDS
        await super().cleanup()
        timer.cancel()

    def _give_up(self) -> None:
        self._given_up |= self._underway
        for task in self._underway:
            task.cancel()

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        server = _Server(
            self._last_answers(_with_problems(made.request_handler, self._metrics)),
            request_factory=made.request_factory,
            handler_cancellation=True,  # a client that is gone needs no answer
            access_log=None,  # problems.py logs each request with its id
            keepalive_timeout=self._idle_timeout,
            auto_decompress=False,  # a small body may be a large one, also of who has no token
            max_headers=_HEADERS,
            max_line_size=_HEADER_BYTES,
            max_field_size=_HEADER_BYTES,
        )
        server.nobody_left, server.metrics = self._nobody_left, self._metrics
        return server

    def _last_answers(self, handle: _Handler) -> _Handler:
        """Say with each answer that the connection ends, once the server does; in time, with any."""

        async def handler(request: web.BaseRequest) -> web.StreamResponse:
            task = asyncio.current_task()
            assert task  # noqa: S101 - a coroutine that runs has one
            self._underway.add(task)
            try:
                response = await handle(request)
            except asyncio.CancelledError:
                if task not in self._given_up:
                    raise
                task.uncancel()
                return _answer(
                    StoppingError("Ask again once it is back."),
                    current_request_id.get() or uuid4().hex,
                )
            finally:
                self._underway.discard(task)
            if self._stopped_at is not None and not _has_more(request.protocol):
                response.force_close()
            return response

        return handler


class _Server(web.Server):
    _open = 0  # connections
    nobody_left: asyncio.Event
    metrics: Metrics

    def __call__(self) -> web.RequestHandler:
        return _Connection(self, loop=self._loop, **self._kwargs)

    def connection_made(self, handler: web.RequestHandler, transport: asyncio.Transport) -> None:
        """Count the connection."""
        self._open += 1
        self.nobody_left.clear()
        super().connection_made(handler, transport)

    def connection_lost(
        self, handler: web.RequestHandler, exc: BaseException | None = None
    ) -> None:
        """Count it no more."""
        self._open -= 1
        if not self._open:
            self.nobody_left.set()
        super().connection_lost(handler, exc)


class _Connection(web.RequestHandler):
    __slots__ = ("_stalled",)

    @property
    def has_more(self) -> bool:
        """Whether requests wait that were sent before this one was answered."""
        return bool(self._messages)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Serve the connection."""
        self._stalled: asyncio.TimerHandle | None = None
        super().connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Wait for nothing more."""
        self._flows()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Wait for the client to take what it is sent, but not for ever."""
        super().pause_writing()
        transport = self.transport
        if transport is not None:
            self._stalled = self._loop.call_later(_STALL, transport.abort)

    def resume_writing(self) -> None:
        """Go on."""
        self._flows()
        super().resume_writing()

    def _flows(self) -> None:
        if self._stalled:
            self._stalled.cancel()
            self._stalled = None

    def data_received(self, data: bytes) -> None:
        """Take what is missing of the request underway, also once the server has begun to end.

        aiohttp drops it then: the handler would wait for it until the server has ended.
        """
        ending = self._close, self._force_close
        if self._request_in_progress:
            self._close = self._force_close = False
        super().data_received(data)
        self._close |= ending[0]
        self._force_close |= ending[1]

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer a request that cannot be read; the connection ends, for nobody knows where it does."""
        request_id = uuid4().hex
        current_request_id.set(request_id)
        super().handle_error(request, status, exc, message)  # logs; raises if an answer has begun
        problem: ProblemError
        if status < 500:
            # The parser's own words quote the request, token and all.
            problem = MalformedRequestError("The request is no HTTP that this server can read.")
        else:
            problem = InternalError("The server failed on this request; its log says more.")
        if isinstance(self._manager, _Server):
            _count(self._manager.metrics, problem)
        return _answer(problem, request_id)


def _has_more(protocol: object) -> bool:
    return isinstance(protocol, _Connection) and protocol.has_more


def _count(metrics: Metrics, problem: ProblemError) -> None:
    metrics.count_request(NO_ROUTE, str(int(problem.status)), problem.code)


def _with_problems(handle: _Handler, metrics: Metrics) -> _Handler:
    """Refuse what aiohttp would refuse in its own words, before any middleware."""

    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        if request.headers.get(hdrs.EXPECT, _CONTINUE).lower() != _CONTINUE:
            problem = MalformedRequestError(f"No other expectation than {_CONTINUE} can be met.")
            _count(metrics, problem)
            return _answer(problem, uuid4().hex)
        return await handle(request)

    return handler


def _answer(problem: ProblemError, request_id: str) -> web.Response:
    response = to_response(problem, request_id)
    response.headers[REQUEST_ID] = request_id
    response.force_close()
    return response
