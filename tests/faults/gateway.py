"""A proxy in front of an inference server that makes its responses fail on demand.

It identifies workers by their token. It assesses events itself: the server runs without a language
model here.
"""

import asyncio
from collections import Counter, deque
from enum import StrEnum
import zlib

import aiohttp
from aiohttp import web

from testbed import inference_responses as responses
from testbed.fake_inference_server import INTERNAL, MAX_BODY, NOT_READY, OVERLOADED, not_json

SCORE = 42  # of every event
_READY_ASSESSOR = responses.health(instance_id="", detector={}, assessor={})["assessor"]


class ResponseFault(StrEnum):
    """What a faulty response is."""

    BUSY = "busy"
    NOT_READY = "not_ready"
    ERROR = "error"
    GARBAGE = "garbage"
    NOTHING = "nothing"
    DROPPED = "dropped"


_RESPONSES = {
    ResponseFault.BUSY: OVERLOADED,
    ResponseFault.NOT_READY: NOT_READY,
    ResponseFault.ERROR: INTERNAL,
    ResponseFault.GARBAGE: not_json,
}


class Gateway:
    """Forwards the workers' images to a server, except for injected faults; counts requests."""

    def __init__(self, server: str, token: str, *, empty_share: float = 0.0) -> None:
        """Forward to the server at this URL, with this token.

        `empty_share`: of the images, which are answered as if they showed nothing.
        """
        self.url = ""
        self.next_faults: deque[ResponseFault] = deque()  # of the next requests, in order
        self.requests: Counter[str] = Counter()
        self._server = server
        self._token = token
        self._empty = empty_share * 2**32
        self._watched: dict[str, asyncio.Future[str]] = {}
        self._runner: web.AppRunner | None = None
        self._session: aiohttp.ClientSession | None = None
        self._port = 0

    async def start(self) -> None:
        """Listen, on the same port every time."""
        app = web.Application(client_max_size=MAX_BODY)
        app.router.add_get("/v1/health", self._health)
        app.router.add_post("/v1/detect", self._detect)
        app.router.add_post("/v1/assess", self._assess)
        self._session = aiohttp.ClientSession()
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        self._port = self._runner.addresses[0][1]
        self.url = f"http://127.0.0.1:{self._port}"

    async def stop(self) -> None:
        """Close the port and every connection."""
        if self._runner is not None and self._session is not None:
            await self._session.close()
            await self._runner.cleanup()
            self._runner = None

    async def caller(self, kind: str, limit: float) -> str | None:
        """Return the worker of the next request, which never gets a response; None at the limit."""
        caught: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._watched[kind] = caught
        try:
            async with asyncio.timeout(limit):
                return await caught
        except TimeoutError:
            return None
        finally:
            self._watched.pop(kind, None)

    async def _health(self, request: web.Request) -> web.StreamResponse:
        status, answer = await self._forward("GET", "/v1/health", b"", {})
        if isinstance(answer, dict) and "assessor" in answer:
            answer["assessor"] = _READY_ASSESSOR
        return web.json_response(answer, status=status)

    async def _detect(self, request: web.Request) -> web.StreamResponse:
        content = await request.read()
        self.requests["detect"] += 1
        if (fault := await self._fail("detect", request)) is not None:
            return fault
        status, answer = await self._forward(
            "POST",
            f"/v1/detect?{request.query_string}",
            content,
            {"Content-Type": request.content_type},
        )
        if isinstance(answer, dict) and status == 200 and zlib.crc32(content) < self._empty:
            answer["detections"] = []
        content_type = "application/json" if status == 200 else "application/problem+json"
        return web.json_response(answer, status=status, content_type=content_type)

    async def _assess(self, request: web.Request) -> web.StreamResponse:
        await request.read()
        self.requests["assess"] += 1
        if (fault := await self._fail("assess", request)) is not None:
            return fault
        return web.json_response(responses.assessed(SCORE))

    async def _fail(self, kind: str, request: web.Request) -> web.StreamResponse | None:
        caught = self._watched.get(kind)
        if caught is not None and not caught.done():
            caught.set_result(request.headers.get("Authorization", "").removeprefix("Bearer "))
            await asyncio.sleep(3600)  # until the caller is gone
        if not self.next_faults:
            return None
        answer = self.next_faults.popleft()
        match answer:
            case ResponseFault.NOTHING:
                await asyncio.sleep(3600)
            case ResponseFault.DROPPED:
                assert request.transport is not None
                request.transport.abort()
                return web.Response(status=500)
        return _RESPONSES[answer]()

    async def _forward(
        self, method: str, path: str, content: bytes, headers: dict[str, str]
    ) -> tuple[int, object]:
        assert self._session is not None
        headers = headers | {"Authorization": f"Bearer {self._token}"}
        try:
            async with self._session.request(
                method, f"{self._server}{path}", data=content, headers=headers
            ) as response:
                return response.status, await response.json(content_type=None)
        except aiohttp.ClientConnectorError:
            raise web.HTTPBadGateway from None  # as a proxy reports a missing server
        except aiohttp.ClientError:
            raise web.HTTPInternalServerError from None
