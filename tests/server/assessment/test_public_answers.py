"""Answers and refusals from public reports: what is unambiguous is read, the rest is explained."""

from collections.abc import Awaitable, Callable
import json
from typing import Any

from aiohttp import web
import pytest

from inference_server.assessment.base import Assessor
from inference_server.assessment.ollama import OllamaAssessor
from inference_server.assessment.openai import OpenAiAssessor
from inference_server.errors import AssessorCrashedError, ProblemError
from tests.server.assessment.bodies import facts
from tests.server.assessment.public import READ, Answer, Refusal
from tests.server.assessment.public.ollama_answers import OLLAMA
from tests.server.assessment.public.openai_answers import OPENAI
from tests.server.assessment.public.refusals import OLLAMA_REFUSALS, OPENAI_REFUSALS, PROXIES

Serve = Callable[[Callable[[web.Request], Awaitable[web.StreamResponse]]], Awaitable[str]]

BACKENDS: dict[str, type[OllamaAssessor | OpenAiAssessor]] = {
    "ollama": OllamaAssessor,
    "openai": OpenAiAssessor,
}


async def assess(backend: str, serve: Serve, status: int, body: Any, headers: Any = None) -> str:
    """Return the code of the problem, "" if the answer was read, and its text."""

    async def answer(_: web.Request) -> web.Response:
        text = body if isinstance(body, str) else json.dumps(body)
        kind = "text/html" if isinstance(body, str) else "application/json"
        return web.Response(
            body=text.encode(), status=status, headers={"Content-Type": kind, **(headers or {})}
        )

    assessor: Assessor = BACKENDS[backend](
        url=await serve(answer), model="a-model", api_key=None, connect_timeout=10, timeout=60
    )
    try:
        result = await assessor.assess(facts())
    except ProblemError as err:
        code = "assessor_crashed" if isinstance(err, AssessorCrashedError) else err.code
        return f"{code} {err.detail}"
    finally:
        await assessor.close()
    assert (result.because, result.change) == ("night", "lower")
    return READ


def named(rows: list[Any]) -> list[Any]:
    return [pytest.param(row, id=row.name) for row in rows]


@pytest.mark.parametrize("public", named(OPENAI))
async def test_answers_of_openai_compatible_servers(serve: Serve, public: Answer) -> None:
    outcome = await assess("openai", serve, 200, public.body)
    assert outcome.partition(" ")[0] == public.problem
    assert public.says in outcome


@pytest.mark.parametrize("public", named(OLLAMA))
async def test_answers_of_ollama(serve: Serve, public: Answer) -> None:
    outcome = await assess("ollama", serve, 200, public.body)
    assert outcome.partition(" ")[0] == public.problem
    assert public.says in outcome


@pytest.mark.parametrize(
    ("backend", "public"),
    [
        *(
            pytest.param(backend, row, id=f"{backend}, {row.name}")
            for backend, rows in (
                ("ollama", PROXIES + OLLAMA_REFUSALS),
                ("openai", PROXIES + OPENAI_REFUSALS),
            )
            for row in rows
        )
    ],
)
async def test_refusals(serve: Serve, backend: str, public: Refusal) -> None:
    outcome = await assess(backend, serve, public.status, public.body, public.headers or None)
    assert outcome.partition(" ")[0] == public.problem
    assert public.says.lower() in outcome.lower()
