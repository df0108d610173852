"""Cameras as the WebSocket commands return them."""

from datetime import datetime, timedelta
from typing import Final

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import area_registry as ar, device_registry as dr, entity_registry as er
from homeassistant.util.json import JsonObjectType

from ..bridge import zones_of
from ..const import CONF_FOLDER
from ..coordinator import HsiConfigEntry
from ..core.domain.models import RiskLevel, SecurityEvent
from ..core.domain.presence import PresenceClass
from ..core.domain.updates import CameraState
from ..detectors import detects
from ..devices import camera_identifier
from ..image_urls import async_image_url
from ..image_variant import Variant
from ..serializers import zones_json
from .event_json import async_event_json

# Keys of the cameras' entities that are named differently here.
_ENTITY_NAMES: Final = {"latest_image": "camera", "last_event": "image"}


@callback
def async_camera_json(
    hass: HomeAssistant, entry: HsiConfigEntry, camera: ConfigSubentry, now: datetime
) -> JsonObjectType:
    """Return a camera with its entities and what it shows now."""
    folder = camera.data[CONF_FOLDER]
    coordinator = entry.runtime_data
    health = coordinator.data.health
    state = coordinator.data.cameras[folder]
    event, image = state.last_event, state.latest_image
    level, score = _risk(entry, event, now)
    device = dr.async_get(hass).async_get_device_by_identifier(
        camera_identifier(entry, camera), entry.entry_id
    )
    placement = state.camera.likely_placement
    return {
        "subentry_id": camera.subentry_id,
        "folder": folder,
        "name": camera.title,
        "available": coordinator.last_update_success and folder not in health.camera_errors,
        "reason": health.camera_errors.get(folder),
        "device_id": None if device is None else device.id,
        "area": None if device is None else _area(hass, device.area_id),
        "entities": _entities(hass, entry, camera),
        "level": level.value,
        "score": score,
        "event": None if event is None else async_event_json(hass, entry, event),
        "image_url": async_image_url(hass, entry, None if image is None else image.id),
        "thumbnail_url": async_image_url(
            hass, entry, None if image is None else image.id, Variant.THUMBNAIL
        ),
        "image_at": None if image is None else image.captured_at.isoformat(),
        "placement": None if placement is None else placement.value,
        "zones": zones_json(zones_of(camera)),
        "presence": {
            present.value: _presence(state, present, now, known=detects(health))
            for present in PresenceClass
        },
    }


def changes_at(entry: HsiConfigEntry, now: datetime) -> datetime | None:
    """Return when a camera next changes without an update: a presence or a risk ends."""
    reset = timedelta(seconds=entry.runtime_data.settings.risk_reset)
    moments = [
        moment
        for state in entry.runtime_data.data.cameras.values()
        for moment in (
            *state.present_until.values(),
            *(
                [state.last_event.ended_at + reset]
                if state.last_event is not None and state.last_event.ended_at is not None
                else []
            ),
        )
        if moment > now
    ]
    return min(moments, default=None)


def _risk(
    entry: HsiConfigEntry, event: SecurityEvent | None, now: datetime
) -> tuple[RiskLevel, int]:
    """Return level and score of the present event; low and 0 a while after it, as the sensors do."""
    if event is None or event.risk_level is None:
        return RiskLevel.LOW, 0
    reset = timedelta(seconds=entry.runtime_data.settings.risk_reset)
    if event.ended_at is not None and event.ended_at + reset <= now:
        return RiskLevel.LOW, 0
    return event.risk_level, event.risk_score or 0


def _presence(
    state: CameraState, present: PresenceClass, now: datetime, *, known: bool
) -> bool | None:
    until = state.present_until.get(present)
    if until is not None and until > now:
        return True
    return False if known else None


def _area(hass: HomeAssistant, area_id: str | None) -> str | None:
    area = None if area_id is None else ar.async_get(hass).async_get_area(area_id)
    return None if area is None else area.name


def _entities(hass: HomeAssistant, entry: HsiConfigEntry, camera: ConfigSubentry) -> JsonObjectType:
    """Return the ids of the camera's enabled entities by what they show."""
    prefix = f"{camera_identifier(entry, camera)[1]}_"
    found = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    names = {
        each.unique_id.removeprefix(prefix): each.entity_id
        for each in found
        if each.unique_id.startswith(prefix) and each.disabled_by is None
    }
    return {_ENTITY_NAMES.get(name, name): entity_id for name, entity_id in names.items()}
