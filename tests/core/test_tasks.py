"""Background tasks that fail start again, not too soon; questions end with the pipeline."""

import asyncio
from itertools import pairwise
import logging

import pytest

import testbed.core  # noqa: F401 - makes hsi_core importable

# isort: split
from hsi_core.aio.supervisor import Tasks
from hsi_core.domain.errors import PipelineStoppedError
from hsi_core.domain.settings import Settings

SETTINGS = Settings(retry_base=0.01, retry_max=5.0)


async def test_a_task_that_keeps_failing_waits_longer_each_time(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    tasks = Tasks(SETTINGS)
    loop = asyncio.get_running_loop()
    clock = loop.time
    starts: list[float] = []
    enough = asyncio.Event()

    async def fail() -> None:
        starts.append(loop.time())
        if len(starts) == 4:
            # It has worked for a while: what follows is a new failure.
            monkeypatch.setattr(loop, "time", lambda: clock() + 6)
        if len(starts) == 6:
            enough.set()
        raise ValueError("no")

    with caplog.at_level(logging.ERROR):
        tasks.keep_running("test", fail)
        async with asyncio.timeout(60):
            await enough.wait()
        await tasks.cancel()
    pauses = [float(record.getMessage().split()[-2]) for record in caplog.records]
    assert pauses[:5] == [0.01, 0.02, 0.04, 0.01, 0.02]
    assert all(later - early >= 0.01 for early, later in pairwise(starts))
    assert all(record.exc_info for record in caplog.records)


async def test_a_question_ends_with_the_pipeline() -> None:
    tasks = Tasks(SETTINGS)
    asked, ended = asyncio.Event(), asyncio.Event()

    async def question() -> None:
        asked.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    asking = asyncio.create_task(tasks.answer(question()))
    await asked.wait()
    await tasks.cancel()
    assert ended.is_set()
    with pytest.raises(PipelineStoppedError):
        await asking
    with pytest.raises(PipelineStoppedError):
        await tasks.answer(question())


async def test_who_stops_asking_stops_the_question() -> None:
    tasks = Tasks(SETTINGS)
    asked, ended = asyncio.Event(), asyncio.Event()

    async def question() -> None:
        asked.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    asking = asyncio.create_task(tasks.answer(question()))
    await asked.wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert ended.is_set()
