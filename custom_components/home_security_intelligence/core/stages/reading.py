"""Reading the picture of a job, which may lie on another machine or be another one by now."""

import asyncio

from ..camera_root import CameraRoot
from ..database import Database
from ..errors import ImageReplacedError, ImageUnreadableError, PictureElsewhereError
from ..files import Content, read
from ..models import Image
from ..settings import Settings
from ..store import images, roots
from ..versions import Version, version_in


class Reader:
    """Reads from this pipeline's camera root."""

    def __init__(self, database: Database, root: CameraRoot, settings: Settings) -> None:
        self._database = database
        self._root = root
        self._settings = settings

    async def read(self, image: Image) -> Content:
        """Return the image's content; raises as `files.read` does.

        Raises PictureElsewhereError where the file is not here and those who registered it, in
        another folder, are still at work.
        """
        try:
            return await self._as_it_was(image, version_in(image))
        except ImageReplacedError as error:
            found = Version(size=error.size, mtime_ns=error.mtime_ns)
            if not await self._database.ask(lambda c: images.is_given_up(c, image, found)):
                raise
        except ImageUnreadableError as error:
            if error.code != "file_gone":
                raise
            raise await self._absence(image, error) from error
        # Another machine sees other times and has skipped the file as we see it: one has to look.
        return await self._as_it_was(image, found)

    async def _as_it_was(self, image: Image, version: Version) -> Content:
        size = self._settings.max_image_bytes
        return await asyncio.to_thread(read, self._root.path, image.path, version, max_bytes=size)

    async def _absence(
        self, image: Image, error: ImageUnreadableError
    ) -> ImageUnreadableError | PictureElsewhereError:
        """Return what it means that the file is not here."""
        number = image.root
        if number is None or number == self._root.id:
            return error
        other = await self._database.ask(lambda connection: roots.find(connection, number))
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
