"""Turn a picture's bytes into upright RGB pixels, or say why that cannot be."""

from dataclasses import dataclass
import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError
import simplejpeg  # type: ignore[import-untyped] # ships no types

from inference_server.detection.decoding.headers import ImageFormat, ImageHeader, read_header
from inference_server.detection.decoding.preprocess import InputSize
from inference_server.errors import ImageTooLargeError, InvalidImageError

# The header is held against our own limit before Pillow sees a byte.
Image.MAX_IMAGE_PIXELS = None

# Encoders write ten or so. Each is a pass over the whole picture, and takes a hundred bytes: a small
# file could keep a thread busy for minutes.
_MOST_SCANS = 100
_PADDED = "extraneous bytes before marker 0xd9"  # libjpeg's words
# libjpeg-turbo is fast at these; at the eighths between them it takes longer than for all pixels.
_SHRINKS = (8, 4, 2)
# How many times the detector's input a shrunk picture is at least: the resize that follows has to
# smooth something, or fine patterns stay as they are not in the library's own preprocessing.
_MARGIN = 1.1


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodedImage:
    """A decoded picture, upright; it may have been shrunk from its own width and height."""

    pixels: NDArray[np.uint8]  # (rows, columns, 3), RGB
    width: int
    height: int


def decode(data: bytes, *, max_pixels: int, size: InputSize | None = None) -> DecodedImage:
    """Decode a picture, no larger than it takes to be resized to `size`, if that is given.

    Raises ImageTooLargeError or InvalidImageError.
    """
    header = _check_header(data, max_pixels=max_pixels)
    if header.progressive and data.count(b"\xff\xda") > _MOST_SCANS:
        raise InvalidImageError(f"The picture has more than {_MOST_SCANS} scans.")
    on_its_side = header.orientation >= 5
    if header.format is ImageFormat.JPEG and header.plain:
        pixels = _decode_jpeg(data, header, _shrink(header, size, on_its_side=on_its_side))
    else:
        pixels = _decode_with_pillow(data, header)
    return DecodedImage(
        pixels=_rotate_upright(pixels, header.orientation),
        width=header.height if on_its_side else header.width,
        height=header.width if on_its_side else header.height,
    )


def _check_header(data: bytes, *, max_pixels: int) -> ImageHeader:
    """Return a picture's header; raises ImageTooLargeError or InvalidImageError."""
    header = read_header(data)
    if header.width * header.height > max_pixels:
        raise ImageTooLargeError(
            f"The picture has {header.width} x {header.height} pixels; "
            f"this server decodes up to {max_pixels} (MAX_PIXELS)."
        )
    return header


def _rotate_upright(pixels: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """Undo an EXIF orientation (1-8)."""
    if orientation >= 5:  # stored on its side
        pixels = pixels.transpose(1, 0, 2)
    if orientation in {3, 4, 7, 8}:
        pixels = pixels[::-1]
    if orientation in {2, 3, 6, 7}:
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)


def _shrink(header: ImageHeader, size: InputSize | None, *, on_its_side: bool) -> int:
    """Return what to divide a JPEG's size by while it is decoded."""
    if size is None:
        return 1
    height, width = (size.width, size.height) if on_its_side else (size.height, size.width)
    spare = min(header.height / height, header.width / width)
    fitting = (shrink for shrink in _SHRINKS if spare >= shrink * _MARGIN)
    # A side that is no multiple would be stretched a little.
    return next((n for n in fitting if header.width % n == header.height % n == 0), 1)


def _decode_jpeg(data: bytes, header: ImageHeader, shrink: int) -> NDArray[np.uint8]:
    rows, columns = header.height // shrink, header.width // shrink
    try:
        pixels = _decode_strictly(data, rows, columns, shrink)
    except ValueError as err:
        raise InvalidImageError(f"The picture cannot be decoded: {err}.") from err
    if pixels.shape[:2] != (rows, columns):
        raise InvalidImageError("The picture's header contradicts itself.")
    return pixels


def _decode_strictly(data: bytes, rows: int, columns: int, shrink: int) -> NDArray[np.uint8]:
    def run(*, strict: bool) -> NDArray[np.uint8]:
        pixels: NDArray[np.uint8] = simplejpeg.decode_jpeg(
            data,
            colorspace="RGB",
            min_height=rows,
            min_width=columns,
            min_factor=shrink,
            strict=strict,
        )
        return pixels

    # A picture that broke off would otherwise be grey from there on.
    try:
        return run(strict=True)
    except ValueError as err:
        # Some cameras pad the last scan. The first complaint is of its end: all before was sound.
        if _PADDED not in str(err):
            raise
        simplejpeg.decode_jpeg_header(data, strict=True)  # raises where that end is in the header
        return run(strict=False)


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
