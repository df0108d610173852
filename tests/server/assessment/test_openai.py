"""The OpenAI-compatible backend against a real llama.cpp server; faults it cannot have, by hand."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
import json
from typing import Any

import aiohttp
from aiohttp import web
import pytest
import pytest_asyncio

from inference_server.assessment.openai import OpenAiAssessor
from inference_server.assessment.prompt import MAX_PROMPT_TOKENS, build_messages
from inference_server.errors import (
    AssessorFailedError,
    AssessorInvalidOutputError,
    AssessorModelMissingError,
    AssessorTimeoutError,
    AssessorUnavailableError,
    OverloadedError,
    ProblemError,
    PullUnsupportedError,
)
from tests.server.assessment.bodies import facts, largest_facts
from tests.server.assessment.llama import KEY, MODEL, LlamaServer

Make = Callable[..., OpenAiAssessor]
Serve = Callable[[Callable[[web.Request], Awaitable[web.StreamResponse]]], Awaitable[str]]

ANSWER = json.dumps({"because": "night", "change": "lower", "note": "This needs no attention."})


def completion(content: str | None = ANSWER, finish_reason: str = "stop") -> dict[str, Any]:
    """Build what an OpenAI-compatible server answers; the real one is held against it below."""
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1795441152,
        "model": MODEL,
        "choices": [
            {
                "index": 0,
                "finish_reason": finish_reason,
                "message": {"role": "assistant", "content": content},
            }
        ],
        "usage": {"prompt_tokens": 400, "completion_tokens": 30, "total_tokens": 430},
    }


@pytest_asyncio.fixture
async def make(llama: LlamaServer) -> AsyncIterator[Make]:
    """Make an assessor on the real server; what a test names differs."""
    made: list[OpenAiAssessor] = []

    def make(
        *,
        url: str = llama.url,
        model: str = MODEL,
        api_key: str | None = KEY,
        connect_timeout: float = 10,
        timeout: float = 120,
    ) -> OpenAiAssessor:
        assessor = OpenAiAssessor(
            url=url,
            model=model,
            api_key=api_key,
            connect_timeout=connect_timeout,
            timeout=timeout,
        )
        made.append(assessor)
        return assessor

    yield make
    for assessor in made:
        await assessor.close()


def same_shape(real: Any, ours: Any) -> bool:
    if isinstance(ours, dict):
        return all(key in real and same_shape(real[key], ours[key]) for key in ours)
    if isinstance(ours, list):
        return all(same_shape(*pair) for pair in zip(real, ours, strict=True))
    return isinstance(real, type(ours))


async def test_an_event_is_assessed(make: Make, llama: LlamaServer) -> None:
    assessor = make(url=f"{llama.url}/v1/")
    await assessor.start()

    result = await assessor.assess(facts())

    assert result.risk_score == facts().rules.score
    assert result.summary
    assert result.because in {"night", "alarm off"}
    assert result.suggested_points is not None
    assert 0 < abs(result.suggested_points) < 6  # the server reports probabilities
    assert (result.backend, result.model) == ("openai", MODEL)
    assert result.usage.prompt_tokens
    assert result.usage.completion_tokens
    timings = result.timings_ms
    assert timings.load is None
    assert timings.prefill
    assert timings.generate
    assert timings.prefill + timings.generate <= timings.total


async def test_the_longest_prompt_keeps_to_its_budget_and_the_shape_is_the_real_one(
    llama: LlamaServer,
) -> None:
    largest = largest_facts(AssessorInvalidOutputError.code)  # the longest correction
    body = {"model": MODEL, "messages": build_messages(largest), "max_tokens": 1}
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {KEY}"}) as session,
        session.post(f"{llama.url}/v1/chat/completions", json=body) as response,
    ):
        answer = await response.json()

    assert same_shape(answer, completion())
    assert answer["usage"]["prompt_tokens"] <= MAX_PROMPT_TOKENS


async def test_nothing_is_asked_that_may_cost_money_and_nothing_is_downloaded(make: Make) -> None:
    assessor = make()

    assert await assessor.self_test() is None
    with pytest.raises(PullUnsupportedError, match="NEMOTRON_MODEL"):
        assessor.downloader()


async def test_a_wrong_key_is_unavailable(make: Make) -> None:
    with pytest.raises(AssessorUnavailableError, match="NEMOTRON_API_KEY"):
        await make(api_key="wrong").assess(facts())


async def test_a_missing_model_is_named_beside_those_that_are_there(make: Make) -> None:
    with pytest.raises(AssessorModelMissingError, match=f"no model nemotron.* it has {MODEL}"):
        await make(model="nemotron").start()


async def test_nobody_there_is_unavailable(make: Make, nobody: str) -> None:
    with pytest.raises(AssessorUnavailableError, match=nobody):
        await make(url=nobody).start()


async def test_a_server_that_dies_in_the_middle_has_failed(make: Make, serve: Serve) -> None:
    async def die(request: web.Request) -> web.Response:
        assert request.transport
        request.transport.abort()
        return web.Response()

    with pytest.raises(AssessorFailedError, match="closed the connection"):
        await make(url=await serve(die)).assess(facts())


async def test_a_real_server_that_is_killed_in_the_middle_has_failed(make: Make) -> None:
    with LlamaServer() as doomed:
        assessor = make(url=doomed.url)
        await assessor.check()
        asked = asyncio.create_task(assessor.assess(facts()))
        await assessor.check()  # asked later, answered while the model reads the prompt
        doomed.process.kill()

        with pytest.raises(AssessorFailedError, match="closed the connection"):
            await asked
        await asyncio.to_thread(doomed.process.wait)  # a dying process still takes connections
        with pytest.raises(AssessorUnavailableError, match="cannot be reached"):
            await assessor.assess(facts())


async def test_an_answer_that_takes_too_long_is_a_timeout(make: Make) -> None:
    with pytest.raises(AssessorTimeoutError):
        await make(timeout=0.05).assess(facts())


async def test_cancelling_closes_the_request(make: Make, serve: Serve) -> None:
    arrived, closed = asyncio.Event(), asyncio.Event()

    async def never_answer(_: web.Request) -> web.Response:
        arrived.set()
        try:
            await asyncio.Event().wait()
        finally:
            closed.set()
        raise AssertionError

    asked = asyncio.create_task(make(url=await serve(never_answer)).assess(facts()))
    await arrived.wait()
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked

    async with asyncio.timeout(60):
        await closed.wait()


@pytest.mark.parametrize(
    ("status", "headers", "error", "retry_after_s"),
    [
        (401, {}, AssessorUnavailableError, None),
        (403, {}, AssessorUnavailableError, None),
        (404, {}, AssessorModelMissingError, None),
        (429, {"Retry-After": "7"}, OverloadedError, 7),
        (429, {"Retry-After": "9" * 400}, OverloadedError, 600),  # to Python an infinity
        (429, {"Retry-After": "Mon, 23 Nov 2026 13:00:00 GMT"}, OverloadedError, 5),
        (429, {}, OverloadedError, 5),
        (307, {"Location": "http://elsewhere.invalid/"}, AssessorUnavailableError, None),
        (400, {}, AssessorUnavailableError, None),
        (500, {}, AssessorFailedError, None),
        (503, {}, AssessorUnavailableError, None),
    ],
)
async def test_a_refusal_says_whose_and_why(
    make: Make,
    serve: Serve,
    status: int,
    headers: dict[str, str],
    error: type[ProblemError],
    retry_after_s: float | None,
) -> None:
    async def refuse(_: web.Request) -> web.Response:
        return web.json_response(
            {"error": {"message": "no such luck"}}, status=status, headers=headers
        )

    with pytest.raises(error) as caught:
        await make(url=await serve(refuse)).assess(facts())

    assert type(caught.value) is error
    assert caught.value.retry_after_s == retry_after_s
    assert "no such luck" in str(caught.value) or status in {401, 403}


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (completion("I cannot say."), "is not JSON"),
        (completion(None), "is empty"),
        (completion(ANSWER, "length"), "cut off"),
        (completion(json.dumps({"because": "night"})), "change is missing"),
        ({"choices": []}, "not a chat completion"),
        ({}, "not a chat completion"),
        ([], "not a chat completion"),
        ("<html>", "not a chat completion"),
    ],
)
async def test_an_answer_that_is_none_is_an_error(
    make: Make, serve: Serve, body: object, complaint: str
) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.json_response(body)

    with pytest.raises(AssessorInvalidOutputError, match=complaint):
        await make(url=await serve(answer)).assess(facts())


@pytest.mark.parametrize(
    ("refused", "dropped", "kept"),
    [
        (set(), set(), {"chat_template_kwargs", "logprobs"}),
        ({"chat_template_kwargs"}, set(), {"logprobs"}),  # OpenAI's own service
        (set(), {"chat_template_kwargs"}, {"logprobs"}),
        ({"chat_template_kwargs", "logprobs"}, set(), set()),
    ],
)
async def test_the_way_that_keeps_to_the_schema_is_found_at_the_start(
    make: Make, serve: Serve, refused: set[str], dropped: set[str], kept: set[str]
) -> None:
    asked: list[dict[str, Any]] = []

    async def answer(request: web.Request) -> web.Response:
        if request.method == "GET":
            return web.json_response({"data": [{"id": MODEL}]})
        asked.append(body := await request.json())
        if body.keys() & refused:
            error = {"error": {"message": "Unrecognized request argument supplied"}}
            return web.json_response(error, status=400)
        if body.keys() & dropped:
            return web.json_response(completion("The waves are lovely."))
        schema = body["response_format"]["json_schema"]["schema"]["properties"]
        said = {name: rule.get("enum", ["Well."])[0] for name, rule in schema.items()}
        return web.json_response(completion(json.dumps(said)))

    assessor = make(url=await serve(answer))
    await assessor.start()
    await assessor.assess(facts())

    fields = {"chat_template_kwargs", "logprobs"}
    assert asked[-1].keys() & fields == kept
    assert (asked[-1]["max_tokens"] > 1000) is ("chat_template_kwargs" not in kept)


@pytest.mark.parametrize(
    ("status", "body", "says"),
    [
        (200, completion("The waves are lovely."), "does not enforce the answer's schema"),
        (400, {"error": "response_format is not supported"}, "response_format is not supported"),
    ],
)
async def test_a_server_that_keeps_to_no_schema_is_not_ready_and_says_why(
    make: Make, serve: Serve, status: int, body: dict[str, Any], says: str
) -> None:
    async def answer(request: web.Request) -> web.Response:
        if request.method == "GET":
            return web.json_response({"data": [{"id": MODEL}]})
        return web.json_response(body, status=status)

    with pytest.raises(AssessorUnavailableError, match=says):
        await make(url=await serve(answer)).start()


async def test_thinking_told_apart_is_ignored(make: Make, serve: Serve) -> None:
    body = completion()
    body["choices"][0]["message"]["reasoning_content"] = "Hm, a car. Let me see ..."

    async def answer(_: web.Request) -> web.Response:
        return web.json_response(body)

    result = await make(url=await serve(answer)).assess(facts())

    assert (result.risk_score, result.because, result.change) == (67, "night", "lower")
    assert result.suggested_points == -6
    assert result.usage.prompt_tokens == 400
    assert result.timings_ms.prefill is None
