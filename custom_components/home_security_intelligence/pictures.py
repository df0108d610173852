"""Reads picture files for the entities that show them."""

from homeassistant.exceptions import HomeAssistantError

from .const import DOMAIN
from .core.errors import CoreError
from .core.pipeline import Pipeline
from .core.queries import ImageFile


async def async_read_picture(pipeline: Pipeline, image_id: int) -> ImageFile:
    """Return a picture's file as it was uploaded; raises HomeAssistantError where it is gone."""
    try:
        return await pipeline.read_image(image_id)
    except CoreError as err:
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="image_unreadable",
            translation_placeholders={"error": str(err)},
        ) from err
