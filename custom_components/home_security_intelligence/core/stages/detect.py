"""Detects the objects in an image, stores them and puts the image into its event."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from ..aio.batcher import Batcher
from ..domain.errors import ImageReplacedError, ImageUnreadableError
from ..domain.file_version import Version
from ..domain.inference import DetectResult
from ..domain.models import Image, ImageState, JobKind, SkipReason
from ..domain.settings import Settings
from ..domain.updates import ImageUpdate
from ..events.event_judge import EventJudge
from ..events.grouper import EventGrouper
from ..files.image_loader import ImageLoader
from ..inference.protocol import InferenceBackend
from ..queue.handler import Outcome
from ..store import detections, images, leases, replaced
from ..store.cameras import LockedCameras
from ..store.database import Database
from ..store.detections import DetectedImage
from ..store.leases import ClaimedJob, Failure
from ..store.transaction import Transaction

_BATCH_LIMIT = 100  # maximum number of images checked or stored at once
_MIN_CHECK = 8  # images in a duplicate check, while further files are being read


@dataclass(frozen=True, slots=True, kw_only=True)
class Detected:
    """An image, its content's SHA-256 and its detections; no result for known content."""

    image: Image
    sha256: bytes
    result: DetectResult | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Replaced:
    """An image whose file was overwritten; the new version is registered as another image."""

    image: Image
    found: Version


class Detect:
    """Has the server detect objects in images, unless the camera's same content was detected."""

    kind = JobKind.DETECT
    batch_limit = _BATCH_LIMIT

    def __init__(
        self,
        database: Database,
        client: InferenceBackend,
        grouper: EventGrouper,
        judge: EventJudge,
        *,
        loader: ImageLoader,
        settings: Settings,
        now: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._client = client
        self._grouper = grouper
        self._judge = judge
        self._loader = loader
        self._settings = settings
        self._now = now
        self._reading = 0  # files; a duplicate check of their images follows
        self._duplicate_check = Batcher(
            self._check_duplicates,
            max_size=_BATCH_LIMIT,
            min_size=lambda: _MIN_CHECK if self._reading else 1,
        )

    async def process(self, job: ClaimedJob) -> Outcome[Detected | Replaced]:
        """Read the image's file and have the server detect the objects in it."""
        image = job.image
        if image is None:
            raise _forgotten()
        self._reading += 1
        try:
            file = await self._loader.load(image, job.away_since)
        except ImageReplacedError as error:
            found = Version(size=error.size, mtime_ns=error.mtime_ns)
            return Outcome(job=job, result=Replaced(image=image, found=found))
        finally:
            self._reading -= 1
        result: DetectResult | None = None
        if not await self._duplicate_check.submit((image, file.sha256)):
            result = await self._client.detect(
                file.content,
                content_type=file.content_type,
                threshold=self._settings.confidence_threshold,
            )
        return Outcome(job=job, result=Detected(image=image, sha256=file.sha256, result=result))

    async def store(
        self, transaction: Transaction, outcomes: Sequence[Outcome[Detected | Replaced]]
    ) -> frozenset[int]:
        """Store detections, put the images into their events, and judge these."""
        connection = transaction.connection
        locked = await self._judge.lock(connection, {one.job.camera for one in outcomes})
        if any(isinstance(outcome.result, Replaced) for outcome in outcomes):
            await leases.lock(connection, [outcome.job for outcome in outcomes])
        stored: set[int] = set()
        detected: list[tuple[ClaimedJob, Detected]] = []
        for outcome in outcomes:
            match outcome.result:
                case Detected() as result:
                    detected.append((outcome.job, result))
                case Replaced() as found:
                    stored |= await self._store_replaced(transaction, outcome.job, found)
        finished = await leases.finish(connection, [job for job, _ in detected])
        results = [result for job, result in detected if job.id in finished]
        new = await self._select_new(connection, results)
        known = [(one.image, one.sha256) for one in results if one.image.id not in new]
        await _skip(transaction, known, SkipReason.DUPLICATE)
        await self._store_new(transaction, new.values(), locked)
        return finished | stored

    async def lock_subject(self, connection: AsyncConnection, job: ClaimedJob) -> None:
        """Lock nothing: an image is changed after its job, as everywhere."""

    async def on_dead(self, transaction: Transaction, job: ClaimedJob, failure: Failure) -> None:
        """Mark the image as dead."""
        connection = transaction.connection
        image = None if job.image_id is None else await images.get_pending(connection, job.image_id)
        if image is None:
            raise _forgotten()
        await images.set_dead(connection, image.id, failure.message)
        newer = await replaced.find_newer(connection, image)
        # Overwritten while it was processed, such as the half of an upload.
        ended = () if newer is None else await replaced.supersede_dead(connection, [newer])
        if image.id not in {other.id for other in ended}:
            ended += (replace(image, state=ImageState.DEAD, reason=failure.message),)
        transaction.publish_after_commit(ImageUpdate(image=one) for one in ended)

    async def _check_duplicates(self, contents: Sequence[tuple[Image, bytes]]) -> list[bool]:
        duplicates = await self._database.run_statement(
            lambda connection: images.find_duplicates(connection, contents)
        )
        return [image.id in duplicates for image, _ in contents]

    async def _select_new(
        self, connection: AsyncConnection, results: Sequence[Detected]
    ) -> dict[int, tuple[Detected, DetectResult]]:
        """Return the results whose content was not detected before, by image id.

        The check is repeated under the cameras' locks, because the same content may have been
        processed twice at the same time. It may also occur twice among these results.
        """
        ordered = sorted(
            (one for one in results if one.result is not None),
            key=lambda one: (one.image.captured_at, one.image.id),
        )
        if not ordered:
            return {}
        duplicates = await images.find_duplicates(
            connection, [(one.image, one.sha256) for one in ordered]
        )
        new: dict[int, tuple[Detected, DetectResult]] = {}
        seen: set[tuple[str, bytes]] = set()
        for one in ordered:
            content = (one.image.camera, one.sha256)
            if one.result is None or one.image.id in duplicates or content in seen:
                continue
            seen.add(content)
            new[one.image.id] = (one, one.result)
        return new

    async def _store_replaced(
        self, transaction: Transaction, job: ClaimedJob, outcome: Replaced
    ) -> frozenset[int]:
        # One by one: of two images that replaced each other, one has to be detected.
        connection = transaction.connection
        if await images.is_skipped_as_replaced(connection, outcome.image, outcome.found):
            return await leases.release(connection, [job])
        finished = await leases.finish(connection, [job])
        if finished:
            await _skip(transaction, [(outcome.image, None)], SkipReason.REPLACED)
        return finished

    async def _store_new(
        self,
        transaction: Transaction,
        new: Iterable[tuple[Detected, DetectResult]],
        locked: LockedCameras,
    ) -> None:
        now = self._now()
        detected = [(_with_result(one.image, result, now), one, result) for one, result in new]
        if not detected:
            return
        grouping = await self._grouper.add(
            transaction, [image for image, _, _ in detected], locked.by_folder
        )
        await detections.insert(
            transaction.connection,
            [
                DetectedImage(
                    image_id=image.id,
                    camera=image.camera,
                    sha256=one.sha256,
                    result=result,
                    event_id=grouping.event_ids.get(image.id),
                )
                for image, one, result in detected
            ],
            now=now,
        )
        images_in_events = [
            replace(image, event_id=grouping.event_ids.get(image.id)) for image, _, _ in detected
        ]
        transaction.publish_after_commit(ImageUpdate(image=image) for image in images_in_events)
        await self._judge.judge(transaction, grouping.changes, locked, images_in_events)


async def _skip(
    transaction: Transaction,
    contents: Sequence[tuple[Image, bytes | None]],
    reason: SkipReason,
) -> None:
    if not contents:
        return
    await images.set_skipped(transaction.connection, contents, reason)
    transaction.publish_after_commit(
        ImageUpdate(image=replace(image, state=ImageState.SKIPPED, reason=reason))
        for image, _ in contents
    )


def _with_result(image: Image, result: DetectResult, now: datetime) -> Image:
    return replace(
        image,
        state=ImageState.DETECTED,
        reason=None,
        width=result.width,
        height=result.height,
        detections=result.detections,
        detected_at=now,
        damaged=result.damaged,
    )


def _forgotten() -> ImageUnreadableError:
    return ImageUnreadableError("the image is no longer in the database", code="image_forgotten")
