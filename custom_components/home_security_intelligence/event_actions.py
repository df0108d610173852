"""The actions that return one event or the summary of a day, or capture snapshots."""

from collections import Counter
from datetime import date, datetime, time, timedelta
from typing import Final
from uuid import UUID

from homeassistant.components.camera.const import DOMAIN as CAMERA_DOMAIN
from homeassistant.const import ATTR_CONFIG_ENTRY_ID, ATTR_ENTITY_ID
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.service import async_register_admin_service
from homeassistant.util import dt as dt_util
import voluptuous as vol

from .capture import async_capture
from .const import ATTR_EVENT_ID, CONF_FOLDER, DOMAIN, SUBENTRY_CAMERA
from .coordinator import HsiConfigEntry
from .core.domain.models import RiskLevel
from .core.domain.queries import DaySummary
from .requests import async_get_entry, async_request, camera_unknown
from .serializers import event_json
from .services import ATTR_CAMERA, Action
from .websocket.event_json import async_details_json, camera_name

ATTR_COUNT: Final = "count"
ATTR_DATE: Final = "date"
ATTR_INTERVAL: Final = "interval"

GET_EVENT_SCHEMA = vol.Schema(
    {
        vol.Optional(ATTR_CONFIG_ENTRY_ID): cv.string,
        vol.Required(ATTR_EVENT_ID): vol.Coerce(UUID),
    }
)
DAILY_SUMMARY_SCHEMA = vol.Schema(
    {vol.Optional(ATTR_CONFIG_ENTRY_ID): cv.string, vol.Optional(ATTR_DATE): cv.date}
)
CAPTURE_SCHEMA = vol.Schema(
    {
        vol.Optional(ATTR_CONFIG_ENTRY_ID): cv.string,
        vol.Required(ATTR_CAMERA): cv.string,
        vol.Required(ATTR_ENTITY_ID): cv.entity_domain(CAMERA_DOMAIN),
        vol.Optional(ATTR_COUNT, default=1): vol.All(vol.Coerce(int), vol.Range(min=1, max=10)),
        vol.Optional(ATTR_INTERVAL, default=1.0): vol.All(
            vol.Coerce(float), vol.Range(min=0.2, max=10)
        ),
    }
)


@callback
def async_setup_event_actions(hass: HomeAssistant) -> None:
    """Register the actions."""
    for name, handler, schema in (
        (Action.GET_EVENT, _get_event, GET_EVENT_SCHEMA),
        (Action.DAILY_SUMMARY, _daily_summary, DAILY_SUMMARY_SCHEMA),
    ):
        hass.services.async_register(DOMAIN, name, handler, schema, SupportsResponse.ONLY)
    async_register_admin_service(
        hass, DOMAIN, Action.CAPTURE, _capture, CAPTURE_SCHEMA, SupportsResponse.OPTIONAL
    )


async def _capture(call: ServiceCall) -> ServiceResponse:
    entry = async_get_entry(call.hass, call.data.get(ATTR_CONFIG_ENTRY_ID))
    folder: str = call.data[ATTR_CAMERA]
    cameras = entry.get_subentries_of_type(SUBENTRY_CAMERA)
    folders = [camera.data[CONF_FOLDER] for camera in cameras]
    if folder not in folders:
        raise camera_unknown(folder, folders)
    paths = await async_capture(
        call.hass,
        entry,
        folder=folder,
        entity_id=call.data[ATTR_ENTITY_ID],
        count=call.data[ATTR_COUNT],
        interval=call.data[ATTR_INTERVAL],
    )
    return {"images": list(paths)}


async def _get_event(call: ServiceCall) -> ServiceResponse:
    entry = async_get_entry(call.hass, call.data.get(ATTR_CONFIG_ENTRY_ID))
    event_id: UUID = call.data[ATTR_EVENT_ID]
    details = await async_request(entry, lambda pipeline: pipeline.queries.event_details(event_id))
    if details is None:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="event_unknown",
            translation_placeholders={"event_id": str(event_id)},
        )
    return async_details_json(call.hass, entry, details)


async def _daily_summary(call: ServiceCall) -> ServiceResponse:
    entry = async_get_entry(call.hass, call.data.get(ATTR_CONFIG_ENTRY_ID))
    day: date = call.data.get(ATTR_DATE, dt_util.now().date())
    since, until = _midnight(day), _midnight(day + timedelta(days=1))
    summary = await async_request(entry, lambda pipeline: pipeline.queries.summarize(since, until))
    by_camera: Counter[str] = Counter()
    by_level: Counter[RiskLevel] = Counter()
    for (camera, level), number in summary.counts.items():
        by_camera[camera] += number
        by_level[level] += number
    return {
        "date": day.isoformat(),
        "events": sum(by_level.values()),
        "by_level": {level.value: by_level[level] for level in RiskLevel},
        "by_camera": {
            camera_name(entry, camera): number for camera, number in by_camera.most_common()
        },
        "highest": None if summary.highest is None else event_json(summary.highest),
        "text": _words(entry, summary, by_camera, by_level),
    }


def _words(
    entry: HsiConfigEntry,
    summary: DaySummary,
    by_camera: Counter[str],
    by_level: Counter[RiskLevel],
) -> str:
    """Return the summary in words, without a language model."""
    total = sum(by_level.values())
    if total == 0:
        return "No events."
    levels = [f"{by_level[level]} {level}" for level in reversed(RiskLevel) if by_level[level]]
    cameras = [f"{camera_name(entry, camera)} {n}" for camera, n in by_camera.most_common()]
    noun = "event" if total == 1 else "events"
    text = f"{total} {noun}: {', '.join(levels)}. {', '.join(cameras)}."
    event = summary.highest
    if event is not None and event.risk_level is not None:
        started = dt_util.as_local(event.started_at)
        words = event.summary or event.narrative or ", ".join(event.labels)
        text += (
            f" Highest risk: {event.risk_level} at {started:%H:%M},"
            f" {camera_name(entry, event.camera)}. {words}"
        )
    return text


def _midnight(day: date) -> datetime:
    """Return the beginning of a local day."""
    return datetime.combine(day, time(), dt_util.get_default_time_zone())
