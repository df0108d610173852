"""Dating new images: by what they state, corrected by what is known of their camera's clock."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import partial
import logging

from ..aio.file_executor import FileExecutor, note_progress
from ..aio.health_board import HealthBoard
from ..domain.camera_clock import CameraClock, ClockOffset, ClockReading
from ..domain.found_file import LIVE_FOR, FoundFile
from ..domain.machine_clock import MachineClock, Moment
from ..files.camera_root import CameraRoot
from ..files.capture_time import clock_time, is_plausible, written_at
from ..files.name_patterns import NamePatterns
from ..files.reader import read_stated_times
from ..store import camera_clocks, image_names
from ..store.database import Database
from ..store.image_names import KnownName
from ..store.registration import NewImage

_LOGGER = logging.getLogger(__name__)

_UNSETTLED = 600.0  # seconds for which arrivals are not believed after the machine's clock was set
_CONFIRM = timedelta(days=1)  # an unchanged offset is stored again after this time
_NS = 1_000_000_000  # nanoseconds in a second


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stated:
    """A file, the time that its image states, when it was written, and if known when it arrived."""

    file: FoundFile
    stated_at: datetime | None
    written_at: datetime
    arrived_at: datetime | None

    @property
    def reading(self) -> ClockReading | None:
        if self.stated_at is None or self.arrived_at is None:
            return None
        return ClockReading(stated_at=self.stated_at, arrived_at=self.arrived_at)


class ImageDating:
    """Finds the capture times of images, and learns by how much their cameras' clocks are wrong.

    An image whose arrival was observed tells about its camera's clock. All others are corrected by
    what the camera's new images have shown. An offset is shared with other workers by the database.
    """

    def __init__(
        self,
        database: Database,
        health: HealthBoard,
        *,
        root: CameraRoot,
        files: FileExecutor,
        time_zone: tzinfo,
        clock: MachineClock,
    ) -> None:
        self._database = database
        self._health = health
        self._root = root
        self._files = files
        self._time_zone = time_zone
        self._clock = clock
        self._names = NamePatterns(time_zone)
        self._clocks: defaultdict[str, CameraClock] = defaultdict(CameraClock)
        self._stored: dict[str, ClockOffset] = {}
        self._last = clock.read()
        self._interrupted_at: float | None = None  # seconds awake, when that was last so

    async def start(self) -> None:
        """Learn what the names of the cameras' newest images mean, and load the clocks' offsets."""
        known = await self._database.run_statement(image_names.newest_names)
        await asyncio.to_thread(self._learn_names, known)
        await self.load()

    async def load(self) -> None:
        """Adopt the offsets that other workers have stored since."""
        stored = await self._database.run_statement(camera_clocks.read)
        for camera, known in stored.items():
            self._clocks[camera].adopt(known)
            self._stored[camera] = known
            self._report(camera)

    async def date(self, files: Sequence[FoundFile]) -> list[NewImage]:
        """Return a camera's files with the capture times of their images.

        Raises StorageStalledError.
        """
        now = self._clock.read()
        is_settled = self._is_settled(now)
        first = files[0]
        found = await self._files.call(first.camera, first.path, self._read, files, now.at)
        clock = self._clocks[first.camera]
        fresh = {one.file: one.reading for one in found if is_settled and one.reading is not None}
        taken = dict(zip(fresh, clock.date(tuple(fresh.values())), strict=True))
        self._report(first.camera)
        return [
            NewImage(file=one.file, captured_at=self._taken_at(one, taken.get(one.file), now.at))
            for one in found
        ]

    async def store(self) -> None:
        """Store the offsets that have changed, or were not confirmed for a day."""
        for camera, clock in tuple(self._clocks.items()):
            known, stored = clock.known, self._stored.get(camera)
            if known is None or (
                stored is not None
                and stored.offset == known.offset
                and known.confirmed_at - stored.confirmed_at < _CONFIRM
            ):
                continue
            self._stored[camera] = known
            await self._database.run_statement(
                partial(camera_clocks.store, camera=camera, known=known)
            )

    def _learn_names(self, known: Iterable[KnownName]) -> None:
        for name in known:
            written = written_at(name.mtime_ns, name.found_at)
            self._names.learn(name.camera, name.path, written)

    def _read(self, files: Sequence[FoundFile], now: datetime) -> list[_Stated]:
        for file in files:  # all of them first: they may show what the first one means
            self._names.learn(file.camera, file.path, written_at(file.mtime_ns, now))
        return [self._read_one(file, now) for file in files]

    def _read_one(self, file: FoundFile, now: datetime) -> _Stated:
        note_progress()
        written, arrived = written_at(file.mtime_ns, now), _arrival(file, now)
        times = read_stated_times(
            self._root.path,
            file.path,
            named=self._names.read(file.camera, file.path),
            near=arrived or written,
            time_zone=self._time_zone,
        )
        return _Stated(
            file=file,
            stated_at=clock_time(times, written),
            written_at=written,
            arrived_at=arrived,
        )

    def _taken_at(self, one: _Stated, fresh: datetime | None, now: datetime) -> datetime:
        """Return when an image was taken; `fresh` is the answer for one that has just arrived."""
        if one.stated_at is None:
            return one.written_at
        if fresh is not None:
            return fresh if is_plausible(fresh, now) else one.arrived_at or one.written_at
        taken = self._clocks[one.file.camera].corrected(one.stated_at, one.written_at)
        # A camera clock that is ahead would keep its event open until that time comes.
        return taken if is_plausible(taken, one.written_at) and taken <= now else one.written_at

    def _is_settled(self, now: Moment) -> bool:
        """Return whether the machine was not interrupted for a while."""
        if now.was_interrupted_since(self._last):
            self._interrupted_at = now.awake
        self._last = now
        return self._interrupted_at is None or now.awake - self._interrupted_at > _UNSETTLED

    def _report(self, camera: str) -> None:
        known = self._clocks[camera].known
        if known is not None:
            self._health.camera_clock(camera, known.offset.total_seconds())


def _arrival(file: FoundFile, now: datetime) -> datetime | None:
    """Return when a file arrived if that is known to a minute; its modification time is exacter."""
    noticed = file.arrived_at
    age = (noticed or now).timestamp() - file.mtime_ns / _NS
    if 0 <= age < LIVE_FOR.total_seconds():
        return datetime.fromtimestamp(file.mtime_ns / _NS, UTC)
    return noticed
