"""A server over a real socket that answers what a picture's content says, and fails on demand.

A picture's content is lines of `label confidence`; anything after a `#` only makes it different.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from uuid import UUID

from aiohttp import web

TOKEN = "let me in"
INSTANCE = str(UUID(int=7))
SINCE = "2026-01-01T00:00:00+00:00"


def problem(
    status: int, code: str, *, retryable: bool, retry_after: float | None = None
) -> Callable[[], web.Response]:
    """Make answers that are problem details."""
    body: dict[str, object] = {
        "type": f"urn:hsi:problem:{code}",
        "title": code,
        "status": status,
        "detail": f"the server says {code}",
        "code": code,
        "retryable": retryable,
        "request_id": "1",
    }
    if retry_after is not None:
        body["retry_after_s"] = retry_after
    return lambda: web.json_response(body, status=status, content_type="application/problem+json")


OVERLOADED = problem(429, "overloaded", retryable=True, retry_after=0.05)
NOT_READY = problem(503, "detector_unavailable", retryable=True, retry_after=0.05)
INTERNAL = problem(500, "internal", retryable=True)
UNAUTHORIZED = problem(401, "unauthorized", retryable=False)
NO_IMAGE = problem(422, "invalid_image", retryable=False)
NO_LANGUAGE_MODEL = problem(501, "assessor_absent", retryable=False)
MALFORMED = problem(502, "assessor_invalid_output", retryable=True)
FOREIGN_CLAIM = problem(502, "assessor_foreign_claim", retryable=True)


def garbage() -> web.Response:
    """Answer something that is no answer."""
    return web.Response(text="<html>router login</html>", content_type="text/html")


class ScriptedServer:
    """Counts what it is asked; `faults` are answered first, `fault` instead of everything."""

    def __init__(self) -> None:
        self.url = ""
        self.detected: Counter[bytes] = Counter()
        self.assessed: list[dict[str, object]] = []
        self.faults: deque[Callable[[], web.Response]] = deque()
        self.assess_faults: deque[Callable[[], web.Response]] = deque()
        self.fault: Callable[[], web.Response] | None = None
        self.assess_fault: Callable[[], web.Response] | None = None
        self.model = "scripted"
        self.state = "ready"  # the detector's, and that of the assessor
        self.assessor_state = "ready"
        self.vision: bool | None = None  # of its language model
        self.pictures: int | None = None  # in hand, of all clients; None: it does not say
        self.labels: dict[str, str] = {}  # what it says instead of a label
        self.score: int | None = None  # the highest that is open to it
        self.asked = asyncio.Event()
        self.go = asyncio.Event()  # detections wait for it
        self.go.set()
        self.poison: bytes | None = None  # asked about it, it says so and never answers
        self.poisoned = asyncio.Event()
        self._runner: web.AppRunner | None = None
        self._port = 0

    async def start(self) -> None:
        """Listen, on the same port every time."""
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_get("/v1/health", self._health)
        app.router.add_post("/v1/detect", self._detect)
        app.router.add_post("/v1/assess", self._assess)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        self._port = self._runner.addresses[0][1]
        self.url = f"http://127.0.0.1:{self._port}"

    async def stop(self) -> None:
        """Be gone."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _health(self, request: web.Request) -> web.Response:
        if self.fault is UNAUTHORIZED:
            return UNAUTHORIZED()
        load = {} if self.pictures is None else {"pictures": self.pictures}
        return web.json_response(
            {
                "status": "ok",
                "version": "0.1.0",
                "api_version": 1,
                "instance_id": INSTANCE,
                "detector": {
                    "state": self.state,
                    "since": SINCE,
                    "model": self.model,
                    "device": "cpu",
                    "runtime": "none",
                    "labels": ["person", "car"],
                    "test_model": True,
                    "precision": "fp32",
                    "batch_most": 1,
                    "fallback": None,
                    "parity": None,
                    "proven_at": SINCE,
                    "error": None,
                    **load,
                },
                "assessor": {
                    "state": self.assessor_state,
                    "since": SINCE,
                    "backend": "embedded",
                    "model": "scripted",
                    "model_digest": None,
                    "vision": self.vision,
                    "gpu_share": None,
                    "tokens_per_second": None,
                    "fallback": None,
                    "proven_at": None,
                    "pull": None,
                    "problem": None,
                    "error": None,
                },
                "gpu": None,
            }
        )

    async def _detect(self, request: web.Request) -> web.Response:
        content = await request.read()
        self.detected[content] += 1
        self.asked.set()
        if content == self.poison:
            self.poisoned.set()
            await asyncio.Event().wait()
        await self.go.wait()
        if self.fault is not None:
            return self.fault()
        if self.faults:
            return self.faults.popleft()()
        if content.startswith(b"broken"):
            return NO_IMAGE()
        return web.json_response(
            {
                "model": "scripted",
                "test_model": True,
                "image": {"width": 640, "height": 480},
                "detections": [
                    self._detection(line) for line in content.decode().splitlines() if line
                ],
                "timings_ms": dict.fromkeys(
                    ("queue", "decode", "preprocess", "infer", "postprocess", "total"), 0.0
                ),
            }
        )

    async def _assess(self, request: web.Request) -> web.Response:
        facts = await request.json()
        self.assessed.append(facts)
        if self.assess_fault is not None:
            return self.assess_fault()
        if self.assess_faults:
            return self.assess_faults.popleft()()
        return web.json_response(
            {
                "risk_score": facts["rules"]["high"] if self.score is None else self.score,
                "summary": "somebody came",
                "reasoning": "a person was seen",
                "backend": "embedded",
                "model": "scripted",
                "model_digest": "5c81",
                "prompt_version": "1",
                "usage": {"prompt_tokens": 700, "completion_tokens": 60},
                "timings_ms": {
                    "load": None,
                    "prefill": 90.0,
                    "generate": 1500.0,
                    "total": 1600.0,
                },
            }
        )

    def _detection(self, line: str) -> dict[str, object]:
        label, confidence = line.partition("#")[0].split()
        return {
            "label": self.labels.get(label, label),
            "confidence": float(confidence),
            "box": [0.1, 0.1, 0.5, 0.9],
        }
