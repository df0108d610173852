"""From an image in the queue to what is in it, and on to its event."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncConnection

from ..client import DetectResult, Inference
from ..database import Database
from ..errors import ImageReplacedError, ImageUnreadableError
from ..files import Content, read
from ..models import Image, ImageState, JobKind, SkipReason
from ..settings import Settings
from ..store import cameras, detected, images, leases
from ..store.leases import ClaimedJob, Failure
from ..updates import ImageUpdate, Update
from ..versions import Version, version_in
from ..watch import FoundFile
from .group import Group
from .stage import Outcome


class Detect:
    """Looks at one image, unless its content was looked at a short while ago."""

    kind = JobKind.DETECT

    def __init__(
        self,
        database: Database,
        client: Inference,
        group: Group,
        *,
        root: Path,
        settings: Settings,
        now: Callable[[], datetime],
        on_replaced: Callable[[FoundFile], None],
    ) -> None:
        self._database = database
        self._client = client
        self._group = group
        self._root = root
        self._settings = settings
        self._now = now
        self._on_replaced = on_replaced
        self._window = timedelta(seconds=settings.dedupe_window)

    async def run(self, job: ClaimedJob) -> Outcome:
        """Read the file and ask the server what is in it."""
        image = job.image
        if image is None:
            raise _forgotten()
        try:
            file = await self._read(image)
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
            return Outcome(
                store=lambda connection: self._replace(connection, job, image, found),
            )
        if await self._database.ask(lambda connection: self._seen(connection, image, file)):
            return Outcome(
                store=lambda connection: self._skip(
                    connection, job, image, file.sha256, SkipReason.DUPLICATE
                ),
            )
        result = await self._client.detect(
            file.content,
            content_type=file.content_type,
            threshold=self._settings.confidence_threshold,
        )
        return Outcome(
            store=lambda connection: self._keep(connection, job, image, file, result),
        )

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

    async def _read(self, image: Image) -> Content:
        """Return the image's content; raises as `files.read` does."""

        async def as_it_was(version: Version) -> Content:
            size = self._settings.max_image_bytes
            return await asyncio.to_thread(read, self._root, image.path, version, max_bytes=size)

        try:
            return await as_it_was(version_in(image))
        except ImageReplacedError as error:
            found = Version(size=error.size, mtime_ns=error.mtime_ns)
            if not await self._database.ask(lambda c: images.is_given_up(c, image, found)):
                raise
        # Another machine sees other times and has skipped the file as we see it: one has to look.
        return await as_it_was(found)

    async def _replace(
        self, connection: AsyncConnection, job: ClaimedJob, image: Image, found: Version
    ) -> Sequence[Update]:
        await cameras.lock(connection, image.camera)
        if await images.is_given_up(connection, image, found):
            await leases.release(connection, job)
            return ()
        return await self._skip(connection, job, image, None, SkipReason.REPLACED)

    async def _seen(self, connection: AsyncConnection, image: Image, file: Content) -> bool:
        return await images.is_duplicate(connection, image, file.sha256, window=self._window)

    async def _skip(
        self,
        connection: AsyncConnection,
        job: ClaimedJob,
        image: Image,
        sha256: bytes | None,
        reason: SkipReason,
    ) -> Sequence[Update]:
        await leases.finish(connection, job)
        await images.set_skipped(connection, image.id, sha256, reason)
        skipped = replace(image, state=ImageState.SKIPPED, reason=reason)
        return (ImageUpdate(image=skipped),)

    async def _keep(
        self,
        connection: AsyncConnection,
        job: ClaimedJob,
        image: Image,
        file: Content,
        result: DetectResult,
    ) -> Sequence[Update]:
        await cameras.lock(connection, image.camera)
        # Again, now that nobody else can finish the same content at the same time.
        if await self._seen(connection, image, file):
            return await self._skip(connection, job, image, file.sha256, SkipReason.DUPLICATE)
        now = self._now()
        await detected.keep(connection, job, file.sha256, result, now)
        looked_at = replace(
            image,
            state=ImageState.DETECTED,
            reason=None,
            width=result.width,
            height=result.height,
            detections=result.detections,
            detected_at=now,
        )
        return (ImageUpdate(image=looked_at), *await self._group.run(connection, looked_at))


async def _image_of(connection: AsyncConnection, job: ClaimedJob) -> Image:
    image = None if job.image_id is None else await images.get_waiting(connection, job.image_id)
    if image is None:
        raise _forgotten()
    return image


def _forgotten() -> ImageUnreadableError:
    return ImageUnreadableError("the image is no longer known", code="image_forgotten")
