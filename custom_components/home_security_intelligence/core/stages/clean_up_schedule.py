"""The nightly clean-up: when it runs, and what happens while one waits for a confirmation."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo
import logging

from ..domain.errors import StoreError
from .clean_up import CleanUp

_LOGGER = logging.getLogger(__name__)
CLOCK_CHECK = 30.0  # seconds between looks at the clock, which may be set, and for confirmations
_LONGEST_DAY = timedelta(hours=25)  # to the same hour of the next day


class CleanUpSchedule:
    """Runs the clean-up every day at one hour of the home's time zone."""

    def __init__(
        self, clean_up: CleanUp, *, hour: int, time_zone: tzinfo, now: Callable[[], datetime]
    ) -> None:
        self._clean_up = clean_up
        self._hour = hour
        self._time_zone = time_zone
        self._now = now

    async def run_daily(self) -> None:
        """Clean up daily, and what is confirmed at once, until cancelled."""
        due = self._next()
        while True:
            seen = self._clean_up.confirmed.count
            try:
                report = await self._clean_up.delete_confirmed()
                if report is None and (
                    self._is_past(due) or await self._clean_up.is_clock_doubt_over()
                ):
                    report = await self._clean_up.delete_unless_doubted()
                    due = self._next()
                if report is not None:
                    _LOGGER.info("Cleanup finished: %s", report)
            except StoreError as error:
                if self._is_past(due):
                    _LOGGER.info("Cleanup postponed: %s", error)
                await asyncio.sleep(CLOCK_CHECK)
                continue
            if due - self._now() > _LONGEST_DAY:
                due = self._next()  # the clock was ahead, or was set back
            until_due = max(0.0, (due - self._now()).total_seconds())
            await self._clean_up.confirmed.wait(seen, min(CLOCK_CHECK, until_due))

    def _next(self) -> datetime:
        return next_time(self._now(), self._hour, self._time_zone)

    def _is_past(self, due: datetime) -> bool:
        return self._now() >= due


def next_time(moment: datetime, hour: int, time_zone: tzinfo) -> datetime:
    """Return when the local clock shows this hour next, after a moment."""
    local = moment.astimezone(time_zone)
    today = local.replace(hour=hour, minute=0, second=0, microsecond=0, fold=0)
    if today.timestamp() > moment.timestamp():
        return today
    return (today.replace(tzinfo=None) + timedelta(days=1)).replace(tzinfo=time_zone)
