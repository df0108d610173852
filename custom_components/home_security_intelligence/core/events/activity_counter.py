"""Hourly event counts by label, which outlive the events themselves."""

from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo

from ..domain.settings import Settings
from ..store import activity_counts
from ..store.database import Database
from ..store.transaction import Transaction
from .activity_baseline import MAX_SILENCE, WEEKS, hours_between

INTERVAL = 3600.0  # seconds between two counts
_REACH = timedelta(days=8)  # how late an image may arrive and still be counted


class ActivityCounter:
    """Recount the latest hours and delete counts that are too old to be used."""

    def __init__(
        self,
        database: Database,
        *,
        time_zone: tzinfo,
        settings: Settings,
        now: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._time_zone = time_zone
        self._now = now
        self._reach = _REACH
        if settings.retention_days > 0:
            # Well within the retention: an hour whose events are deleted must not count as empty.
            self._reach = min(_REACH, timedelta(days=settings.retention_days / 2))

    async def count(self) -> None:
        """Update the stored counts once."""
        await self._database.run_transaction(self._count)

    async def _count(self, transaction: Transaction) -> None:
        now = self._now()
        latest = tuple(hours_between(now - self._reach, now, self._time_zone))
        await activity_counts.count(transaction.connection, latest, silence=MAX_SILENCE)
        await activity_counts.delete_before(
            transaction.connection, now - timedelta(weeks=WEEKS + 1)
        )
