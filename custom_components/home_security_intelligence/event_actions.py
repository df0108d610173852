"""The actions that tell about events: one with its images, and the summary of a day."""

from collections import Counter
from datetime import date, datetime, time, timedelta
from typing import Final
from uuid import UUID

from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util
import voluptuous as vol

from .const import ATTR_EVENT_ID, DOMAIN
from .coordinator import HsiConfigEntry
from .core.domain.models import RiskLevel
from .core.domain.queries import DaySummary
from .requests import async_get_entry, async_request
from .serializers import event_json
from .services import Action
from .websocket.event_json import async_details_json, camera_name

ATTR_DATE: Final = "date"

GET_EVENT_SCHEMA = vol.Schema(
    {
        vol.Optional(ATTR_CONFIG_ENTRY_ID): cv.string,
        vol.Required(ATTR_EVENT_ID): vol.Coerce(UUID),
    }
)
DAILY_SUMMARY_SCHEMA = vol.Schema(
    {vol.Optional(ATTR_CONFIG_ENTRY_ID): cv.string, vol.Optional(ATTR_DATE): cv.date}
)


@callback
def async_setup_event_actions(hass: HomeAssistant) -> None:
    """Register the actions."""
    for name, handler, schema in (
        (Action.GET_EVENT, _get_event, GET_EVENT_SCHEMA),
        (Action.DAILY_SUMMARY, _daily_summary, DAILY_SUMMARY_SCHEMA),
    ):
        hass.services.async_register(DOMAIN, name, handler, schema, SupportsResponse.ONLY)


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
