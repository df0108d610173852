"""Read image files for the entities that show them."""

from typing import Final

from homeassistant.exceptions import HomeAssistantError

from .const import DOMAIN
from .core.domain.errors import CoreError, InputError
from .core.domain.queries import ImageFile
from .core.pipeline.pipeline import Pipeline

_UNKNOWN: Final = "image_forgotten"  # the error's code


class ImageGoneError(HomeAssistantError):
    """The image file was deleted or overwritten; no other one is shown in its place."""

    is_unknown = False  # whether the image's record is gone too, or never existed


async def async_read_image(
    pipeline: Pipeline, image_id: int, *, with_detections: bool = False
) -> ImageFile:
    """Return an image's file as uploaded.

    Raises ImageGoneError if it no longer exists, HomeAssistantError if it cannot be read now.
    """
    try:
        return await pipeline.queries.read_image(image_id, with_detections=with_detections)
    except CoreError as err:
        kind = ImageGoneError if isinstance(err, InputError) else HomeAssistantError
        error = kind(
            translation_domain=DOMAIN,
            translation_key="image_unreadable",
            translation_placeholders={"error": str(err)},
        )
        if isinstance(error, ImageGoneError):
            error.is_unknown = err.code == _UNKNOWN
        raise error from err
