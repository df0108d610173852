"""Publishing of queue statistics, without a count after every job."""

import asyncio

from ..aio.notifier import Notifier
from ..aio.publisher import Publisher
from ..domain.models import QueueStats
from ..domain.settings import Settings
from ..domain.updates import QueueUpdate
from ..store import jobs
from ..store.database import Database

_MIN_PAUSE = 0.2  # seconds between two counts


class QueueMonitor:
    """Count jobs after changes and at least once a health interval; publish what differs."""

    def __init__(
        self, database: Database, publisher: Publisher, changed: Notifier, settings: Settings
    ) -> None:
        self._database = database
        self._publisher = publisher
        self._settings = settings
        self._changed = changed
        self._last: QueueStats | None = None

    async def publish_changes(self) -> None:
        """Count and publish until cancelled."""
        while True:
            seen = self._changed.count
            stats = await self._database.run_statement(jobs.stats)
            if stats != self._last:
                self._last = stats
                self._publisher.publish([QueueUpdate(stats=stats)])
            await asyncio.sleep(_MIN_PAUSE)
            await self._changed.wait(seen, self._settings.health_interval)
