"""The whole pipeline: wires its parts, starts and stops them, and answers for them."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
import os
from pathlib import Path
import socket
import ssl as ssl_module
from uuid import UUID
from zoneinfo import ZoneInfo

from ..aio.health_board import HealthBoard
from ..aio.publisher import Publisher
from ..domain.context import Home
from ..domain.errors import (
    CameraFolderMissingError,
    CameraFolderPermissionError,
    PipelineStoppedError,
    StoreError,
)
from ..domain.models import (
    Camera,
    CleanupReport,
    DeadLetter,
    EventMark,
    Image,
    MissedMoment,
    Page,
    QueueStats,
    RequeueReport,
    SecurityEvent,
)
from ..domain.queries import DeadLetterQuery, EventQuery, ImageFile
from ..domain.settings import Settings
from ..domain.updates import CameraState, Health, Listener
from ..files import camera_root
from ..inference.client import InferenceClient
from ..store import cameras
from ..store.engine import begin, connect
from .runtime import Running, launch

__all__ = [
    "DeadLetterQuery",
    "EventQuery",
    "ImageFile",
    "Pipeline",
    "PipelineConfig",
]

APPLICATION_NAME = "home_security_intelligence"
_LEAVE_TIMEOUT = 2.0  # seconds to tell the database that nobody is at work here any more
_CLOSE_TIMEOUT = 5.0  # seconds for the database's connections to part in peace


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineConfig:
    """What a pipeline needs to know; `time_zone` is the home's, `host` is this machine's name."""

    database_url: str
    camera_root: Path
    cameras: tuple[Camera, ...]
    time_zone: ZoneInfo
    settings: Settings = field(default_factory=Settings)
    ssl: ssl_module.SSLContext | None = None
    host: str = field(default_factory=socket.gethostname)
    home: Home | None = None  # what it says at the start; None where nobody tells this pipeline


class Pipeline:
    """From files in camera folders to assessed events.

    Each of `clients` is of another inference server; the least loaded one is asked.
    Questions raise StoreError while the database is away, and PipelineStoppedError before the
    start and after the stop.
    """

    def __init__(
        self,
        config: PipelineConfig,
        *clients: InferenceClient,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._config = config
        self._clients = clients
        self._now = now
        self._publisher = Publisher()
        self._board = HealthBoard(self._publisher)
        self._running: Running | None = None

    @property
    def health(self) -> Health:
        """The health as last seen."""
        return self._board.health

    async def start(self) -> None:
        """Start everything; raises StoreError or WatchError. A server that is away is no error."""
        config = self._config
        await asyncio.to_thread(_check_root, config.camera_root)
        engine = await connect(
            config.database_url, ssl=config.ssl, application_name=APPLICATION_NAME
        )
        try:
            async with begin(engine) as connection:
                await cameras.register(connection, config.cameras)
                root = await camera_root.register(connection, config.camera_root, config.host)
        except BaseException:
            await engine.dispose()
            raise
        self._running = launch(
            engine,
            self._clients,
            self._publisher,
            self._board,
            root=root,
            cameras=config.cameras,
            time_zone=config.time_zone,
            home=config.home,
            settings=config.settings,
            now=self._now,
        )

    async def stop(self, *, drain: float = 0.0) -> None:
        """Stop everything. Does nothing a second time.

        Jobs in hand may be finished for `drain` seconds; those that are not are given back.
        """
        running, self._running = self._running, None
        if running is None:
            return
        if drain > 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(drain):
                    await running.drain()
        await running.supervisor.stop()
        with suppress(StoreError, TimeoutError):  # it counts as gone by itself after a while
            async with asyncio.timeout(_LEAVE_TIMEOUT), running.database.begin() as connection:
                await camera_root.unregister(connection, running.root)
        with suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_TIMEOUT):
                await running.database.engine.dispose()

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call the listener on the event loop for every update; returns how to stop that."""
        return self._publisher.subscribe(listener)

    def note_home(self, home: Home) -> None:
        """Note what the home says from now on; events keep what it said when they began."""
        if self._running is None:
            raise PipelineStoppedError
        watch = self._running.home_watch
        if watch is None:
            raise RuntimeError("the pipeline was not told what the home says at the start")
        watch.note(home)

    async def refresh_health(self) -> Health:
        """Ask the inference servers now; return the health with their answers."""
        await self._ask(lambda parts: parts.servers.poll())
        return self.health

    async def pull_models(self) -> None:
        """Have servers that miss their language model download it; raises ClientError."""
        await self._ask(lambda parts: parts.servers.pull_models())

    async def camera_state(self, folder: str) -> CameraState:
        """Return where a camera stands."""
        return await self._ask(lambda parts: parts.archive.camera_state(folder))

    async def queue_stats(self) -> QueueStats:
        """Return the queue's numbers."""
        return await self._ask(lambda parts: parts.archive.queue_stats())

    async def list_events(self, query: EventQuery) -> Page[SecurityEvent]:
        """Return a page of events, newest first; raises InputError for a cursor not ours."""
        return await self._ask(lambda parts: parts.archive.list_events(query))

    async def get_event(self, event_id: UUID) -> SecurityEvent | None:
        """Return one event."""
        return await self._ask(lambda parts: parts.archive.get_event(event_id))

    async def mark_event(self, event_id: UUID, mark: EventMark | None) -> SecurityEvent:
        """Keep what a person says of an event, None to take it back; raises InputError."""
        return await self._ask(lambda parts: parts.feedback.mark(event_id, mark))

    async def mark_missed(self, camera: str, at: datetime) -> SecurityEvent | MissedMoment:
        """Mark the event of a moment as missed, or note the moment; raises InputError."""
        return await self._ask(lambda parts: parts.feedback.mark_missed(camera, at))

    async def take_back_missed(self, camera: str, at: datetime) -> int:
        """Take back that something was missed around a moment; returns how many notes went."""
        return await self._ask(lambda parts: parts.feedback.take_back_missed(camera, at))

    async def missed_moments(self, query: EventQuery) -> Sequence[MissedMoment]:
        """Return the moments noted, by the query's camera and time, the latest first."""
        return await self._ask(lambda parts: parts.archive.missed_moments(query))

    async def event_images(self, event_id: UUID) -> tuple[Image, ...]:
        """Return an event's images, by capture time."""
        return await self._ask(lambda parts: parts.archive.event_images(event_id))

    async def read_image(self, image_id: int) -> ImageFile:
        """Return an image and its file; raises InputError when either is gone."""
        return await self._ask(lambda parts: parts.archive.read_image(image_id))

    async def list_dead_letters(self, query: DeadLetterQuery) -> Page[DeadLetter]:
        """Return a page of dead letters, latest failure first; raises InputError as above."""
        return await self._ask(lambda parts: parts.archive.list_dead_letters(query))

    async def requeue_dead_letters(
        self, *, job_ids: Sequence[int] | None = None, query: DeadLetterQuery | None = None
    ) -> RequeueReport:
        """Give dead letters another chance: by id, by filter, or all."""
        return await self._ask(lambda parts: parts.dead_letters.requeue(job_ids, query))

    async def discard_dead_letters(
        self, *, job_ids: Sequence[int] | None = None, query: DeadLetterQuery | None = None
    ) -> int:
        """Dismiss dead letters: by id, by filter, or all; returns how many."""
        return await self._ask(lambda parts: parts.dead_letters.discard(job_ids, query))

    async def cleanup(self, *, dry_run: bool) -> CleanupReport:
        """Delete what is older than the settings say, or only count it."""
        return await self._ask(lambda parts: parts.clean_up.run(dry_run=dry_run))

    async def _ask[T](self, question: Callable[[Running], Coroutine[object, object, T]]) -> T:
        if self._running is None:
            raise PipelineStoppedError
        return await self._running.supervisor.run_request(question(self._running))


def _check_root(root: Path) -> None:
    if not root.is_dir():
        raise CameraFolderMissingError(f"there is no folder {root}")
    if not os.access(root, os.R_OK | os.X_OK):
        raise CameraFolderPermissionError(f"the folder {root} may not be read")
