"""Requests of people to a loaded entry's pipeline, with errors in Home Assistant's terms."""

from collections.abc import Awaitable, Callable, Iterable
from uuid import UUID

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers.service import async_get_config_entry

from .const import DOMAIN
from .coordinator import HsiConfigEntry
from .core.domain.errors import ClockDoubtedError, InputError, PipelineStoppedError, StoreError
from .core.domain.models import EventMark, SecurityEvent
from .core.pipeline.pipeline import Pipeline


@callback
def async_get_entry(hass: HomeAssistant, entry_id: str | None) -> HsiConfigEntry:
    """Return a loaded entry, without an id the only one; raises ServiceValidationError."""
    entry: HsiConfigEntry = async_get_config_entry(hass, DOMAIN, entry_id)
    return entry


async def async_request[T](entry: HsiConfigEntry, request: Callable[[Pipeline], Awaitable[T]]) -> T:
    """Return the result of a pipeline request; raises its errors as Home Assistant's."""
    try:
        return await request(entry.runtime_data.pipeline)
    except InputError as err:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="invalid_question",
            translation_placeholders={"error": str(err)},
        ) from err
    except StoreError as err:
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="database_failed",
            translation_placeholders={"error": str(err)},
        ) from err
    except ClockDoubtedError as err:
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="clock_doubted",
            translation_placeholders={"error": str(err)},
        ) from err
    except PipelineStoppedError as err:
        raise HomeAssistantError(translation_domain=DOMAIN, translation_key="stopped") from err


async def async_check_camera(entry: HsiConfigEntry, folder: str) -> None:
    """Raise ServiceValidationError unless the folder is of a camera, even of a removed one."""
    cameras = await async_request(entry, lambda pipeline: pipeline.queries.list_cameras())
    folders = [camera.folder for camera in cameras]
    if folder not in folders:
        raise camera_unknown(folder, folders)


def camera_unknown(folder: str, known: Iterable[str]) -> ServiceValidationError:
    """Return the error for a folder that is of no camera."""
    return ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key="camera_unknown",
        translation_placeholders={"camera": folder, "cameras": ", ".join(known)},
    )


async def async_mark(
    entry: HsiConfigEntry, event_id: UUID, mark: EventMark | None, note: str | None = None
) -> SecurityEvent:
    """Mark an event, and pass it on to the dashboards; raises ServiceValidationError."""
    event = await async_request(
        entry, lambda pipeline: pipeline.feedback.mark(event_id, mark, note)
    )
    entry.runtime_data.async_event_marked(event)
    return event
