"""Turn a picture's bytes into upright RGB pixels, or say why that cannot be."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError
import simplejpeg  # type: ignore[import-untyped] # ships no types

from ..errors import ImageTooLargeError, InvalidImageError
from .headers import ImageFormat, ImageHeader, read_header

# The header is held against our own limit before Pillow sees a byte.
Image.MAX_IMAGE_PIXELS = None

# Encoders write ten or so. Each is a pass over the whole picture, and takes a hundred bytes: a small
# file could keep a thread busy for minutes.
_MOST_SCANS = 100
_PADDED = "extraneous bytes before marker 0xd9"  # libjpeg's words


def decode(data: bytes, *, max_pixels: int) -> NDArray[np.uint8]:
    """Return upright pixels (height, width, 3), RGB.

    Raises ImageTooLargeError or InvalidImageError.
    """
    header = read_header(data)
    if header.width * header.height > max_pixels:
        raise ImageTooLargeError(
            f"The picture has {header.width} x {header.height} pixels; "
            f"this server decodes up to {max_pixels} (MAX_PIXELS)."
        )
    if header.progressive and data.count(b"\xff\xda") > _MOST_SCANS:
        raise InvalidImageError(f"The picture has more than {_MOST_SCANS} scans.")
    if header.format is ImageFormat.JPEG and header.plain:
        pixels = _decode_jpeg(data)
    else:
        pixels = _decode_with_pillow(data, header)
    return upright(pixels, header.orientation)


def upright(pixels: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """Undo an EXIF orientation (1-8)."""
    if orientation >= 5:  # stored on its side
        pixels = pixels.transpose(1, 0, 2)
    if orientation in {3, 4, 7, 8}:
        pixels = pixels[::-1]
    if orientation in {2, 3, 6, 7}:
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)


def _decode_jpeg(data: bytes) -> NDArray[np.uint8]:
    try:
        return _decode_strictly(data)
    except ValueError as err:
        raise InvalidImageError(f"The picture cannot be decoded: {err}.") from err


def _decode_strictly(data: bytes) -> NDArray[np.uint8]:
    # A picture that broke off would otherwise be grey from there on.
    pixels: NDArray[np.uint8]
    try:
        pixels = simplejpeg.decode_jpeg(data, colorspace="RGB", strict=True)
    except ValueError as err:
        # Some cameras pad the last scan. The first complaint is of its end: all before was sound.
        if _PADDED not in str(err):
            raise
        simplejpeg.decode_jpeg_header(data, strict=True)  # raises where that end is in the header
        pixels = simplejpeg.decode_jpeg(data, colorspace="RGB", strict=False)
    return pixels


def _decode_with_pillow(data: bytes, header: ImageHeader) -> NDArray[np.uint8]:
    if header.format is ImageFormat.JPEG and b"\xff\xd9" not in data[-1024:]:
        raise InvalidImageError("The picture is truncated.")  # Pillow forgives a missing end
    try:
        with Image.open(io.BytesIO(data), formats=[header.format.value]) as image:
            if image.size != (header.width, header.height):
                raise InvalidImageError("The picture's header contradicts itself.")
            if image.mode.startswith("I"):
                # 16 bit grey, which Pillow would clip instead of scale.
                grey = (np.asarray(image) >> 8).astype(np.uint8)
                return np.repeat(grey[:, :, np.newaxis], 3, axis=2)
            return np.array(image.convert("RGB"))  # a copy that torch may have
    except UnidentifiedImageError as err:  # its words hold an address in memory
        raise InvalidImageError("The picture's header is corrupt.") from err
    # Pillow's decoders raise these four for broken files, depending on where they are broken.
    except (OSError, SyntaxError, ValueError, EOFError) as err:
        raise InvalidImageError(f"The picture cannot be decoded: {err}.") from err
