"""The Ollama backend against a real Ollama server."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
import re
from typing import Any

import aiohttp
import pytest

from inference_server.assessment.ollama import OllamaAssessor
from inference_server.assessment.prompt import PROMPT_VERSION
from inference_server.errors import (
    AssessorFailedError,
    AssessorModelMissingError,
    AssessorTimeoutError,
    AssessorUnavailableError,
    OverloadedError,
)
from testbed.services.ollama import TestOllama
from tests.server.assessment.bodies import facts
from tests.server.assessment.conftest import MODEL

Make = Callable[..., OllamaAssessor]

ANSWERING = "loading cache slot"
BROKEN_OFF = r'\[GIN\].* 500 .*"/api/chat"'  # an answer that is given is a 200


async def running(url: str) -> dict[str, Any]:
    """Return the one model that an Ollama has loaded."""
    async with aiohttp.ClientSession() as session, session.get(f"{url}/api/ps") as response:
        [model] = (await response.json())["models"]
        return dict(model)


async def logged(ollama: TestOllama, pattern: str, since: int) -> None:
    await asyncio.to_thread(ollama.wait_for_log, pattern, since=since)


async def test_an_event_is_assessed(make_ollama_assessor: Make) -> None:
    assessor = make_ollama_assessor()
    await assessor.start()

    result = await assessor.assess(facts())

    assert result.risk_score == facts().rules.score
    assert result.because in {"night", "alarm off"}
    assert result.change in {"lower", "same", "higher"}
    assert result.summary
    assert result.reasoning
    assert (result.backend, result.model) == ("ollama", MODEL)
    assert result.prompt_version == PROMPT_VERSION
    assert result.usage.prompt_tokens
    assert result.usage.completion_tokens
    timings = result.timings_ms
    assert timings.load is not None
    assert timings.prefill
    assert timings.generate
    assert timings.load + timings.prefill + timings.generate <= timings.total


async def test_starting_loads_the_model_and_it_stays(
    make_ollama_assessor: Make, ollama: TestOllama
) -> None:
    assessor = make_ollama_assessor()
    await assessor.start()

    loaded = await running(ollama.url)

    assert loaded["name"] == f"{MODEL}:latest"
    assert datetime.fromisoformat(loaded["expires_at"]) - datetime.now(UTC) > timedelta(days=365)


async def test_the_model_that_answered_is_known_by_its_digest(
    make_ollama_assessor: Make, ollama: TestOllama
) -> None:
    assessor = make_ollama_assessor()
    await assessor.start()

    result = await assessor.assess(facts())

    loaded = await running(ollama.url)
    assert result.model_digest == assessor.model_digest == loaded["digest"]
    assert re.fullmatch("[0-9a-f]{64}", result.model_digest or "")


async def test_a_tiny_answer_proves_that_it_works_and_says_where(
    make_ollama_assessor: Make, ollama: TestOllama
) -> None:
    assessor = make_ollama_assessor()
    await assessor.start()
    before = ollama.mark()

    proof = await assessor.self_test()

    assert proof
    assert proof.tokens_per_second
    assert proof.gpu_share == 0.0  # the test machine's Ollama has no GPU
    # The prompt's fixed start stays where it is: an event reads only its facts.
    await logged(ollama, ANSWERING, before)
    result = await assessor.assess(facts())
    assert (result.usage.prompt_tokens or 0) > 300
    assert result.timings_ms.load is not None
    assert result.timings_ms.load < 1000  # nothing was loaded anew


@pytest.mark.parametrize("verb", ["start", "check", "assess"])
async def test_a_missing_model_is_named_with_the_command_that_brings_it(
    make_ollama_assessor: Make, verb: str
) -> None:
    assessor = make_ollama_assessor(model="nemotron-3-nano:4b")
    arguments = [facts()] if verb == "assess" else []

    with pytest.raises(AssessorModelMissingError, match="`ollama pull nemotron-3-nano:4b`"):
        await getattr(assessor, verb)(*arguments)


@pytest.mark.parametrize("verb", ["start", "check", "assess"])
async def test_nobody_there_is_unavailable(
    make_ollama_assessor: Make, nobody: str, verb: str
) -> None:
    assessor = make_ollama_assessor(url=nobody)
    arguments = [facts()] if verb == "assess" else []

    with pytest.raises(AssessorUnavailableError, match=nobody):
        await getattr(assessor, verb)(*arguments)


async def test_a_runner_that_dies_in_the_middle_is_unavailable_and_comes_back(
    make_ollama_assessor: Make, ollama: TestOllama
) -> None:
    assessor = make_ollama_assessor()
    await assessor.start()
    before = ollama.mark()
    asked = asyncio.create_task(assessor.assess(facts()))
    await logged(ollama, ANSWERING, before)

    ollama.kill_runner()

    with pytest.raises(AssessorFailedError, match="failed"):
        await asked
    await assessor.start()


async def test_cancelling_ends_the_work_in_ollama(
    make_ollama_assessor: Make, ollama: TestOllama
) -> None:
    assessor = make_ollama_assessor()
    await assessor.start()
    before = ollama.mark()
    asked = asyncio.create_task(assessor.assess(facts()))
    await logged(ollama, ANSWERING, before)

    asked.cancel()

    with pytest.raises(asyncio.CancelledError):
        await asked
    await logged(ollama, BROKEN_OFF, before)


async def test_a_model_that_hangs_is_a_timeout(
    make_ollama_assessor: Make, ollama: TestOllama
) -> None:
    await make_ollama_assessor().start()
    ollama.pause_runner()
    try:
        with pytest.raises(AssessorTimeoutError):
            await make_ollama_assessor(timeout=0.3).assess(facts())
    finally:
        ollama.resume_runner()


async def test_a_full_queue_is_overload(tmp_path: Path, make_ollama_assessor: Make) -> None:
    with TestOllama(tmp_path, environ={"OLLAMA_MAX_QUEUE": "1"}) as busy:
        busy.create_model(MODEL)
        assessor = make_ollama_assessor(url=busy.url)

        # While the model loads, one request waits and the others are turned away.
        asked = [asyncio.create_task(assessor.assess(facts())) for _ in range(8)]
        first, _ = await asyncio.wait(asked, return_when=asyncio.FIRST_EXCEPTION)
        for task in asked:
            task.cancel()
        outcomes = await asyncio.gather(*asked, return_exceptions=True)

    assert first
    refused = [each for each in outcomes if isinstance(each, OverloadedError)]
    assert refused
    assert all(each.retry_after_s for each in refused)
