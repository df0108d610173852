"""The pictures that an event's facts may bring for a model that sees."""

import binascii
from typing import Final

from inference_server.detection.decoding.headers import read_header
from inference_server.errors import InvalidImageError, InvalidRequestError

MOST_PICTURES: Final = 3
MAX_PICTURE_BYTES: Final = 1024 * 1024  # decoded
# A runtime decodes them whole, four bytes a pixel.
MAX_PICTURE_PIXELS: Final = 25_000_000


def encoded_length(size: int) -> int:
    """Return the characters that so many bytes take in base64."""
    return -(-size // 3) * 4


def read_picture(text: str, name: str) -> bytes:
    """Decode base64 and look at the picture's header; raises InvalidRequestError naming `name`."""
    if len(text) > encoded_length(MAX_PICTURE_BYTES):
        raise _too_large(name)
    try:
        data = binascii.a2b_base64(text, strict_mode=True)
    except ValueError as err:
        raise InvalidRequestError(f"{name} must be a picture in base64") from err
    if len(data) > MAX_PICTURE_BYTES:
        raise _too_large(name)
    try:
        header = read_header(data)
    except InvalidImageError as err:
        raise InvalidRequestError(f"{name} must be a JPEG, PNG or WebP picture") from err
    if header.width * header.height > MAX_PICTURE_PIXELS:
        raise InvalidRequestError(f"{name} must have {MAX_PICTURE_PIXELS} pixels at most")
    return data


def _too_large(name: str) -> InvalidRequestError:
    return InvalidRequestError(f"{name} must have {MAX_PICTURE_BYTES} bytes at most")
