"""Read-only queries of what is stored."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from pathlib import Path
from uuid import UUID

from ..aio.file_executor import FileExecutor
from ..domain.errors import ImageUnreadableError
from ..domain.file_version import version_in
from ..domain.models import Camera, DeadLetter, Image, MissedMoment, Page, QueueStats, SecurityEvent
from ..domain.presence import latest_of, present_until, upload_interval
from ..domain.queries import DeadLetterQuery, EventQuery, ImageFile
from ..domain.settings import Settings
from ..domain.updates import CameraState
from ..files.reader import read_image
from ..store import cameras, dead_letters, event_list, events, feedback, images, jobs, presence
from ..store.database import Database


class QueryService:
    """Answer queries from the database; every method raises StoreError when it is away."""

    def __init__(
        self,
        database: Database,
        root: Path,
        files: FileExecutor,
        settings: Settings,
        *,
        now: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._root = root
        self._files = files
        self._settings = settings
        self._now = now

    async def camera_state(self, folder: str) -> CameraState:
        """Return a camera's latest image, latest event and presence."""
        now = self._now()
        async with self._database.begin() as connection:
            camera = await cameras.find(connection, folder) or Camera(folder=folder, name=folder)
            event = await events.latest(connection, folder)
            best = None if event is None else event.best_image_id
            seen = await presence.find(connection, camera, self._settings, now=now)
            interval = upload_interval(seen.recent)
            latest = latest_of(
                present_until(image, camera, self._settings, interval) for image in seen.images
            )
            return CameraState(
                camera=camera,
                latest_image=await images.latest(connection, folder),
                last_event=event,
                last_event_image=None if best is None else await images.get(connection, best),
                present_until={present: until for present, until in latest.items() if until > now},
                recent=seen.recent,
            )

    async def list_cameras(self) -> tuple[Camera, ...]:
        """Return every camera that was ever configured, by folder."""
        async with self._database.begin() as connection:
            return await cameras.list_all(connection)

    async def queue_stats(self) -> QueueStats:
        """Return the queue's numbers."""
        async with self._database.begin() as connection:
            return await jobs.stats(connection)

    async def list_events(self, query: EventQuery) -> Page[SecurityEvent]:
        """Return a page of events, newest first; raises InputError for an invalid cursor."""
        async with self._database.begin() as connection:
            return await event_list.find(connection, query)

    async def get_event(self, event_id: UUID) -> SecurityEvent | None:
        """Return one event."""
        async with self._database.begin() as connection:
            return await events.get(connection, event_id)

    async def missed_moments(self, query: EventQuery) -> Sequence[MissedMoment]:
        """Return the missed moments of the query's camera and time, latest first."""
        async with self._database.begin() as connection:
            return await feedback.list_missed(
                connection,
                camera=query.camera,
                since=query.since,
                until=query.until,
                limit=query.limit,
            )

    async def event_images(self, event_id: UUID) -> tuple[Image, ...]:
        """Return an event's images, by capture time."""
        async with self._database.begin() as connection:
            return await images.of_event(connection, event_id)

    async def image_damage(self, ids: Collection[int]) -> dict[int, str]:
        """Return what is wrong with the files of those images that are damaged, by id."""
        async with self._database.begin() as connection:
            return await images.damage(connection, ids)

    async def list_dead_letters(self, query: DeadLetterQuery) -> Page[DeadLetter]:
        """Return a page of dead letters, latest failure first; raises InputError likewise."""
        async with self._database.begin() as connection:
            return await dead_letters.find(
                connection, query, requeue_limit=self._settings.requeue_limit
            )

    async def read_image(self, image_id: int) -> ImageFile:
        """Return an image and its file.

        Raises InputError if either no longer exists, and StorageStalledError.
        """
        async with self._database.begin() as connection:
            image = await images.get(connection, image_id)
        if image is None:
            raise ImageUnreadableError("the image does not exist", code="image_forgotten")
        file = await self._files.call(
            image.camera,
            image.path,
            read_image,
            self._root,
            image.path,
            version_in(image),
            max_bytes=self._settings.max_image_bytes,
        )
        return ImageFile(image=image, content=file.content, content_type=file.content_type)
