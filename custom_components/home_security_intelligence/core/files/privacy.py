"""Privacy masks: parts of an image that are blackened before it leaves the core."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import Final

from ..domain.errors import MasksUnavailableError
from ..domain.file_version import Version
from ..domain.zones import Corner
from ..store import cameras
from ..store.database import Database
from .pixels import decode_upright, encode_jpeg
from .reader import ImageContent, read_image

type Masks = Sequence[Sequence[Corner]]

# Another worker than that of Home Assistant reads new masks after this time.
_LIFETIME: Final = 10.0  # seconds
_QUALITY: Final = 92


class PrivacyMasks:
    """The masks of all cameras, read from the database when an image is read."""

    def __init__(self, database: Database, *, clock: Callable[[], float] = monotonic) -> None:
        self._database = database
        self._clock = clock
        self._read_at = float("-inf")
        self._masks: Mapping[str, Masks] = {}

    async def of(self, camera: str) -> Masks:
        """Return a camera's masks; raises StoreError, so that an image is not read without them."""
        if self._clock() - self._read_at > _LIFETIME:
            began = self._clock()
            self._masks = await self._database.run_statement(cameras.privacy_masks)
            self._read_at = began
        return self._masks.get(camera, ())


def read_masked_image(
    root: Path, path: str, version: Version, masks: Masks, *, max_bytes: int
) -> ImageContent:
    """Return an image's content like `read_image`, with its masks applied. Blocks.

    A masked image is a JPEG without metadata, and its hash is that of the file. Raises
    ImageUnreadableError if an image with masks cannot be decoded.
    """
    file = read_image(root, path, version, max_bytes=max_bytes)
    if not masks:
        return file
    return replace(file, content=apply_masks(file.content, masks), content_type="image/jpeg")


def apply_masks(content: bytes, masks: Masks) -> bytes:
    """Return an image with the inside of its masks black, as a JPEG. Takes CPU time."""
    try:
        from PIL import ImageDraw  # noqa: PLC0415
    except ImportError as error:
        raise MasksUnavailableError(
            "a camera has privacy masks, for which this worker needs the package pillow"
        ) from error
    image = decode_upright(content)
    draw = ImageDraw.Draw(image)
    for mask in masks:
        draw.polygon([(x * image.width, y * image.height) for x, y in mask], fill="black")
    return encode_jpeg(image, quality=_QUALITY)
