"""What is known around a moment in front of a camera, from what was written down."""

from datetime import datetime, timedelta, tzinfo

from sqlalchemy.ext.asyncio import AsyncConnection

from ..risk import Context
from ..settings import Settings
from ..store import cameras, homes, hours
from ..usual import hours_like, rates


class Surroundings:
    """Knows the zones of today and the home of the time; what nobody wrote down is unknown."""

    def __init__(self, time_zone: tzinfo, settings: Settings) -> None:
        self._time_zone = time_zone
        self._labels = settings.watched_labels
        self._hold = timedelta(seconds=settings.home_hold)

    async def at(self, connection: AsyncConnection, camera: str, moment: datetime) -> Context:
        """Return the context of an event that began then."""
        known = await cameras.find(connection, camera)
        home = await homes.at(connection, moment, hold=self._hold)
        alike = hours_like(moment, self._time_zone)
        seen = await hours.counted(connection, camera, alike)
        return Context(
            time_zone=self._time_zone,
            zones=() if known is None else known.zones,
            armed=home.armed,
            occupancy=home.occupancy,
            usual=rates(seen, self._labels),
        )
