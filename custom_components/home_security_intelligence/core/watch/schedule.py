"""When the next scan of a camera's folder is due."""

import asyncio
from contextlib import suppress
from enum import Enum
import math

from ..domain.settings import Settings

_DUTY = 0.1  # maximum share of the time spent in repeated scans, however many files there are


class Scan(Enum):
    """What a scan covers."""

    FULL = "full"  # finds what inotify has missed
    RETRY = "retry"  # if there is a problem or a postponed file
    POLL = "poll"  # if the file system has no inotify


class ScanSchedule:
    """Decides which scan is next: the one that has been due for longest."""

    def __init__(self, settings: Settings) -> None:
        self._intervals = {
            Scan.FULL: settings.rescan_interval,
            Scan.RETRY: settings.watch_retry,
            Scan.POLL: settings.polling_interval,
        }
        self._due: dict[Scan, float] = {}  # in the event loop's time
        self._requested = asyncio.Event()
        self.restart()

    def restart(self) -> None:
        """Make every scan due now, the full scan first."""
        self._due = dict.fromkeys(Scan, -math.inf)
        self._requested.set()

    def request(self, scan: Scan) -> None:
        """Make a scan due now, also if one of its kind is running."""
        self._due[scan] = min(self._due[scan], _loop_time())
        self._requested.set()

    async def wait(self) -> Scan:
        """Return the next scan once it is due; it has to be marked as finished."""
        while True:
            self._requested.clear()
            scan = min(self._due, key=lambda each: self._due[each])
            if self._due[scan] <= _loop_time():
                self._due[scan] = math.inf
                return scan
            with suppress(TimeoutError):
                async with asyncio.timeout_at(self._due[scan]):
                    await self._requested.wait()

    def finish(self, scan: Scan, *, began: float) -> None:
        """Set when the scan is due again, unless it has been requested since it began."""
        now = _loop_time()
        pause = self._intervals[scan]
        if scan is not Scan.FULL:
            pause = max(pause, (now - began) * (1 / _DUTY - 1))
        self._due[scan] = min(self._due[scan], now + pause)


def _loop_time() -> float:
    return asyncio.get_running_loop().time()
