"""Limits that an image's header must meet before a decoder reads it."""

from typing import Final

from inference_server.detection.decoding.headers import ImageFormat, ImageHeader, read_header
from inference_server.errors import ImageTooLargeError, InvalidImageError

MAX_SIDE: Final = 65_535  # pixels, the most that a JPEG can have
# PNG and WebP are decoded at full size, with up to 20 bytes a pixel.
FULL_SIZE_FACTOR: Final = 2
# Encoders write about ten. A scan of a hundred bytes costs a pass over the whole image: a small file
# could occupy a thread for minutes.
_MAX_SCANS: Final = 100
# Scans of an image of MAX_PIXELS; smaller ones may have more. A pass takes about 1 ns a pixel.
_SCANS_AT_MAX_PIXELS: Final = 20


def read_checked_header(data: bytes, *, max_pixels: int) -> ImageHeader:
    """Read the header of an image that may be decoded.

    Raises ImageTooLargeError or InvalidImageError.
    """
    header = read_header(data)
    size = f"The image has {header.width} x {header.height} pixels; this server decodes"
    if max(header.width, header.height) > MAX_SIDE:
        raise ImageTooLargeError(f"{size} up to {MAX_SIDE} a side.")
    if header.pixels > max_pixels:
        raise ImageTooLargeError(f"{size} up to {max_pixels} (MAX_PIXELS).")
    if memory_pixels(header) > max_pixels:
        raise ImageTooLargeError(
            f"{size} a {header.format.upper()} up to {max_pixels // FULL_SIZE_FACTOR} "
            "(half of MAX_PIXELS). Send a JPEG."
        )
    if header.format is ImageFormat.JPEG:
        _check_scans(header, max_pixels=max_pixels)
    return header


def memory_pixels(header: ImageHeader) -> int:
    """Return the pixels of a JPEG that takes as much memory while it is decoded."""
    return header.pixels * (1 if header.format is ImageFormat.JPEG else FULL_SIZE_FACTOR)


def _check_scans(header: ImageHeader, *, max_pixels: int) -> None:
    limit = header.components
    if header.progressive:
        limit = min(_MAX_SCANS, _SCANS_AT_MAX_PIXELS * max_pixels // header.pixels)
    if header.scans > limit:
        raise InvalidImageError(f"The image has more than {limit} scans.")
