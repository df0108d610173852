"""What judges a scenario: the rules alone, or the rules and a language model behind a server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
import tempfile
import time
from typing import Final
from uuid import UUID

import aiohttp

import testbed.core  # noqa: F401 # registers hsi_core

from hsi_core.domain.inference import AnswerProblem, ComponentState  # isort: skip
from hsi_core.inference.client import InferenceClient

from hsi_core.domain.errors import CoreError  # isort: skip
from hsi_core.domain.models import (
    AssessmentState,
    EventState,
    ModelAnswer,
    RiskFactor,
    SecurityEvent,
)  # isort: skip

from hsi_core.domain.levels import LevelBounds  # isort: skip
from hsi_core.risk.facts import FactSheet
from hsi_core.risk.llm_adjustment import adjust_score
from hsi_core.risk.rules import apply_rules

from hsi_core.domain.settings import Settings  # isort: skip
from hsi_core.events.judge import JudgedEvent, facts_for_model  # isort: skip

from testbed.risk.events import moments, sheets
from testbed.risk.measures import Call, Result
from testbed.risk.scenarios import Scenario
from testbed.services.inference_server import InferenceServer

RULES: Final = "rules"
BACKENDS: Final = (RULES, "ollama", "openai", "embedded")
READY_TIMEOUT: Final = 300.0  # seconds; a large model takes its time to load
POLL_INTERVAL: Final = 0.5  # seconds

Judge = Callable[[Scenario], Awaitable[Result]]


class JudgeError(Exception):
    """The backend is not available; the message gives the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a language model said of one event; no score where it failed."""

    score: int | None
    suggested_points: float = 0.0
    calls: tuple[Call, ...]  # the last one's failure is the answer's


Ask = Callable[[JudgedEvent], Awaitable[Answer]]


@asynccontextmanager
async def judging(backend: str, bounds: LevelBounds) -> AsyncIterator[Judge]:
    """Yield what judges scenarios; raises JudgeError."""
    async with asking(backend) as ask_model:

        async def judge_scenario(scenario: Scenario) -> Result:
            return await judged(scenario, ask_model, bounds)

        yield judge_scenario


@asynccontextmanager
async def asking(backend: str) -> AsyncIterator[Ask | None]:
    """Yield what asks the backend's language model, None for the rules; raises JudgeError."""
    if backend == RULES:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="hsi-risk-") as folder:
        server = InferenceServer(Path(folder), llm_backend=backend)
        await asyncio.to_thread(server.start, wait_ready=False)
        try:
            async with aiohttp.ClientSession() as session:
                client = InferenceClient(session, server.url, server.token, settings=Settings())
                await _wait_until_ready(client)
                yield lambda event: ask(client, event)
        finally:
            await asyncio.to_thread(server.stop)


async def judged(scenario: Scenario, ask_model: Ask | None, bounds: LevelBounds) -> Result:
    """Return what a scenario comes to: the highest score that an event of it ever reaches.

    The rules judge each event image by image, a language model only when the event is over.
    """
    scores: list[tuple[int, Sequence[RiskFactor]]] = []
    for moment in moments(scenario):
        verdict = apply_rules(moment.sheet, bounds)
        scores.append((verdict.score, verdict.factors))
    suggested: list[tuple[int, float]] = []  # by score
    calls: list[Call] = []
    unassessed = False
    for sheet in sheets(scenario):
        if ask_model is None:
            break
        verdict = apply_rules(sheet, bounds)
        score, factors = verdict.score, verdict.factors
        answer = await ask_model(JudgedEvent(sheet=sheet, verdict=verdict))
        calls.extend(answer.calls)
        if answer.score is None:
            unassessed = True
        else:
            score, moves = adjust_score(verdict.score, verdict.llm_range, answer.score)
            factors = (*factors, *moves)
        scores.append((score, factors))
        suggested.append((score, answer.suggested_points))
    score, reasons = max(scores, key=lambda each: each[0], default=(0, ()))
    return Result(
        scenario=scenario,
        score=score,
        level=bounds.level_of(score),
        factors=tuple(f"{each.name} {each.points:+d}" for each in reasons),
        calls=tuple(calls),
        suggested_points=max(suggested, default=(0, 0.0))[1],
        unassessed=unassessed,
    )


async def ask(client: InferenceClient, event: JudgedEvent) -> Answer:
    """Ask a language model about an event as the pipeline does."""
    calls: list[Call] = []
    problem: AnswerProblem | None = None
    for _ in range(Settings().max_attempts):
        facts = facts_for_model(
            _event_of(event.sheet),
            event.sheet.camera,
            event,
            language="en",
            earlier_problem=problem,
        )
        began = time.perf_counter()
        try:
            said = await client.assess(facts)
        except CoreError as err:
            calls.append(_call(began, None, err.code))
            if problem is not None and err.code == problem:
                break  # told of it in vain
            problem = AnswerProblem(err.code) if err.code in AnswerProblem else None
        else:
            calls.append(_call(began, said, None))
            return Answer(
                score=said.risk_score,
                suggested_points=said.suggested_points or 0.0,
                calls=tuple(calls),
            )
    return Answer(score=None, calls=tuple(calls))


def _call(began: float, said: ModelAnswer | None, failure: str | None) -> Call:
    return Call(
        seconds=time.perf_counter() - began,
        prompt_tokens=said.by.prompt_tokens if said else None,
        completion_tokens=said.by.completion_tokens if said else None,
        failure=failure,
        note_refused=said is not None and said.note_refused is not None,
    )


def _event_of(sheet: FactSheet) -> SecurityEvent:
    return SecurityEvent(
        id=UUID(int=0),
        camera=sheet.camera,
        state=EventState.CLOSED,
        started_at=sheet.started_at,
        last_activity_at=max(sheet.ended_at, sheet.started_at),
        ended_at=sheet.ended_at,
        labels=tuple(sorted({each.label for each in sheet.present})),
        image_count=max(1, sheet.image_count),
        best_image_id=None,
        assessment=AssessmentState.PENDING,
    )


async def _wait_until_ready(client: InferenceClient) -> None:
    deadline = time.monotonic() + READY_TIMEOUT
    while True:
        try:
            assessor = (await client.health()).assessor
        except CoreError as err:
            raise JudgeError(f"the inference server does not answer: {err}") from err
        if assessor.state is ComponentState.READY:
            return
        if assessor.state is not ComponentState.LOADING or time.monotonic() > deadline:
            raise JudgeError(f"the language model is not ready: {assessor.error}")
        await asyncio.sleep(POLL_INTERVAL)
