"""Reads picture files for the entities that show them."""

from homeassistant.exceptions import HomeAssistantError

from .const import DOMAIN
from .core.domain.errors import CoreError, InputError
from .core.domain.queries import ImageFile
from .core.pipeline.pipeline import Pipeline


class PictureGoneError(HomeAssistantError):
    """The picture was deleted, or written over: no other one is shown in its place."""


async def async_read_picture(pipeline: Pipeline, image_id: int) -> ImageFile:
    """Return a picture's file as it was uploaded.

    Raises PictureGoneError where it is gone, and HomeAssistantError where it cannot be read now.
    """
    try:
        return await pipeline.queries.read_image(image_id)
    except CoreError as err:
        kind = PictureGoneError if isinstance(err, InputError) else HomeAssistantError
        raise kind(
            translation_domain=DOMAIN,
            translation_key="image_unreadable",
            translation_placeholders={"error": str(err)},
        ) from err
