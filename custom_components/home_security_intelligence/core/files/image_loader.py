"""Loading the image of a job, whose file may be on another machine or replaced by now."""

from collections.abc import Callable
from datetime import datetime

from ..aio.file_executor import FileExecutor
from ..aio.slow_calls import SlowCalls
from ..domain.errors import (
    CameraFolderAwayError,
    CoreError,
    ImageAwayError,
    ImageElsewhereError,
    ImageForbiddenError,
    ImageReplacedError,
    ImageUnreadableError,
)
from ..domain.file_version import Version, version_in
from ..domain.models import Image
from ..domain.settings import Settings
from ..store import images, roots
from ..store.database import Database
from ..store.roots import KnownRoot
from .camera_root import CameraRoot
from .privacy import PrivacyMasks, read_masked_image
from .reader import ImageContent, looks_unmounted

_SLOW_AFTER = 1.0  # seconds; few files take longer to read while their storage responds
_ABSENT = frozenset({"file_gone", "file_forbidden"})
_FORBIDDEN_LIMIT = 600.0  # seconds for which permission to read a file is waited for


class ImageLoader:
    """Loads images from this pipeline's camera root."""

    def __init__(
        self,
        database: Database,
        root: CameraRoot,
        files: FileExecutor,
        masks: PrivacyMasks,
        *,
        settings: Settings,
        now: Callable[[], datetime],
    ) -> None:
        self._database = database
        self.slow_reads = SlowCalls(after=_SLOW_AFTER)
        self._root = root
        self._files = files
        self._masks = masks
        self._settings = settings
        self._now = now

    async def load(self, image: Image, away_since: datetime | None) -> ImageContent:
        """Return the image's content; raises as `read_image` does.

        Raises ImageAwayError if the file is not here and either was found in another camera root,
        or the camera's folder is away, or there is no permission to read it for now. All of these
        are waited for until `away_since` is too long ago; a running worker with the other root is
        waited for without a limit.
        """
        limit = self._settings.max_image_bytes
        try:
            with self.slow_reads.track():
                return await self._read(image, version_in(image), limit)
        except ImageReplacedError as error:
            found = Version(size=error.size, mtime_ns=error.mtime_ns)
            if not await self._database.run_statement(
                lambda c: images.is_skipped_as_replaced(c, image, found)
            ):
                raise
        except ImageUnreadableError as error:
            if error.code not in _ABSENT:
                raise
            raise await self._explain_absence(image, error, away_since) from error
        # Another machine sees other times and has skipped this version: one of us must process it.
        return await self._read(image, found, limit)

    async def try_load(self, image: Image, *, max_bytes: int) -> bytes | None:
        """Return the image's content; None if the file is missing, replaced or larger."""
        version = version_in(image)
        try:
            file = await self._read(image, version, max_bytes)
        except CoreError:
            return None
        return file.content if len(file.content) <= max_bytes else None

    async def _read(self, image: Image, version: Version, max_bytes: int) -> ImageContent:
        return await self._files.call(
            image.camera,
            image.path,
            read_masked_image,
            self._root.path,
            image.path,
            version,
            await self._masks.of(image.camera),
            max_bytes=max_bytes,
        )

    async def _explain_absence(
        self, image: Image, error: ImageUnreadableError, away_since: datetime | None
    ) -> ImageUnreadableError | ImageAwayError:
        """Return the error that says why the file is not here."""
        other = await self._root_of(image)
        if other is not None and other.live:
            return ImageElsewhereError(
                f"the image is in {other.path} on {other.host}; the worker there processes it"
            )
        waited = self._now() - (away_since or self._now())
        if waited.total_seconds() > self._settings.away_limit:
            return error if other is None else self._root_changed(other)
        folder = self._root.path / image.camera
        if await self._files.call(image.camera, image.camera, looks_unmounted, folder):
            return CameraFolderAwayError(
                f"the folder of camera {image.camera} is missing, empty or not readable"
            )
        if error.code == "file_forbidden" and waited.total_seconds() < _FORBIDDEN_LIMIT:
            return ImageForbiddenError(str(error))
        if other is None or error.code == "file_forbidden":
            return error
        return CameraFolderAwayError(
            f"the image was found in {other.path} on {other.host}, where no worker runs now, and is"
            f" not in {self._root.path}"
        )

    async def _root_of(self, image: Image) -> KnownRoot | None:
        """Return the camera root in which an image was found, if that is another one."""
        number = image.root
        if number is None or number == self._root.id:
            return None
        return await self._database.run_statement(lambda connection: roots.find(connection, number))

    def _root_changed(self, other: KnownRoot) -> ImageUnreadableError:
        return ImageUnreadableError(
            f"the camera folder was changed: the image was found in {other.path} on {other.host}"
            f" and is not in {self._root.path}. Move it there and requeue it, or discard it",
            code="root_changed",
        )
