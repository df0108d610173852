"""From an image in the queue to what is in it, and on to its event."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from ..aio.batcher import Batcher
from ..domain.errors import ImageReplacedError, ImageUnreadableError
from ..domain.file_version import Version
from ..domain.found_file import FoundFile
from ..domain.inference import DetectResult
from ..domain.models import Image, ImageState, JobKind, SkipReason
from ..domain.settings import Settings
from ..domain.updates import ImageUpdate, Update
from ..events.grouper import Group
from ..files.image_loader import ImageLoader
from ..inference.protocol import InferenceBackend
from ..queue.handler import Outcome, Stored
from ..store import cameras, detections, images, leases
from ..store.database import Database
from ..store.detections import DetectedImage
from ..store.leases import ClaimedJob, Failure

_AT_ONCE = 100  # images asked about or stored at once, at most
_WORTH_ASKING = 8  # images; with fewer, those being read at that moment are waited for


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """An image's content by its SHA-256 and what is in it; no result where that is known already."""

    image: Image
    sha256: bytes
    result: DetectResult | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Replaced:
    """An image whose file has become another one, which is found and registered by itself."""

    image: Image
    found: Version


class Detect:
    """Looks at images, unless their content was looked at a short while ago."""

    kind = JobKind.DETECT
    together = _AT_ONCE

    def __init__(
        self,
        database: Database,
        client: InferenceBackend,
        group: Group,
        *,
        loader: ImageLoader,
        settings: Settings,
        now: Callable[[], datetime],
        on_replaced: Callable[[FoundFile], None],
    ) -> None:
        self._database = database
        self._client = client
        self._group = group
        self._loader = loader
        self._settings = settings
        self._now = now
        self._on_replaced = on_replaced
        self._window = timedelta(seconds=settings.dedupe_window)
        self._reading = 0  # files; their images are about to be asked about
        self._known = Batcher(
            self._are_known,
            max_size=_AT_ONCE,
            min_size=lambda: _WORTH_ASKING if self._reading else 1,
        )

    async def run(self, job: ClaimedJob) -> Outcome[Seen | Replaced]:
        """Read the file and ask the server what is in it."""
        image = job.image
        if image is None:
            raise _forgotten()
        self._reading += 1
        try:
            file = await self._loader.load(image, job.first_failed_at)
        except ImageReplacedError as error:
            found = Version(size=error.size, mtime_ns=error.mtime_ns)
            self._on_replaced(
                FoundFile(
                    camera=image.camera,
                    path=image.path,
                    size=found.size,
                    mtime_ns=found.mtime_ns,
                )
            )
            return Outcome(job=job, result=Replaced(image=image, found=found))
        finally:
            self._reading -= 1
        result: DetectResult | None = None
        if not await self._known.submit((image, file.sha256)):
            result = await self._client.detect(
                file.content,
                content_type=file.content_type,
                threshold=self._settings.confidence_threshold,
            )
        return Outcome(job=job, result=Seen(image=image, sha256=file.sha256, result=result))

    async def store(
        self, connection: AsyncConnection, outcomes: Sequence[Outcome[Seen | Replaced]]
    ) -> Stored:
        """Keep what was seen, and let the images join their events."""
        await cameras.lock(connection, {outcome.job.camera for outcome in outcomes})
        if any(isinstance(outcome.result, Replaced) for outcome in outcomes):
            await leases.lock(connection, [outcome.job for outcome in outcomes])
        stored: set[int] = set()
        updates: list[Update] = []
        looked_at: list[tuple[ClaimedJob, Seen]] = []
        for outcome in outcomes:
            match outcome.result:
                case Seen() as seen:
                    looked_at.append((outcome.job, seen))
                case Replaced() as replaced:
                    settled = await self._replace(connection, outcome.job, replaced)
                    stored |= settled.jobs
                    updates += settled.updates
        held = await leases.finish(connection, [job for job, _ in looked_at])
        ended = [seen for job, seen in looked_at if job.id in held]
        new = await self._new_among(connection, ended)
        known = [(seen.image, seen.sha256) for seen in ended if seen.image.id not in new]
        updates += await self._skip(connection, known, SkipReason.DUPLICATE)
        updates += await self._keep(connection, new.values())
        return Stored(jobs=held | stored, updates=updates)

    async def lock(self, connection: AsyncConnection, job: ClaimedJob) -> None:
        """Lock nothing: the image is changed after its job, as everywhere."""

    async def bury(
        self, connection: AsyncConnection, job: ClaimedJob, failure: Failure
    ) -> Sequence[Update]:
        """Say of the image that it could not be looked at."""
        image = await _image_of(connection, job)
        await images.set_dead(connection, image.id, failure.message)
        dead = replace(image, state=ImageState.DEAD, reason=failure.message)
        return (ImageUpdate(image=dead),)

    async def _are_known(self, contents: Sequence[tuple[Image, bytes]]) -> list[bool]:
        known = await self._database.run_statement(
            lambda connection: images.duplicates(connection, contents, window=self._window)
        )
        return [image.id in known for image, _ in contents]

    async def _new_among(
        self, connection: AsyncConnection, seen: Sequence[Seen]
    ) -> dict[int, tuple[Seen, DetectResult]]:
        """Return those whose content nobody has looked at within the window, by image.

        Asked again, now that nobody else can finish the same content at the same time; and it may
        be there twice among these.
        """
        looked_at = sorted(
            (one for one in seen if one.result is not None),
            key=lambda one: (one.image.captured_at, one.image.id),
        )
        if not looked_at:
            return {}
        known = await images.duplicates(
            connection, [(one.image, one.sha256) for one in looked_at], window=self._window
        )
        new: dict[int, tuple[Seen, DetectResult]] = {}
        last: dict[tuple[str, bytes], datetime] = {}
        for one in looked_at:
            moment, content = one.image.captured_at, (one.image.camera, one.sha256)
            again = content in last and moment - last[content] <= self._window
            if one.result is None or one.image.id in known or again:
                continue
            last[content] = moment
            new[one.image.id] = (one, one.result)
        return new

    async def _replace(
        self, connection: AsyncConnection, job: ClaimedJob, replaced: Replaced
    ) -> Stored:
        # One by one: of two that were replaced by each other, one has to be looked at.
        if await images.is_given_up(connection, replaced.image, replaced.found):
            return Stored(jobs=await leases.release(connection, [job]), updates=())
        held = await leases.finish(connection, [job])
        skipped = [(replaced.image, None)] if held else []
        updates = await self._skip(connection, skipped, SkipReason.REPLACED)
        return Stored(jobs=held, updates=updates)

    async def _skip(
        self,
        connection: AsyncConnection,
        contents: Sequence[tuple[Image, bytes | None]],
        reason: SkipReason,
    ) -> tuple[ImageUpdate, ...]:
        if not contents:
            return ()
        await images.set_skipped(connection, contents, reason)
        return tuple(
            ImageUpdate(image=replace(image, state=ImageState.SKIPPED, reason=reason))
            for image, _ in contents
        )

    async def _keep(
        self, connection: AsyncConnection, new: Iterable[tuple[Seen, DetectResult]]
    ) -> tuple[Update, ...]:
        now = self._now()
        looked_at = [(_looked_at(one.image, result, now), one, result) for one, result in new]
        if not looked_at:
            return ()
        grouping = await self._group.run(connection, [image for image, _, _ in looked_at])
        await detections.insert(
            connection,
            [
                DetectedImage(
                    image_id=image.id,
                    sha256=one.sha256,
                    result=result,
                    event_id=grouping.places.get(image.id),
                )
                for image, one, result in looked_at
            ],
            now=now,
        )
        told = (ImageUpdate(image=image) for image, _, _ in looked_at)
        return (*told, *grouping.updates)


def _looked_at(image: Image, result: DetectResult, now: datetime) -> Image:
    return replace(
        image,
        state=ImageState.DETECTED,
        reason=None,
        width=result.width,
        height=result.height,
        detections=result.detections,
        detected_at=now,
    )


async def _image_of(connection: AsyncConnection, job: ClaimedJob) -> Image:
    image = None if job.image_id is None else await images.get_waiting(connection, job.image_id)
    if image is None:
        raise _forgotten()
    return image


def _forgotten() -> ImageUnreadableError:
    return ImageUnreadableError("the image is no longer known", code="image_forgotten")
