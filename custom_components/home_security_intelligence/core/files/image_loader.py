"""Reading the picture of a job, which may lie on another machine or be another one by now."""

import asyncio
from collections.abc import Callable
from datetime import datetime

from ..domain.errors import (
    CameraFolderAwayError,
    CoreError,
    ImageReplacedError,
    ImageUnreadableError,
    PictureAwayError,
    PictureElsewhereError,
)
from ..domain.file_version import Version, version_in
from ..domain.models import Image
from ..domain.settings import Settings
from ..store import images, roots
from ..store.database import Database
from .camera_root import CameraRoot
from .reader import Content, is_bare, read

_ABSENT = frozenset({"file_gone", "file_forbidden"})


class Reader:
    """Reads from this pipeline's camera root."""

    def __init__(
        self,
        database: Database,
        root: CameraRoot,
        *,
        settings: Settings,
        now: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._root = root
        self._settings = settings
        self._now = now

    async def read(self, image: Image, failing_since: datetime | None) -> Content:
        """Return the image's content; raises as `files.read` does.

        Raises PictureAwayError where the file is not here and those who registered it, in another
        folder, are still at work, or where its camera's folder is away; that is no longer waited
        for when the job has been failing for too long.
        """
        try:
            return await self._as_it_was(image, version_in(image))
        except ImageReplacedError as error:
            found = Version(size=error.size, mtime_ns=error.mtime_ns)
            if not await self._database.run_statement(
                lambda c: images.is_given_up(c, image, found)
            ):
                raise
        except ImageUnreadableError as error:
            if error.code not in _ABSENT:
                raise
            raise await self._absence(image, error, failing_since) from error
        # Another machine sees other times and has skipped the file as we see it: one has to look.
        return await self._as_it_was(image, found)

    async def glance(self, image: Image, most_bytes: int) -> bytes | None:
        """Return the image's content; None where it is not here as it was, or larger."""
        version = version_in(image)
        try:
            file = await asyncio.to_thread(
                read, self._root.path, image.path, version, max_bytes=most_bytes
            )
        except CoreError:
            return None
        return file.content

    async def _as_it_was(self, image: Image, version: Version) -> Content:
        size = self._settings.max_image_bytes
        return await asyncio.to_thread(read, self._root.path, image.path, version, max_bytes=size)

    async def _absence(
        self, image: Image, error: ImageUnreadableError, failing_since: datetime | None
    ) -> ImageUnreadableError | PictureAwayError:
        """Return what it means that the file is not here."""
        number = image.root
        if number is None or number == self._root.id:
            waited = self._now() - (failing_since or self._now())
            if waited.total_seconds() > self._settings.away_limit:
                return error
            if not await asyncio.to_thread(is_bare, self._root.path / image.camera):
                return error
            return CameraFolderAwayError(
                f"the folder of camera {image.camera} is gone, empty or may not be read"
            )
        other = await self._database.run_statement(
            lambda connection: roots.find(connection, number)
        )
        if other is None:
            return error
        if other.live:
            return PictureElsewhereError(
                f"the picture lies in {other.path} on {other.host}, where it is waited for"
            )
        return ImageUnreadableError(
            f"the camera folder was changed: the picture was found in {other.path} on {other.host}"
            f" and is not in {self._root.path}. Move it there and try again, or dismiss it",
            code="root_changed",
        )
