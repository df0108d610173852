"""Decode image bytes into upright RGB pixels."""

from dataclasses import dataclass
import io
import logging
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError
import simplejpeg  # type: ignore[import-untyped] # ships no types

from inference_server.detection.decoding.headers import ImageFormat, ImageHeader
from inference_server.detection.decoding.jpeg_segments import without_metadata
from inference_server.detection.decoding.limits import read_checked_header
from inference_server.detection.decoding.preprocess import InputSize
from inference_server.errors import InvalidImageError

_LOG = logging.getLogger(__name__)
# The header is checked against MAX_PIXELS before Pillow reads a byte.
Image.MAX_IMAGE_PIXELS = None

_PADDED = "extraneous bytes before marker 0xd9"  # libjpeg's message for padding of the last scan
_CUT_OFF = "premature end"  # libjpeg's messages for missing data begin with this
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
    damage: str | None = None  # what is wrong with the file, although it can be shown


def decode(data: bytes, *, max_pixels: int, size: InputSize | None = None) -> DecodedImage:
    """Decode an image; if `size` is given, at a reduced size that still suffices for it.

    Raises ImageTooLargeError or InvalidImageError.
    """
    header = read_checked_header(data, max_pixels=max_pixels)
    rotated = header.orientation >= 5
    damage = None
    if header.format is ImageFormat.JPEG and header.plain:
        pixels, damage = _decode_jpeg(data, header, _shrink(header, size, rotated=rotated))
    else:
        pixels = _decode_with_pillow(data, header)
    return DecodedImage(
        pixels=_rotate_upright(pixels, header.orientation),
        width=header.height if rotated else header.width,
        height=header.width if rotated else header.height,
        damage=damage,
    )


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


def _decode_jpeg(
    data: bytes, header: ImageHeader, shrink: int
) -> tuple[NDArray[np.uint8], str | None]:
    """Return the pixels, and what is wrong with the file if anything is."""
    rows, columns = header.height // shrink, header.width // shrink

    def decode_rgb(data: bytes, *, strict: bool) -> NDArray[np.uint8]:
        # What libjpeg takes for the header decides how much it allocates.
        _check_size(simplejpeg.decode_jpeg_header(data, strict=strict)[:2], header)
        pixels: NDArray[np.uint8] = simplejpeg.decode_jpeg(
            data,
            colorspace="RGB",
            min_height=rows,
            min_width=columns,
            min_factor=shrink,
            strict=strict,
        )
        return pixels

    try:
        pixels, damage = _decode_damaged(data, decode_rgb)
    except (InvalidImageError, MemoryError):  # for memory, the machine may be the cause
        raise
    except Exception as err:
        raise _undecodable(err) from err
    if pixels.shape[:2] != (rows, columns):
        raise InvalidImageError("The image's header contradicts itself.")
    return pixels, damage


def _decode_damaged(
    data: bytes, decode_rgb: "_JpegDecoder"
) -> tuple[NDArray[np.uint8], str | None]:
    """Decode strictly, then what viewers show, too; raises the decoder's errors."""
    # Without strict, a truncated image would end in grey. The message is that of the first damage,
    # so all data before it is sound.
    try:
        return decode_rgb(data, strict=True), None
    except ValueError as err:
        warning = str(err)
    if _CUT_OFF in warning.lower():
        raise _undecodable(warning)
    clean = without_metadata(data)
    try:
        return decode_rgb(clean, strict=True), warning
    except ValueError as err:
        if _CUT_OFF in str(err).lower() or not _ends(data):
            raise
        damage = None if _PADDED in str(err) and warning == str(err) else str(err)
    return decode_rgb(clean, strict=False), damage


class _JpegDecoder(Protocol):
    def __call__(self, data: bytes, *, strict: bool) -> NDArray[np.uint8]: ...


def _ends(data: bytes) -> bool:
    return b"\xff\xd9" in data[-1024:]


def _decode_with_pillow(data: bytes, header: ImageHeader) -> NDArray[np.uint8]:
    if header.format is ImageFormat.JPEG:
        if not _ends(data):
            raise InvalidImageError("The image is truncated.")  # Pillow accepts a missing end
        data = without_metadata(data)  # Pillow would skip bytes one by one
    try:
        with Image.open(io.BytesIO(data), formats=[header.format.value]) as image:
            _check_size(image.size[::-1], header)
            if image.mode.startswith("I"):
                # 16 bit grey, which Pillow would clip instead of scale.
                grey = (np.asarray(image) >> 8).astype(np.uint8)
                return np.repeat(grey[:, :, np.newaxis], 3, axis=2)
            return np.array(image if image.mode == "RGB" else image.convert("RGB"))  # writable
    except (InvalidImageError, MemoryError):  # for memory, the machine may be the cause
        raise
    except UnidentifiedImageError as err:  # its message contains a memory address
        raise InvalidImageError("The image's header is corrupt.") from err
    except Exception as err:
        raise _undecodable(err) from err


def _check_size(size: tuple[int, int], header: ImageHeader) -> None:
    """Raise InvalidImageError unless a decoder finds the header's size (rows, columns)."""
    if size != (header.height, header.width):
        raise InvalidImageError("The image's header contradicts itself.")


def _undecodable(err: Exception | str) -> InvalidImageError:
    """Return the error for an image that a decoder failed on, in whatever way."""
    if isinstance(err, Exception):
        _LOG.info("A decoder refused an image with %s", type(err).__name__)
    return InvalidImageError(f"The image cannot be decoded: {err}.")
