"""An inference server with the real one's wire format and the test's answers."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from aiohttp import web
from aiohttp.test_utils import TestServer

SINCE = "2026-11-23T08:00:00+00:00"
BOX = [0.4, 0.3, 0.6, 0.9]
GPU = {
    "at": "2026-11-23T12:00:02+00:00",
    "index": 0,
    "name": "NVIDIA RTX 4000",
    "uuid": "GPU-5a0d7d2c",
    "utilization_percent": 31,
    "memory_used_bytes": 6 * 2**30,
    "memory_total_bytes": 20 * 2**30,
    "temperature_c": 55,
    "power_w": None,
    "power_limit_w": None,
    "pressure": "none",
}


@dataclass(kw_only=True)
class ScriptedServer:
    """What it answers may be changed at any time; `assessed` keeps the facts it was given."""

    token: str = "right-token"
    instance_id: str = "6f3f9d6e-3c54-4f6c-8f0b-8f5f5d0f4a11"
    detections: list[tuple[str, float]] = field(default_factory=lambda: [("person", 0.97)])
    score: int = 72
    test_model: bool = False
    model: str = "rtdetr_v2_r18vd"
    fallback: str | None = None  # what the detector had to fall back from
    gpu: Mapping[str, object] | None = None
    assessor: Mapping[str, object] = field(default_factory=dict)  # where its health differs
    pulls: int = 0  # how often it was asked to download its language model
    pull_problem: tuple[int, str] | None = None
    health: Mapping[str, object] | None = None  # instead of its own
    health_status: int = 200
    detect_problem: tuple[int, str] | None = None  # status and code
    detects: asyncio.Event | None = None  # pictures are answered once it is set; None is at once
    assess_problem: tuple[int, str] | None = None
    assesses: asyncio.Event | None = None  # so are events
    assessed: list[Mapping[str, object]] = field(default_factory=list)
    port: int | None = None  # once started; it comes back on the same

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.stop()

    @property
    def url(self) -> str:
        """The address without a path."""
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Listen, on the same port as before where there was one."""
        app = web.Application()
        app.router.add_get("/v1/health", self._health)
        app.router.add_post("/v1/detect", self._detect)
        app.router.add_post("/v1/assess", self._assess)
        app.router.add_post("/v1/models/pull", self._pull)
        self._running = TestServer(app, host="127.0.0.1", port=self.port)
        await self._running.start_server()
        self.port = self._running.port

    async def stop(self) -> None:
        """Close the port and every connection."""
        await self._running.close()

    async def _health(self, request: web.Request) -> web.Response:
        if (refusal := self._refusal(request)) is not None:
            return refusal
        if self.health is not None or self.health_status != 200:
            return web.json_response(self.health or {}, status=self.health_status)
        return web.json_response(
            {
                "status": "ok",
                "version": "0.1.0",
                "api_version": 1,
                "instance_id": self.instance_id,
                "detector": {
                    "state": "ready",
                    "since": SINCE,
                    "model": self.model,
                    "device": "cpu",
                    "runtime": "torch",
                    "labels": ["person", "car", "dog"],
                    "test_model": self.test_model,
                    "precision": "fp32",
                    "batch_most": 1,
                    "fallback": self.fallback,
                    "parity": None,
                    "proven_at": SINCE,
                    "error": None,
                },
                "assessor": {
                    "state": "ready",
                    "since": SINCE,
                    "backend": "ollama",
                    "model": "nemotron-3-nano:4b",
                    "model_digest": None,
                    "gpu_share": None,
                    "tokens_per_second": None,
                    "fallback": None,
                    "proven_at": None,
                    "pull": None,
                    "problem": None,
                    "error": None,
                    **self.assessor,
                },
                "gpu": self.gpu,
            }
        )

    async def _pull(self, request: web.Request) -> web.Response:
        if (refusal := self._refusal(request)) is not None:
            return refusal
        if self.pull_problem is not None:
            return _problem(*self.pull_problem)
        self.pulls += 1
        self.assessor = {**self.assessor, "pull": pull("running")}
        return web.json_response(pull("running"), status=202)

    async def _detect(self, request: web.Request) -> web.Response:
        await request.read()
        if (refusal := self._refusal(request)) is not None:
            return refusal
        if self.detects is not None:
            await self.detects.wait()
        if self.detect_problem is not None:
            return _problem(*self.detect_problem)
        return web.json_response(
            {
                "model": self.model,
                "test_model": self.test_model,
                "image": {"width": 640, "height": 480},
                "detections": [
                    {"label": label, "confidence": confidence, "box": BOX}
                    for label, confidence in self.detections
                ],
                "timings_ms": dict.fromkeys(
                    ("queue", "decode", "preprocess", "infer", "postprocess", "total"), 1.0
                ),
            }
        )

    async def _assess(self, request: web.Request) -> web.Response:
        if (refusal := self._refusal(request)) is not None:
            return refusal
        self.assessed.append(await request.json())
        if self.assesses is not None:
            await self.assesses.wait()
        if self.assess_problem is not None:
            return _problem(*self.assess_problem)
        return web.json_response(
            {
                "risk_score": self.score,
                "summary": "A person stands at the door.",
                "reasoning": "Somebody unknown, by day.",
                "backend": "ollama",
                "model": "nemotron-3-nano:4b",
                "model_digest": None,
                "prompt_version": "1",
                "usage": {"prompt_tokens": 300, "completion_tokens": 60},
                "timings_ms": {"load": None, "prefill": 10.0, "generate": 50.0, "total": 61.0},
            }
        )

    def _refusal(self, request: web.Request) -> web.Response | None:
        if request.headers.get("Authorization") == f"Bearer {self.token}":
            return None
        return _problem(401, "unauthorized")


def _problem(status: int, code: str) -> web.Response:
    return web.json_response(
        {
            "type": f"urn:hsi:problem:{code}",
            "title": code,
            "status": status,
            "detail": f"scripted: {code}",
            "code": code,
            "retryable": status in {429, 503, 504},
            "request_id": "scripted",
        },
        status=status,
        content_type="application/problem+json",
    )


def pull(state: str, *, completed_bytes: int = 0, error: str | None = None) -> dict[str, object]:
    """Return a download as the server tells of it."""
    return {
        "state": state,
        "model": "nemotron-3-nano:4b",
        "completed_bytes": completed_bytes,
        "total_bytes": 2_800_000_000 if completed_bytes else 0,
        "error": error,
    }
