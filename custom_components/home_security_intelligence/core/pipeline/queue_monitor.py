"""Publishing of queue statistics, without a count after every job."""

import asyncio
from collections.abc import Callable
import time

from ..aio.notifier import Notifier
from ..aio.publisher import Publisher
from ..domain.models import QueueStats
from ..domain.settings import Settings
from ..domain.updates import QueueUpdate
from ..store import jobs
from ..store.database import Database

_MIN_PAUSE = 0.2  # seconds between two counts
_MAX_LOAD = 0.05  # share of the time that counting takes; a million dead letters take 0.1 s


class QueueMonitor:
    """Count jobs after changes and at least once a health interval; publish what differs."""

    def __init__(
        self,
        database: Database,
        publisher: Publisher,
        changed: Notifier,
        settings: Settings,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._publisher = publisher
        self._settings = settings
        self._changed = changed
        self._monotonic = monotonic
        self._last: QueueStats | None = None

    async def publish_changes(self) -> None:
        """Count and publish until cancelled."""
        while True:
            seen = self._changed.count
            began = self._monotonic()
            stats = await self._database.run_statement(jobs.stats)
            took = self._monotonic() - began
            if stats != self._last:
                self._last = stats
                self._publisher.publish([QueueUpdate(stats=stats)])
            # Not longer than without changes: an outage of the database is no load.
            pause = min(took / _MAX_LOAD, self._settings.health_interval)
            await asyncio.sleep(max(_MIN_PAUSE, pause))
            await self._changed.wait(seen, self._settings.health_interval)
