"""Read-only queries of what is stored."""

from collections.abc import Callable, Collection, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from uuid import UUID

from ..aio.file_executor import FileExecutor
from ..domain.errors import ImageUnreadableError
from ..domain.file_version import version_in
from ..domain.models import Camera, DeadLetter, Image, MissedMoment, Page, QueueStats, SecurityEvent
from ..domain.presence import latest_of, present_until, upload_interval
from ..domain.queries import (
    DaySummary,
    DeadLetterQuery,
    EventDetails,
    EventQuery,
    ImageFile,
    Storage,
)
from ..domain.settings import Settings
from ..domain.updates import CameraState
from ..files.privacy import PrivacyMasks, read_masked_image
from ..risk.paths import paths_of_people
from ..store import (
    cameras,
    day_summary,
    dead_letters,
    event_days,
    event_list,
    events,
    feedback,
    heat,
    images,
    jobs,
    presence,
    storage,
)
from ..store.database import Database

_STORAGE_LIFETIME = timedelta(minutes=1)  # adding up the sizes of many images takes a while


class QueryService:
    """Answer queries from the database; every method raises StoreError when it is away."""

    def __init__(
        self,
        database: Database,
        root: Path,
        files: FileExecutor,
        masks: PrivacyMasks,
        settings: Settings,
        *,
        now: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._root = root
        self._files = files
        self._masks = masks
        self._settings = settings
        self._now = now
        self._storage: tuple[datetime, Storage] | None = None

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

    async def event_days(self, folder: str) -> tuple[date, ...]:
        """Return the latest local days with events of a camera, latest first."""
        async with self._database.begin() as connection:
            return await event_days.find(connection, folder, time_zone=self._settings.time_zone)

    async def count_events(self, query: EventQuery) -> int:
        """Return the number of matching events up to a limit."""
        async with self._database.begin() as connection:
            return await event_list.count(connection, query)

    async def event_details(self, event_id: UUID) -> EventDetails | None:
        """Return an event with its images and what it was judged by; None if there is none."""
        async with self._database.begin() as connection:
            event = await events.get(connection, event_id)
            if event is None:
                return None
            found = await images.of_event(connection, event_id)
            context = await events.context_of(connection, event_id)
            return EventDetails(
                event=event,
                images=found,
                zones=context.zones,
                paths=paths_of_people(found),
                phases=await events.phases_of(connection, event_id),
            )

    async def summarize(self, since: datetime, until: datetime) -> DaySummary:
        """Return what happened from `since` until before `until`."""
        async with self._database.begin() as connection:
            return DaySummary(
                counts=await day_summary.count(connection, since, until),
                highest=await day_summary.highest(connection, since, until),
            )

    async def count_people(self, folder: str, *, since: datetime) -> list[list[int]]:
        """Return how many people stood in each cell of a grid over a camera's image, by row."""
        async with self._database.begin() as connection:
            return await heat.count_people(connection, folder, since=since)

    async def storage(self) -> Storage:
        """Return how many images are recorded and the size of their files, a minute ago at most."""
        if self._storage is not None and self._now() - self._storage[0] < _STORAGE_LIFETIME:
            return self._storage[1]
        async with self._database.begin() as connection:
            found = await storage.read(connection)
        self._storage = (self._now(), found)
        return found

    async def oldest_job(self) -> datetime | None:
        """Return when the oldest job that waits or runs was created."""
        async with self._database.begin() as connection:
            return await jobs.oldest(connection)

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

    async def read_image(self, image_id: int, *, with_detections: bool = False) -> ImageFile:
        """Return an image and its file, with privacy masks; its detections only if asked for.

        Raises InputError if either no longer exists, and StorageStalledError.
        """
        async with self._database.begin() as connection:
            if with_detections:
                image = next(iter(await images.get_many(connection, [image_id])), None)
            else:
                image = await images.get(connection, image_id)
        if image is None:
            raise ImageUnreadableError("the image does not exist", code="image_forgotten")
        file = await self._files.call(
            image.camera,
            image.path,
            read_masked_image,
            self._root,
            image.path,
            version_in(image),
            await self._masks.of(image.camera),
            max_bytes=self._settings.max_image_bytes,
        )
        return ImageFile(image=image, content=file.content, content_type=file.content_type)
