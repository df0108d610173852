"""Stands before the inference server and makes it answer badly on demand.

It tells workers apart by their token. Assessments it answers itself: the server runs without a
language model here.
"""

import asyncio
from collections import Counter, deque
from enum import StrEnum

import aiohttp
from aiohttp import web

from tests.core.pipeline.scripted_server import INTERNAL, NOT_READY, OVERLOADED, garbage

_ASSESSMENT = {
    "risk_score": 42,
    "summary": "somebody came",
    "reasoning": "a person was seen",
    "backend": "embedded",
    "model": "scripted",
    "model_digest": None,
    "prompt_version": "1",
    "usage": {"prompt_tokens": 1, "completion_tokens": None},
    "timings_ms": {"load": None, "prefill": None, "generate": None, "total": 1.0},
}
_ASSESSOR = {
    "state": "ready",
    "since": "2026-01-01T00:00:00+00:00",
    "backend": "embedded",
    "model": "scripted",
    "model_digest": None,
    "gpu_share": None,
    "tokens_per_second": None,
    "fallback": None,
    "proven_at": None,
    "pull": None,
    "problem": None,
    "error": None,
}
_SCRIPTED_HEALTH = {
    "status": "ok",
    "version": "0.1.0",
    "api_version": 1,
    "instance_id": "00000000-0000-0000-0000-000000000007",
    "detector": {
        "state": "ready",
        "since": "2026-01-01T00:00:00+00:00",
        "model": "scripted",
        "device": "cpu",
        "runtime": "none",
        "labels": ["person"],
        "test_model": True,
        "precision": "fp32",
        "batch_most": 1,
        "fallback": None,
        "parity": None,
        "proven_at": "2026-01-01T00:00:00+00:00",
        "error": None,
    },
    "gpu": None,
}


class Answer(StrEnum):
    """What comes instead of a good answer."""

    BUSY = "busy"
    NOT_READY = "not_ready"
    ERROR = "error"
    GARBAGE = "garbage"
    NOTHING = "nothing"
    DROPPED = "dropped"


_RESPONSES = {
    Answer.BUSY: OVERLOADED,
    Answer.NOT_READY: NOT_READY,
    Answer.ERROR: INTERNAL,
    Answer.GARBAGE: garbage,
}


class Gateway:
    """Listens for workers, passes their pictures on, and notes what it answered of each."""

    def __init__(self, server: str | None, token: str) -> None:
        """`server` is the real one's address; without one, each whole JPEG has one person."""
        self.url = ""
        self.bad: deque[Answer] = deque()  # what comes of the next requests
        self.requests: Counter[str] = Counter()
        self._server = server
        self._token = token
        self._watched: dict[str, asyncio.Future[str]] = {}
        self._runner: web.AppRunner | None = None
        self._session: aiohttp.ClientSession | None = None
        self._port = 0

    async def start(self) -> None:
        """Listen, on the same port every time."""
        app = web.Application(client_max_size=64 * 1024 * 1024)
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
        """Be gone, with every request in hand."""
        if self._runner is not None and self._session is not None:
            await self._session.close()
            await self._runner.cleanup()
            self._runner = None

    async def caller(self, kind: str, limit: float) -> str | None:
        """Return who makes the next request, which then is never answered; None if nobody does."""
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
        if self._server is None:
            return web.json_response(_SCRIPTED_HEALTH | {"assessor": _ASSESSOR})
        status, answer = await self._pass_on("GET", "/v1/health", b"", {})
        if isinstance(answer, dict) and "assessor" in answer:
            answer["assessor"] = _ASSESSOR
        return web.json_response(answer, status=status)

    async def _detect(self, request: web.Request) -> web.StreamResponse:
        content = await request.read()
        self.requests["detect"] += 1
        if (bad := await self._fail("detect", request)) is not None:
            return bad
        if self._server is None:
            return _scripted(content)
        status, answer = await self._pass_on(
            "POST",
            f"/v1/detect?{request.query_string}",
            content,
            {"Content-Type": request.content_type},
        )
        content_type = "application/json" if status == 200 else "application/problem+json"
        return web.json_response(answer, status=status, content_type=content_type)

    async def _assess(self, request: web.Request) -> web.StreamResponse:
        await request.read()
        self.requests["assess"] += 1
        if (bad := await self._fail("assess", request)) is not None:
            return bad
        return web.json_response(_ASSESSMENT)

    async def _fail(self, kind: str, request: web.Request) -> web.StreamResponse | None:
        caught = self._watched.get(kind)
        if caught is not None and not caught.done():
            caught.set_result(request.headers.get("Authorization", "").removeprefix("Bearer "))
            await asyncio.sleep(3600)  # until whoever asks is gone
        if not self.bad:
            return None
        answer = self.bad.popleft()
        match answer:
            case Answer.NOTHING:
                await asyncio.sleep(3600)
            case Answer.DROPPED:
                assert request.transport is not None
                request.transport.abort()
                return web.Response(status=500)
        return _RESPONSES[answer]()

    async def _pass_on(
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
            raise web.HTTPBadGateway from None  # as a proxy says that there is no server
        except aiohttp.ClientError:
            raise web.HTTPInternalServerError from None


def _scripted(content: bytes) -> web.Response:
    whole = content.startswith(b"\xff\xd8") and content.endswith(b"\xff\xd9")
    if not whole:
        body = {
            "type": "urn:hsi:problem:invalid_image",
            "title": "invalid image",
            "status": 422,
            "detail": "it is not a whole picture",
            "code": "invalid_image",
            "retryable": False,
            "request_id": "1",
        }
        return web.json_response(body, status=422, content_type="application/problem+json")
    timings = ("queue", "decode", "preprocess", "infer", "postprocess", "total")
    return web.json_response(
        {
            "model": "scripted",
            "test_model": True,
            "image": {"width": 320, "height": 240},
            "detections": [{"label": "person", "confidence": 0.93, "box": [0.1, 0.1, 0.5, 0.9]}],
            "timings_ms": dict.fromkeys(timings, 0.0),
        }
    )
