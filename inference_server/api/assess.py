"""POST /v1/assess: assess an event from its facts."""

import asyncio
from collections.abc import Iterator
import contextlib
from dataclasses import asdict
import math

from aiohttp import web

from inference_server.api.body import read_json
from inference_server.api.deadline import read_deadline
from inference_server.assessment.assessor_service import AssessorService
from inference_server.assessment.base import AssessmentResult
from inference_server.assessment.facts import Facts
from inference_server.assessment.images import MAX_IMAGE_BYTES, MAX_IMAGES, encoded_length
from inference_server.deadline import Deadline
from inference_server.errors import AssessorTimeoutError, OverloadedError
from inference_server.observability.metrics import Metrics

_FACTS_BYTES = 256 * 1024  # ten times the size of 50 objects
_MAX_BODY_BYTES = _FACTS_BYTES + MAX_IMAGES * encoded_length(MAX_IMAGE_BYTES)


class AssessHandler:
    """Pass facts to the language model, up to a limit of concurrent requests."""

    def __init__(self, assessor_service: AssessorService, metrics: Metrics, *, limit: int) -> None:
        self._assessor_service = assessor_service
        self._metrics = metrics
        self._limit = limit
        self._in_progress = 0
        self._last_s = 1.0  # duration of the last assessment, the estimate for Retry-After

    async def post(self, request: web.Request) -> web.Response:
        """Return the assessment of the request's facts."""
        deadline = read_deadline(request)
        with self._admit():
            facts = Facts.from_json(await read_json(request, max_bytes=_MAX_BODY_BYTES))
            result = await self._assess(facts, deadline)
        self._last_s = result.timings_ms.total / 1000
        self._metrics.observe_stage("load", result.timings_ms.load)
        self._metrics.observe_stage("prefill", result.timings_ms.prefill)
        self._metrics.observe_stage("generate", result.timings_ms.generate)
        self._metrics.observe_stage("assess", result.timings_ms.total)
        self._metrics.count_tokens("prompt", result.usage.prompt_tokens)
        self._metrics.count_tokens("completion", result.usage.completion_tokens)
        return web.json_response(asdict(result))

    @contextlib.contextmanager
    def _admit(self) -> Iterator[None]:
        if self._in_progress >= self._limit:
            raise OverloadedError(
                f"{self._in_progress} assessments are in progress or waiting already (ASSESS_LIMIT).",
                retry_after_s=max(1, math.ceil(self._last_s)),
            )
        self._in_progress += 1
        try:
            yield
        finally:
            self._in_progress -= 1

    async def _assess(self, facts: Facts, deadline: Deadline) -> AssessmentResult:
        deadline.check()
        timeout = None if math.isinf(deadline.at) else deadline.remaining
        try:
            async with asyncio.timeout(timeout) as waiting:
                return await self._assessor_service.assess(facts)
        except TimeoutError as err:
            if not waiting.expired():
                raise
            raise AssessorTimeoutError(
                "The language model did not finish before the request's deadline (X-Deadline-Ms)."
            ) from err
