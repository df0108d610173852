"""A fake inference server: the real wire format over a real socket, scripted responses and faults.

An image is either a JPEG, which shows one person, or lines of `label confidence`; anything after a
`#` only makes it different. Every other content, and all that starts with `broken`, is refused as
an invalid image. `python -m testbed.fake_inference_server PORT [hang] [slow]` runs one that records
nothing, for benchmarks; with `hang` it never responds to an assessment, with `slow` it detects 20
images a second.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
import sys
from types import TracebackType
from typing import Any, Self, TypeAlias

from aiohttp import web

from testbed import inference_responses as responses

TOKEN = "right-token"  # noqa: S105 - of a fake
INSTANCE_ID = "6f3f9d6e-3c54-4f6c-8f0b-8f5f5d0f4a11"
SLOW = 0.05  # seconds that a slow server takes for each image
MAX_BODY = 64 * 1024 * 1024  # bytes
JPEG_PERSON = (("person", 0.97),)

Fault: TypeAlias = Callable[[], web.Response]


def problem(
    status: int, code: str, *, retryable: bool | None = None, retry_after: float | None = None
) -> Fault:
    """Make a fault that responds with problem details."""
    body = responses.problem(status, code, retryable=retryable, retry_after=retry_after)
    return json_response(body, status, "application/problem+json")


def json_response(
    body: Mapping[str, object], status: int = 200, content_type: str = "application/json"
) -> Fault:
    """Make a fault that responds with this JSON."""
    return lambda: web.json_response(body, status=status, content_type=content_type)


def not_json() -> web.Response:
    """Respond as a server that is no inference server."""
    return web.Response(text="<html>router login</html>", content_type="text/html")


def forbidden() -> web.Response:
    """Respond as a firewall in front of the server that refuses the request."""
    return web.Response(status=403, text="<html>Forbidden</html>", content_type="text/html")


def hang_up() -> web.Response:
    """Close the connection without a response, as a server that ends does."""
    return _NoResponse()


class _NoResponse(web.Response):
    async def prepare(self, request: web.BaseRequest) -> None:
        if request.transport is not None:
            request.transport.abort()
        raise ConnectionResetError


OVERLOADED = problem(429, "overloaded", retry_after=0.05)
NOT_READY = problem(503, "detector_unavailable", retry_after=0.05)
INTERNAL = problem(500, "internal")
UNAUTHORIZED = problem(401, "unauthorized")
INVALID_IMAGE = problem(422, "invalid_image")
NO_ASSESSOR = problem(501, "assessor_absent")
INVALID_OUTPUT = problem(502, "assessor_invalid_output")
FOREIGN_CLAIM = problem(502, "assessor_foreign_claim")


def _open_gate() -> asyncio.Event:
    gate = asyncio.Event()
    gate.set()
    return gate


@dataclass(kw_only=True)
class FakeInferenceServer:
    """A server whose responses can be changed at any time; it records the requests.

    Of the faults of an endpoint, its `..._fault` replaces every response and its queue of
    `..._faults` the next ones. While a gate is closed, requests of its endpoint wait.
    """

    token: str = TOKEN
    instance_id: str = INSTANCE_ID
    model: str = "rtdetr_v2_r18vd"
    test_model: bool = False
    detections: Sequence[tuple[str, float]] | None = None  # None: what the image contains
    labels: dict[str, str] = field(default_factory=dict)  # replacements for labels in images
    boxes: Sequence[Sequence[float]] = (responses.BOX,)  # of the detections, in turn
    damaged: str | None = None  # what is wrong with every image's file
    score: int | None = None  # None: the highest that the rules allow
    agrees: bool = False  # without a score, the answer is the score of the rules
    detector: Mapping[str, object] = field(default_factory=dict)  # fields that differ in health
    assessor: Mapping[str, object] = field(default_factory=dict)
    gpu: Mapping[str, object] | None = None
    health_fault: Fault | None = None
    detect_fault: Fault | None = None
    detect_faults: deque[Fault] = field(default_factory=deque)
    detect_gate: asyncio.Event = field(default_factory=_open_gate)
    assess_fault: Fault | None = None
    assess_faults: deque[Fault] = field(default_factory=deque)
    assess_gate: asyncio.Event = field(default_factory=_open_gate)
    pull_fault: Fault | None = None
    image_faults: dict[bytes, Fault] = field(default_factory=dict)  # of single images
    hang_on: bytes | None = None  # an image that never gets a response
    seconds_per_image: float = 0.0  # images are detected one after the other
    recording: bool = True

    port: int = 0  # chosen at the first start, kept over restarts
    detected: Counter[bytes] = field(default_factory=Counter)  # requests by image
    assessed: list[dict[str, Any]] = field(default_factory=list)  # the facts of each request
    pulls: int = 0  # requests for a download of the language model
    requested: asyncio.Event = field(default_factory=asyncio.Event)  # set by each detect request
    hung: asyncio.Event = field(default_factory=asyncio.Event)  # set by each request that hangs
    _runner: web.AppRunner | None = None
    _detector: asyncio.Lock = field(default_factory=asyncio.Lock)

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

    def application(self) -> web.Application:
        """Return the application."""
        app = web.Application(client_max_size=MAX_BODY)
        app.router.add_get("/v1/health", self._health)
        app.router.add_post("/v1/detect", self._detect)
        app.router.add_post("/v1/assess", self._assess)
        app.router.add_post("/v1/models/pull", self._pull)
        return app

    async def start(self) -> None:
        """Listen on loopback, on the same port every time."""
        self._runner = web.AppRunner(self.application(), access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Close the port and every connection."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _health(self, request: web.Request) -> web.Response:
        if not self._is_authorized(request):
            return UNAUTHORIZED()
        if self.health_fault is not None:
            return self.health_fault()
        detector = {"model": self.model, "test_model": self.test_model, **self.detector}
        return web.json_response(
            responses.health(
                instance_id=self.instance_id,
                detector=detector,
                assessor=self.assessor,
                gpu=self.gpu,
            )
        )

    async def _detect(self, request: web.Request) -> web.Response:
        image = await request.read()
        if self.recording:
            self.detected[image] += 1
        self.requested.set()
        if not self._is_authorized(request):
            return UNAUTHORIZED()
        if image == self.hang_on:
            self.hung.set()
            await asyncio.Event().wait()
        await self.detect_gate.wait()
        if self.seconds_per_image:
            async with self._detector:
                await asyncio.sleep(self.seconds_per_image)
        fault = self.image_faults.get(image)
        fault = fault or _next_fault(self.detect_fault, self.detect_faults)
        if fault is not None:
            return fault()
        detections = self._read_image(image) if self.detections is None else self.detections
        if detections is None:
            return INVALID_IMAGE()
        return web.json_response(
            responses.detected(
                detections,
                model=self.model,
                test_model=self.test_model,
                boxes=self.boxes,
                damaged=self.damaged,
            )
        )

    async def _assess(self, request: web.Request) -> web.Response:
        facts = await request.json()
        if not self._is_authorized(request):
            return UNAUTHORIZED()
        if self.recording:
            self.assessed.append(facts)
        await self.assess_gate.wait()
        if (fault := _next_fault(self.assess_fault, self.assess_faults)) is not None:
            return fault()
        rules = facts["rules"]
        score = rules["score" if self.agrees else "high"] if self.score is None else self.score
        return web.json_response(responses.assessed(score))

    async def _pull(self, request: web.Request) -> web.Response:
        if not self._is_authorized(request):
            return UNAUTHORIZED()
        if self.pull_fault is not None:
            return self.pull_fault()
        self.pulls += 1
        running = responses.pull("running")
        self.assessor = {**self.assessor, "pull": running}
        return web.json_response(running, status=202)

    def _is_authorized(self, request: web.Request) -> bool:
        return request.headers.get("Authorization") == f"Bearer {self.token}"

    def _read_image(self, image: bytes) -> Sequence[tuple[str, float]] | None:
        """Return what the image shows; None if it is neither a whole JPEG nor scripted text."""
        if image.startswith(b"\xff\xd8"):
            return JPEG_PERSON if image.endswith(b"\xff\xd9") else None
        if image.startswith(b"broken"):
            return None
        found = []
        try:
            for line in image.decode().splitlines():
                if line:
                    label, confidence = line.partition("#")[0].split()
                    found.append((self.labels.get(label, label), float(confidence)))
        except ValueError:  # includes text that is not UTF-8
            return None
        return found


def _next_fault(standing: Fault | None, queued: deque[Fault]) -> Fault | None:
    return standing or (queued.popleft() if queued else None)


def main(port: int, *, hangs_in_assess: bool, slow: bool) -> None:
    """Serve on this port until the process ends: one person in every image."""
    server = FakeInferenceServer(
        detections=[("person", 0.7)],
        score=42,
        test_model=True,
        recording=False,
        seconds_per_image=SLOW if slow else 0.0,
    )
    if hangs_in_assess:
        server.assess_gate.clear()
    web.run_app(server.application(), host="127.0.0.1", port=port, access_log=None, print=None)


if __name__ == "__main__":
    main(int(sys.argv[1]), hangs_in_assess="hang" in sys.argv[2:], slow="slow" in sys.argv[2:])
