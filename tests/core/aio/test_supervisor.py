"""Background tasks that fail restart after a growing pause."""

import asyncio
from itertools import pairwise
import logging
import time

import pytest

import testbed.core  # noqa: F401 - makes hsi_core importable

# isort: split
from hsi_core.aio.supervisor import Supervisor
from hsi_core.domain.settings import Settings

SETTINGS = Settings(retry_base=0.01, retry_max=5.0)


async def test_a_task_that_keeps_failing_restarts_after_a_growing_pause(
    caplog: pytest.LogCaptureFixture,
) -> None:
    ahead = 0.0  # seconds that the supervisor's clock has been advanced
    supervisor = Supervisor(SETTINGS, monotonic=lambda: time.monotonic() + ahead)
    starts: list[float] = []
    enough = asyncio.Event()

    async def fail() -> None:
        nonlocal ahead
        starts.append(time.monotonic())
        if len(starts) == 4:
            # It has run for a while: the next failure is the first in a row again.
            ahead = SETTINGS.retry_max + 1
        if len(starts) == 6:
            enough.set()
        raise ValueError("no")

    with caplog.at_level(logging.ERROR):
        supervisor.keep_running("test", fail)
        async with asyncio.timeout(60):
            await enough.wait()
        await supervisor.stop()
    pauses = [float(record.getMessage().split()[-2]) for record in caplog.records]
    assert pauses[:5] == [0.01, 0.02, 0.04, 0.01, 0.02]
    assert all(later - early >= 0.01 for early, later in pairwise(starts))
    assert all(record.exc_info for record in caplog.records)
