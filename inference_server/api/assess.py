"""POST /v1/assess: one event's facts in, its assessment out."""

from dataclasses import asdict

from aiohttp import web

from ..assessment import Facts
from ..assessment.claims import refuse_foreign_claims
from ..assessor_keeper import AssessorKeeper
from ..metrics import Metrics
from .body import read_json

_MAX_BODY_BYTES = 256 * 1024  # 50 objects take a tenth of it


class AssessHandler:
    """Hands facts to the language model."""

    def __init__(self, keeper: AssessorKeeper, metrics: Metrics) -> None:
        self._keeper = keeper
        self._metrics = metrics

    async def post(self, request: web.Request) -> web.Response:
        """Answer with the assessment of the request's facts."""
        facts = Facts.from_json(await read_json(request, most_bytes=_MAX_BODY_BYTES))
        result = await self._keeper.assess(facts)
        self._metrics.observe_stage("load", result.timings_ms.load)
        self._metrics.observe_stage("prefill", result.timings_ms.prefill)
        self._metrics.observe_stage("generate", result.timings_ms.generate)
        self._metrics.observe_stage("assess", result.timings_ms.total)
        self._metrics.count_tokens("prompt", result.usage.prompt_tokens)
        self._metrics.count_tokens("completion", result.usage.completion_tokens)
        refuse_foreign_claims(facts, result.summary, result.reasoning)
        return web.json_response(asdict(result))
