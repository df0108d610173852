"""The images that may come with an event's facts, for a model with vision."""

import binascii
from typing import Final

from pydantic_core import PydanticCustomError

from inference_server.detection.decoding.limits import (
    FULL_SIZE_FACTOR,
    MAX_SIDE,
    read_checked_header,
)
from inference_server.errors import ImageTooLargeError, InvalidImageError

MAX_IMAGES: Final = 3
MAX_IMAGE_BYTES: Final = 1024 * 1024  # decoded
MAX_IMAGE_PIXELS: Final = 25_000_000  # the runtime decodes the whole image, four bytes a pixel


def encoded_length(size: int) -> int:
    """Return the number of base64 characters for a number of bytes."""
    return -(-size // 3) * 4


def read_image(text: object) -> bytes:
    """Decode an image from base64 and check its header; raises PydanticCustomError."""
    if not isinstance(text, str):
        raise PydanticCustomError("image", "must be a text")
    if len(text) > encoded_length(MAX_IMAGE_BYTES):
        raise _too_large()
    try:
        data = binascii.a2b_base64(text, strict_mode=True)
    except ValueError as err:
        raise PydanticCustomError("image", "must be an image in base64") from err
    if len(data) > MAX_IMAGE_BYTES:
        raise _too_large()
    try:
        header = read_checked_header(data, max_pixels=MAX_IMAGE_PIXELS * FULL_SIZE_FACTOR)
    except InvalidImageError as err:
        raise PydanticCustomError(
            "image", "must be a JPEG, PNG or WebP image: {detail}", {"detail": err.detail}
        ) from err
    except ImageTooLargeError as err:
        raise _too_many_pixels() from err
    if header.pixels > MAX_IMAGE_PIXELS:
        raise _too_many_pixels()
    return data


def _too_many_pixels() -> PydanticCustomError:
    return PydanticCustomError(
        "image",
        "must have at most {limit} pixels, and {side} a side",
        {"limit": MAX_IMAGE_PIXELS, "side": MAX_SIDE},
    )


def _too_large() -> PydanticCustomError:
    return PydanticCustomError(
        "image", "must have at most {limit} bytes", {"limit": MAX_IMAGE_BYTES}
    )
