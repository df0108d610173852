"""How many detect jobs the queue may hold before images are left in their folders."""

import asyncio
from functools import partial

from ..aio.health_board import HealthBoard
from ..domain.settings import Settings
from ..store import jobs
from ..store.database import Database
from ..watch.deliveries import Deliveries, Lane

REFILL = 0.5  # share of the limit at or below which postponed files are asked for again
LIVE_RESERVE = 0.1  # share of the limit that is added for live images


class QueueCapacity:
    """Closes the backlog lane while the queue is full, and resumes it before the queue is empty."""

    def __init__(
        self, database: Database, health: HealthBoard, deliveries: Deliveries, settings: Settings
    ) -> None:
        self._database = database
        self._health = health
        self._deliveries = deliveries
        self._poll_interval = settings.poll_interval
        limit = settings.queue_limit
        self._limits = {
            deliveries.live: limit + max(1, int(limit * LIVE_RESERVE)),
            deliveries.backlog: limit,
        }
        self._full: set[Lane] = set()

    async def wait_for_room(self, lane: Lane) -> int:
        """Wait until the queue has room for files of the lane; return for how many."""
        limit = self._limits[lane]
        count = partial(jobs.count_pending_detects, limit=limit)
        while (room := limit - await self._database.run_statement(count)) <= 0:
            self._set_full(lane, full=True)
            await asyncio.sleep(self._poll_interval)
        self._set_full(lane, full=False)
        return room

    async def resume_deliveries(self) -> None:
        """Ask for postponed files whenever the queue has drained enough, until cancelled."""
        limit = self._limits[self._deliveries.backlog]
        count = partial(jobs.count_pending_detects, limit=limit)
        while True:
            await self._deliveries.overflowed()
            if await self._database.run_statement(count) <= limit * REFILL:
                self._deliveries.resume()
            await asyncio.sleep(self._poll_interval)

    def _set_full(self, lane: Lane, *, full: bool) -> None:
        (self._full.add if full else self._full.discard)(lane)
        if lane is self._deliveries.backlog:
            (lane.close if full else lane.open)()
        self._health.set_queue_full(full=bool(self._full))
