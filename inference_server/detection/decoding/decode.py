"""Decode image bytes into upright RGB pixels."""

from dataclasses import dataclass
import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError
import simplejpeg  # type: ignore[import-untyped] # ships no types

from inference_server.detection.decoding.headers import ImageFormat, ImageHeader, read_header
from inference_server.detection.decoding.preprocess import InputSize
from inference_server.errors import ImageTooLargeError, InvalidImageError

# The header is checked against MAX_PIXELS before Pillow reads a byte.
Image.MAX_IMAGE_PIXELS = None

# Encoders write about ten. A scan of a hundred bytes costs a pass over the whole image: a small file
# could occupy a thread for minutes.
_MAX_SCANS = 100
_PADDED = "extraneous bytes before marker 0xd9"  # libjpeg's message
# libjpeg-turbo is fast at these; other multiples of 1/8 take longer than the full size.
_SHRINKS = (8, 4, 2)
# Minimum size of a shrunk image relative to the detector's input: the resize that follows must still
# smooth fine patterns, as the library's own preprocessing does.
_MARGIN = 1.1


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodedImage:
    """An upright decoded image; `pixels` may be smaller than width and height."""

    pixels: NDArray[np.uint8]  # (rows, columns, 3), RGB
    width: int
    height: int


def decode(data: bytes, *, max_pixels: int, size: InputSize | None = None) -> DecodedImage:
    """Decode an image; if `size` is given, at a reduced size that still suffices for it.

    Raises ImageTooLargeError or InvalidImageError.
    """
    header = _check_header(data, max_pixels=max_pixels)
    if header.progressive and data.count(b"\xff\xda") > _MAX_SCANS:
        raise InvalidImageError(f"The image has more than {_MAX_SCANS} scans.")
    rotated = header.orientation >= 5
    if header.format is ImageFormat.JPEG and header.plain:
        pixels = _decode_jpeg(data, header, _shrink(header, size, rotated=rotated))
    else:
        pixels = _decode_with_pillow(data, header)
    return DecodedImage(
        pixels=_rotate_upright(pixels, header.orientation),
        width=header.height if rotated else header.width,
        height=header.width if rotated else header.height,
    )


def _check_header(data: bytes, *, max_pixels: int) -> ImageHeader:
    """Return an image's header; raises ImageTooLargeError or InvalidImageError."""
    header = read_header(data)
    if header.width * header.height > max_pixels:
        raise ImageTooLargeError(
            f"The image has {header.width} x {header.height} pixels; "
            f"this server decodes up to {max_pixels} (MAX_PIXELS)."
        )
    return header


def _rotate_upright(pixels: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """Undo an EXIF orientation (1-8)."""
    if orientation >= 5:  # stored rotated by 90 degrees
        pixels = pixels.transpose(1, 0, 2)
    if orientation in {3, 4, 7, 8}:
        pixels = pixels[::-1]
    if orientation in {2, 3, 6, 7}:
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)


def _shrink(header: ImageHeader, size: InputSize | None, *, rotated: bool) -> int:
    """Return the factor by which a JPEG is reduced while it is decoded."""
    if size is None:
        return 1
    height, width = (size.width, size.height) if rotated else (size.height, size.width)
    spare = min(header.height / height, header.width / width)
    fitting = (shrink for shrink in _SHRINKS if spare >= shrink * _MARGIN)
    # A side that is not a multiple of the factor would be stretched slightly.
    return next((n for n in fitting if header.width % n == header.height % n == 0), 1)


def _decode_jpeg(data: bytes, header: ImageHeader, shrink: int) -> NDArray[np.uint8]:
    rows, columns = header.height // shrink, header.width // shrink
    try:
        pixels = _decode_strictly(data, rows, columns, shrink)
    except ValueError as err:
        raise InvalidImageError(f"The image cannot be decoded: {err}.") from err
    if pixels.shape[:2] != (rows, columns):
        raise InvalidImageError("The image's header contradicts itself.")
    return pixels


def _decode_strictly(data: bytes, rows: int, columns: int, shrink: int) -> NDArray[np.uint8]:
    def decode_rgb(*, strict: bool) -> NDArray[np.uint8]:
        pixels: NDArray[np.uint8] = simplejpeg.decode_jpeg(
            data,
            colorspace="RGB",
            min_height=rows,
            min_width=columns,
            min_factor=shrink,
            strict=strict,
        )
        return pixels

    # Without strict, a truncated image would end in grey.
    try:
        return decode_rgb(strict=True)
    except ValueError as err:
        # Some cameras pad the last scan. This is the first error, so all data before it is sound.
        if _PADDED not in str(err):
            raise
        simplejpeg.decode_jpeg_header(data, strict=True)  # raises if the marker is in the header
        return decode_rgb(strict=False)


def _decode_with_pillow(data: bytes, header: ImageHeader) -> NDArray[np.uint8]:
    if header.format is ImageFormat.JPEG and b"\xff\xd9" not in data[-1024:]:
        raise InvalidImageError("The image is truncated.")  # Pillow accepts a missing end
    try:
        with Image.open(io.BytesIO(data), formats=[header.format.value]) as image:
            if image.size != (header.width, header.height):
                raise InvalidImageError("The image's header contradicts itself.")
            if image.mode.startswith("I"):
                # 16 bit grey, which Pillow would clip instead of scale.
                grey = (np.asarray(image) >> 8).astype(np.uint8)
                return np.repeat(grey[:, :, np.newaxis], 3, axis=2)
            return np.array(image.convert("RGB"))  # a writable copy for torch
    except UnidentifiedImageError as err:  # its message contains a memory address
        raise InvalidImageError("The image's header is corrupt.") from err
    # The errors that Pillow's decoders raise for corrupt files.
    except (OSError, SyntaxError, ValueError, EOFError) as err:
        raise InvalidImageError(f"The image cannot be decoded: {err}.") from err
