"""What is known around a moment in front of a camera, from what was written down."""

from datetime import datetime, timedelta, tzinfo

from sqlalchemy.ext.asyncio import AsyncConnection

from ..domain.context import Context
from ..domain.settings import Settings
from ..store import activity_counts, cameras, home_states
from .activity_baseline import hours_like, rates


class Surroundings:
    """Knows the zones of today and the home of the time; what nobody wrote down is unknown."""

    def __init__(self, time_zone: tzinfo, settings: Settings) -> None:
        self._time_zone = time_zone
        self._labels = settings.watched_labels
        self._hold = timedelta(seconds=settings.home_hold)

    async def at(self, connection: AsyncConnection, camera: str, moment: datetime) -> Context:
        """Return the context of an event that began then."""
        known = await cameras.find(connection, camera)
        home = await home_states.at(connection, moment, hold=self._hold)
        alike = hours_like(moment, self._time_zone)
        seen = await activity_counts.counted(connection, camera, alike)
        return Context(
            time_zone=self._time_zone,
            zones=() if known is None else known.zones,
            armed=home.armed,
            occupancy=home.occupancy,
            usual=rates(seen, self._labels),
        )
