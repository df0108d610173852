"""Decoding and encoding of images, with limits on what a small file may cost.

Pillow is imported when an image is decoded: a worker that decodes none does without it.
"""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Final

from ..domain.errors import ImageUnreadableError

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_PIXELS: Final = 50_000_000  # 150 MB while it is decoded
# Encoders write about ten scans. One of a hundred bytes costs a pass over the whole image.
_MAX_SCANS: Final = 100
_FORMATS: Final = ("JPEG", "PNG", "WEBP")
_SCAN: Final = b"\xff\xda"
_END: Final = b"\xff\xd9"


def decode_upright(content: bytes, *, fit: int | None = None) -> Image:
    """Return an image as RGB, turned upright. Takes CPU time.

    With `fit`, it is scaled down so that it is no wider and no higher. What a truncated JPEG lacks
    is grey. Raises ImageUnreadableError for what is no image or exceeds a limit.
    """
    from PIL import Image as pillow, ImageOps, UnidentifiedImageError  # noqa: PLC0415

    try:
        # Without its end, a JPEG would be refused as truncated.
        with pillow.open(BytesIO(content + _END), formats=_FORMATS) as image:
            if image.width * image.height > MAX_PIXELS or content.count(_SCAN) > _MAX_SCANS:
                raise ImageUnreadableError("the image is too large", code="image_too_large")
            if fit is not None:
                image.draft("RGB", (fit, fit))
            image.load()
            upright = ImageOps.exif_transpose(image).convert("RGB")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, MemoryError) as error:
        raise ImageUnreadableError("the file is not an image", code="image_invalid") from error
    except pillow.DecompressionBombError as error:
        raise ImageUnreadableError("the image is too large", code="image_too_large") from error
    if fit is not None:
        upright.thumbnail((fit, fit))
    return upright


def encode_jpeg(image: Image, *, quality: int) -> bytes:
    """Return an image as a JPEG without metadata. Takes CPU time."""
    target = BytesIO()
    image.save(target, "JPEG", quality=quality)
    return target.getvalue()
