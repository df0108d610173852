"""POST /v1/assess: one event's facts in, its assessment out."""

from dataclasses import asdict
import json

from aiohttp import web

from ..assessment import Facts
from ..assessment.claims import refuse_foreign_claims
from ..assessor_keeper import AssessorKeeper
from ..errors import MalformedRequestError, UnsupportedMediaTypeError
from ..metrics import Metrics
from .body import read_body

_MAX_BODY_BYTES = 256 * 1024  # 50 objects take a tenth of it


class AssessHandler:
    """Hands facts to the language model."""

    def __init__(self, keeper: AssessorKeeper, metrics: Metrics) -> None:
        self._keeper = keeper
        self._metrics = metrics

    async def post(self, request: web.Request) -> web.Response:
        """Answer with the assessment of the request's facts."""
        facts = Facts.from_json(await _read_json(request))
        result = await self._keeper.assess(facts)
        self._metrics.observe_stage("prefill", result.timings_ms.prefill)
        self._metrics.observe_stage("generate", result.timings_ms.generate)
        self._metrics.count_tokens("prompt", result.usage.prompt_tokens)
        self._metrics.count_tokens("completion", result.usage.completion_tokens)
        refuse_foreign_claims(facts, result.summary, result.reasoning)
        return web.json_response(asdict(result))


async def _read_json(request: web.Request) -> object:
    if request.content_type != "application/json":
        raise UnsupportedMediaTypeError(f"{request.content_type} is not application/json.")
    body = await read_body(
        request,
        most_bytes=_MAX_BODY_BYTES,
        too_large=f"Facts take up to {_MAX_BODY_BYTES} bytes.",
    )
    try:
        return json.loads(body.decode("utf-8"), parse_constant=_refuse)
    except (ValueError, RecursionError) as err:
        raise MalformedRequestError(f"The body is not JSON: {err}.") from err


def _refuse(name: str) -> object:
    raise ValueError(f"{name} is no JSON number")
