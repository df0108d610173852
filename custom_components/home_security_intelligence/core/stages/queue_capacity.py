"""How many detect jobs the queue may hold before images are left in their folders."""

import asyncio
from collections.abc import Mapping
from functools import partial

from ..aio.health_board import HealthBoard
from ..domain.settings import Settings
from ..store import jobs
from ..store.database import Database
from ..watch.deliveries import Deliveries, Lane

REFILL = 0.5  # share of a camera's limit that has to be free before its files are asked for again
LIVE_RESERVE = 0.1  # share of the limit that is added for live images


class QueueCapacity:
    """Shares the queue between the cameras that need it, and leaves further files in their folders.

    A camera without room has its lanes closed; the others are not affected. Its files are asked for
    again before its share of the queue is empty.
    """

    def __init__(
        self, database: Database, health: HealthBoard, deliveries: Deliveries, settings: Settings
    ) -> None:
        self._database = database
        self._health = health
        self._deliveries = deliveries
        self._poll_interval = settings.poll_interval
        self._limit = settings.queue_limit
        self._reserve = max(1, int(self._limit * LIVE_RESERVE))
        self._full: set[Lane] = set()

    async def wait_for_room(self, camera: str, *, live: bool) -> int:
        """Wait until the queue has room for files of a camera; return for how many."""
        lane = (self._deliveries.live if live else self._deliveries.backlog)[camera]
        while (room := self._room(camera, await self._count(), live=live)) <= 0:
            self._set_full(lane, full=True)
            await asyncio.sleep(self._poll_interval)
        self._set_full(lane, full=False)
        return room

    async def resume_deliveries(self) -> None:
        """Ask for postponed files whenever the queue has drained enough, until cancelled."""
        while True:
            waiting = await self._deliveries.overflowed()
            pending = await self._count()
            if drained := {camera for camera in waiting if self._is_drained(camera, pending)}:
                self._deliveries.resume(drained)
            await asyncio.sleep(self._poll_interval)

    async def _count(self) -> Mapping[str, int]:
        count = partial(jobs.count_pending_detects, limit=self._limit + self._reserve)
        return await self._database.run_statement(count)

    def _room(self, camera: str, pending: Mapping[str, int], *, live: bool) -> int:
        own, total = pending.get(camera, 0), sum(pending.values())
        share, reserve = self._shares(camera, pending)
        room = min(share - own, self._limit - total)
        if not live:
            return room
        # The camera's own reserve does not depend on how many jobs of others are pending.
        return max(min(room + reserve, self._limit + self._reserve - total), reserve - own)

    def _is_drained(self, camera: str, pending: Mapping[str, int]) -> bool:
        share, _ = self._shares(camera, pending)
        return self._room(camera, pending, live=False) >= max(1, int(share * REFILL))

    def _shares(self, camera: str, pending: Mapping[str, int]) -> tuple[int, int]:
        """Return the camera's share of the limit and of the reserve.

        They are shared by the cameras that have jobs in the queue or files without room.
        """
        sharers = len({camera, *pending, *self._deliveries.overflowing})
        return max(1, self._limit // sharers), max(1, self._reserve // sharers)

    def _set_full(self, lane: Lane, *, full: bool) -> None:
        (self._full.add if full else self._full.discard)(lane)
        (lane.close if full else lane.open)()
        self._health.set_queue_full(full=bool(self._full))
