"""Render an image for a dashboard: smaller, with boxes, or cut out around an object."""

from collections.abc import Sequence
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from .core.domain.models import Detection
from .core.domain.queries import ImageFile
from .core.files.pixels import decode_upright, encode_jpeg
from .image_variant import Variant

_THUMBNAIL: Final = 480  # pixels
_LARGE: Final = 1920  # pixels
_CROP: Final = 640  # pixels
_CROP_MARGIN: Final = 0.25  # of the object's size, on each side
_QUALITY: Final = 80
_COLOUR: Final = "#ffb300"


def render_image(file: ImageFile, variant: Variant) -> bytes:
    """Return a JPEG of the image's variant; run in the executor.

    Raises ImageUnreadableError for what is no image.
    """
    detections = file.image.detections
    match variant:
        case Variant.BOXES:
            image = decode_upright(file.content, fit=_LARGE)
            draw_boxes(image, detections)
        case Variant.CROP if detections:
            image = decode_upright(file.content)
            image = image.crop(crop_around(image.size, detections))
            image.thumbnail((_CROP, _CROP))
        case _:
            image = decode_upright(file.content, fit=_THUMBNAIL)
    return encode_jpeg(image, quality=_QUALITY)


def draw_boxes(image: Image.Image, detections: Sequence[Detection]) -> None:
    """Draw each detection's box and label onto an image."""
    draw = ImageDraw.Draw(image)
    line = max(2, image.width // 400)
    font = ImageFont.load_default(size=max(12, image.width // 60))
    for detection in detections:
        box = detection.box
        left, right = sorted((box.x1 * image.width, box.x2 * image.width))
        top, bottom = sorted((box.y1 * image.height, box.y2 * image.height))
        draw.rectangle((left, top, right, bottom), outline=_COLOUR, width=line)
        text = f"{detection.label} {detection.confidence:.0%}"
        # Above the box; inside it where the image ends.
        height = font.getbbox(text)[3] + 2 * line
        y = max(0, top - height)
        draw.rectangle((left, y, left + font.getlength(text) + 2 * line, y + height), fill=_COLOUR)
        draw.text((left + line, y), text, fill="black", font=font)


def crop_around(
    size: tuple[int, int], detections: Sequence[Detection]
) -> tuple[int, int, int, int]:
    """Return the pixels around the most confident detection, with a margin."""
    box = max(detections, key=lambda each: each.confidence).box
    width, height = size
    x, y = (box.x2 - box.x1) * _CROP_MARGIN, (box.y2 - box.y1) * _CROP_MARGIN
    left, top = int(max(0, box.x1 - x) * width), int(max(0, box.y1 - y) * height)
    right, bottom = int(min(1, box.x2 + x) * width), int(min(1, box.y2 + y) * height)
    return left, top, max(right, left + 1), max(bottom, top + 1)
