"""Read image files for the entities that show them."""

from homeassistant.exceptions import HomeAssistantError

from .const import DOMAIN
from .core.domain.errors import CoreError, InputError
from .core.domain.queries import ImageFile
from .core.pipeline.pipeline import Pipeline


class ImageGoneError(HomeAssistantError):
    """The image file was deleted or overwritten; no other one is shown in its place."""


async def async_read_image(pipeline: Pipeline, image_id: int) -> ImageFile:
    """Return an image's file as uploaded.

    Raises ImageGoneError if it no longer exists, HomeAssistantError if it cannot be read now.
    """
    try:
        return await pipeline.queries.read_image(image_id)
    except CoreError as err:
        kind = ImageGoneError if isinstance(err, InputError) else HomeAssistantError
        raise kind(
            translation_domain=DOMAIN,
            translation_key="image_unreadable",
            translation_placeholders={"error": str(err)},
        ) from err
