"""Counting the queue takes a small share of the time, however much there is to count."""

import asyncio
from collections.abc import Callable
from typing import cast

import pytest

import testbed.core  # noqa: F401 - makes hsi_core importable

# isort: split
from hsi_core.aio.notifier import Notifier
from hsi_core.aio.publisher import Publisher
from hsi_core.domain.models import JobKind, QueueStats
from hsi_core.domain.settings import Settings
from hsi_core.pipeline.queue_monitor import QueueMonitor
from hsi_core.store.database import Database

STATS = QueueStats(pending={}, leased={}, dead=dict.fromkeys(JobKind, 1_000_000))


class Slow:
    """A database in which counting takes a while, and jobs that end all the time."""

    def __init__(self, takes: float, changed: Notifier) -> None:
        self.takes = takes
        self.time = 0.0
        self.counting = 0.0
        self.changed = changed

    async def run_statement(self, work: Callable[..., object]) -> QueueStats:
        self.time += self.takes
        self.counting += self.takes
        self.changed.notify()
        return STATS


@pytest.mark.parametrize(("takes", "share"), [(0.001, 0.005), (0.1, 0.05), (3600.0, 1.0)])
async def test_counting_takes_a_small_share_of_the_time(
    takes: float, share: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = Notifier()
    database = Slow(takes, changed)
    settings = Settings()

    async def pause(seconds: float) -> None:
        assert seconds <= settings.health_interval
        database.time += seconds
        if database.time >= 100 * takes:
            raise asyncio.CancelledError

    monkeypatch.setattr(asyncio, "sleep", pause)
    monitor = QueueMonitor(
        cast("Database", database),
        Publisher(),
        changed,
        settings,
        monotonic=lambda: database.time,
    )
    with pytest.raises(asyncio.CancelledError):
        await monitor.publish_changes()
    assert database.counting / database.time <= share
