"""The context of an event, from recorded data."""

from datetime import datetime, timedelta, tzinfo

from sqlalchemy.ext.asyncio import AsyncConnection

from ..domain.context import Context
from ..domain.models import Camera
from ..domain.settings import Settings
from ..store import activity_counts, home_states
from .activity_baseline import comparable_hours, expected_counts


class ContextProvider:
    """Build context from current zones, recorded home state and the activity baseline."""

    def __init__(self, time_zone: tzinfo, settings: Settings) -> None:
        self._time_zone = time_zone
        self._labels = settings.watched_labels
        self._hold = timedelta(seconds=settings.home_hold)

    async def context_at(
        self, connection: AsyncConnection, camera: Camera, moment: datetime
    ) -> Context:
        """Return the context of an event that began at `moment`; what was not recorded is unknown.

        What the home reports is evidence, like images: it is read at each judgement.
        """
        home = await home_states.at(connection, moment, hold=self._hold)
        hours = comparable_hours(moment, self._time_zone)
        counts = await activity_counts.read(connection, camera.folder, hours)
        return Context(
            time_zone=self._time_zone,
            zones=camera.zones,
            placement=camera.likely_placement,
            armed=home.armed,
            alarm=home.alarm,
            occupancy=home.occupancy,
            reported=home.reported_at(camera.folder),
            usual=expected_counts(counts, self._labels),
        )
