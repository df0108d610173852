"""Scanning each camera on a schedule of its own."""

import asyncio
from collections.abc import Iterable

from ..domain.settings import Settings
from .scanner import CameraScanner
from .schedule import Scan, ScanSchedule

_DEEP_EVERY = 12  # full scans of which one is deep: one an hour
_SLOW_AFTER = 0.5  # seconds after which the scan of the next camera begins beside a slow one


class CameraScans:
    """Repeats the scans of every camera.

    A scan waits for those of other cameras that were due before, but not for a slow one. How long
    the scan of a camera takes decides how long that camera pauses, and no other.
    """

    def __init__(self, scanner: CameraScanner, cameras: Iterable[str], settings: Settings) -> None:
        self.ready = asyncio.Event()  # the first full scan of all cameras is done
        self._scanner = scanner
        self._schedules = {camera: ScanSchedule(settings) for camera in cameras}
        self._shallow = dict.fromkeys(self._schedules, 0)  # full scans until the next deep one
        self._turn = asyncio.Lock()

    def request(self, scan: Scan, camera: str | None = None) -> None:
        """Make a scan of one camera due now, or of all cameras; a full one will be deep."""
        for each in self._schedules if camera is None else self._schedules.keys() & {camera}:
            self._schedules[each].request(scan)
            if scan is Scan.FULL:
                self._shallow[each] = 0

    async def run_scheduled(self) -> None:
        """Scan on schedule until cancelled, first all cameras."""
        unscanned = set(self._schedules)
        if not unscanned:
            self.ready.set()
        async with asyncio.TaskGroup() as tasks:
            for camera, schedule in self._schedules.items():
                schedule.restart()
                tasks.create_task(self._repeat(camera, schedule, unscanned))

    async def _repeat(self, camera: str, schedule: ScanSchedule, unscanned: set[str]) -> None:
        loop = asyncio.get_running_loop()
        while True:
            scan = await schedule.wait()
            began = loop.time()
            if self._scanner.needs(camera, scan):
                async with asyncio.TaskGroup() as tasks, self._turn:
                    began = loop.time()
                    running = tasks.create_task(
                        self._scanner.scan(camera, deep=self._is_deep(camera, scan))
                    )
                    await asyncio.wait([running], timeout=_SLOW_AFTER)
            schedule.finish(scan, began=began)
            if scan is Scan.FULL:
                unscanned.discard(camera)
                if not unscanned:
                    self.ready.set()

    def _is_deep(self, camera: str, scan: Scan) -> bool:
        if scan is not Scan.FULL:
            return False
        deep = self._shallow[camera] == 0
        self._shallow[camera] = _DEEP_EVERY - 1 if deep else self._shallow[camera] - 1
        return deep
