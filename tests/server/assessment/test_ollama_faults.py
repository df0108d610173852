"""What Ollama could answer and a real one cannot be made to, by hand."""

from collections.abc import Awaitable, Callable
import json
from typing import Any
import uuid

import aiohttp
from aiohttp import web
import pytest

from inference_server.assessment.ollama import OllamaAssessor
from inference_server.errors import (
    AssessorFailedError,
    AssessorInvalidOutputError,
    AssessorModelMissingError,
    AssessorUnavailableError,
    OverloadedError,
    ProblemError,
)
from testbed.services.ollama import TestOllama
from tests.server.assessment.bodies import facts
from tests.server.assessment.conftest import MODEL
from tests.server.assessment.test_openai import ANSWER, same_shape

Make = Callable[..., OllamaAssessor]
Serve = Callable[[Callable[[web.Request], Awaitable[web.StreamResponse]]], Awaitable[str]]


def chat(content: str = ANSWER, done_reason: str = "stop") -> dict[str, Any]:
    """Build what Ollama answers; the real one is held against it below."""
    return {
        "model": MODEL,
        "created_at": "2026-11-23T13:46:30.388146125Z",
        "message": {"role": "assistant", "content": content},
        "done": True,
        "done_reason": done_reason,
        "total_duration": 2_835_073_555,
        "load_duration": 521_453_234,
        "prompt_eval_count": 400,
        "prompt_eval_duration": 154_000_000,
        "eval_count": 30,
        "eval_duration": 2_157_000_000,
    }


async def test_the_shape_is_the_real_one(ollama: TestOllama) -> None:
    # New words and several of them back: Ollama leaves out whatever count or duration is zero.
    question = f"What is {uuid.uuid4()}?"
    body = {
        "model": MODEL,
        "messages": [{"role": "user", "content": question}],
        "stream": False,
        "options": {"num_predict": 8},
    }
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{ollama.url}/api/chat", json=body) as response,
    ):
        real = await response.json()
    assert same_shape(real, chat()), f"{sorted(real)} is not {sorted(chat())}"


async def test_durations_are_milliseconds_and_thinking_is_ignored(
    make_ollama_assessor: Make, serve: Serve
) -> None:
    body = chat()
    body["message"]["thinking"] = "Hm, a car. Let me see ..."

    async def answer(_: web.Request) -> web.Response:
        return web.json_response(body)

    result = await make_ollama_assessor(url=await serve(answer)).assess(facts())

    assert (result.because, result.change) == ("night", "lower")
    assert result.summary.endswith(" This needs no attention.")
    assert result.timings_ms.load == pytest.approx(521.453234)
    assert result.timings_ms.prefill == pytest.approx(154)
    assert result.timings_ms.generate == pytest.approx(2157)
    assert (result.usage.prompt_tokens, result.usage.completion_tokens) == (400, 30)


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (chat("Nothing to see."), "is not JSON"),
        (chat(""), "is empty"),
        (chat("", "load"), "ended early"),
        (chat(ANSWER, "length"), "cut off"),
        (chat(json.dumps({"because": "night"})), "change is missing"),
        ({}, "has no message"),
        ([], "response that is not Ollama's"),
        ("<html>", "response that is not Ollama's"),
    ],
)
async def test_an_answer_that_is_none_is_an_error(
    make_ollama_assessor: Make, serve: Serve, body: object, complaint: str
) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.json_response(body)

    with pytest.raises(AssessorInvalidOutputError, match=complaint):
        await make_ollama_assessor(url=await serve(answer)).assess(facts())


@pytest.mark.parametrize(
    ("status", "text", "error"),
    [
        (400, "no such luck", AssessorUnavailableError),
        (401, "no such luck", AssessorUnavailableError),
        (404, "no such luck", AssessorModelMissingError),
        (429, "no such luck", OverloadedError),
        (500, "no such luck", AssessorFailedError),
        (503, "server busy, please try again.  maximum pending requests", OverloadedError),
    ],
)
async def test_a_refusal_is_told_apart(
    make_ollama_assessor: Make, serve: Serve, status: int, text: str, error: type[ProblemError]
) -> None:
    async def refuse(_: web.Request) -> web.Response:
        return web.json_response({"error": text}, status=status)

    with pytest.raises(error) as caught:
        await make_ollama_assessor(url=await serve(refuse)).assess(facts())

    assert type(caught.value) is error


@pytest.mark.parametrize("status", [301, 404, 500, 503])
@pytest.mark.parametrize("body", ["[]", "no such luck", "", '{"error": {"message": "no"}}'])
async def test_only_ollamas_own_word_says_what_is_wrong(
    make_ollama_assessor: Make, serve: Serve, status: int, body: str
) -> None:
    async def refuse(_: web.Request) -> web.Response:
        return web.Response(text=body, status=status)

    with pytest.raises(AssessorUnavailableError, match="not as Ollama does"):
        await make_ollama_assessor(url=await serve(refuse)).assess(facts())


async def test_a_redirect_is_not_followed(make_ollama_assessor: Make, serve: Serve) -> None:
    asked: list[str] = []

    async def receive(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.json_response(chat())

    elsewhere = await serve(receive)

    async def redirect(request: web.Request) -> web.Response:
        raise web.HTTPTemporaryRedirect(elsewhere + request.path)

    with pytest.raises(AssessorUnavailableError):
        await make_ollama_assessor(url=await serve(redirect)).assess(facts())

    assert not asked


async def test_the_environment_adds_no_proxy_and_no_key(
    make_ollama_assessor: Make, serve: Serve, nobody: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers: list[str | None] = []

    async def answer(request: web.Request) -> web.Response:
        headers.append(request.headers.get("Authorization"))
        return web.json_response(chat())

    url = await serve(answer)
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, nobody)
    monkeypatch.setenv("OLLAMA_API_KEY", "a-key-of-another-service")

    await make_ollama_assessor(url=url).assess(facts())
    await make_ollama_assessor(url=url, api_key="our-own-key").assess(facts())

    assert headers == [None, "Bearer our-own-key"]
