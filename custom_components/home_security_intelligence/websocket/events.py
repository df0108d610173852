"""Commands that list events and return one with all of its images."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from homeassistant.components.websocket_api.connection import ActiveConnection
from homeassistant.components.websocket_api.decorators import async_response, websocket_command
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.typing import VolDictType
from homeassistant.util import dt as dt_util
import voluptuous as vol

from ..const import DOMAIN
from ..core.domain.models import EventMark, RiskLevel
from ..core.domain.queries import EventQuery
from ..requests import async_check_camera, async_get_entry, async_request
from .event_json import async_details_json, async_event_json

UNREVIEWED: Final = "unreviewed"
MAX_EVENTS: Final = 100  # of one page
_MAX_TEXT: Final = 200  # characters

ENTRY: Final[VolDictType] = {vol.Optional("entry_id"): cv.string}


@websocket_command(
    {
        vol.Required("type"): f"{DOMAIN}/events",
        **ENTRY,
        vol.Optional("camera"): cv.string,
        vol.Optional("level"): vol.Coerce(RiskLevel),
        vol.Optional("min_level"): vol.Coerce(RiskLevel),
        vol.Optional("label"): cv.string,
        vol.Optional("mark"): vol.Any(UNREVIEWED, vol.Coerce(EventMark)),
        vol.Optional("text"): vol.All(cv.string, vol.Length(max=_MAX_TEXT)),
        vol.Optional("since"): cv.datetime,
        vol.Optional("until"): cv.datetime,
        vol.Optional("limit", default=50): vol.All(int, vol.Range(min=1, max=MAX_EVENTS)),
        vol.Optional("cursor"): cv.string,
    }
)
@async_response
async def list_events(
    hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]
) -> None:
    """Return a page of events, newest first."""
    entry = async_get_entry(hass, msg.get("entry_id"))
    if "camera" in msg:
        await async_check_camera(entry, msg["camera"])
    mark = msg.get("mark")
    query = EventQuery(
        camera=msg.get("camera"),
        level=msg.get("level"),
        min_level=msg.get("min_level"),
        label=msg.get("label"),
        mark=None if mark == UNREVIEWED else mark,
        unreviewed=mark == UNREVIEWED,
        text=msg.get("text", "").strip() or None,
        since=_utc(msg.get("since")),
        until=_utc(msg.get("until")),
        limit=msg["limit"],
        cursor=msg.get("cursor"),
    )
    page = await async_request(entry, lambda pipeline: pipeline.queries.list_events(query))
    best = [event.best_image_id for event in page.items if event.best_image_id is not None]
    damaged = await async_request(entry, lambda pipeline: pipeline.queries.image_damage(best))
    connection.send_result(
        msg["id"],
        {
            "events": [async_event_json(hass, entry, event, damaged) for event in page.items],
            "cursor": page.next_cursor,
            "total": page.total,
            "total_is_exact": page.total_is_exact,
        },
    )


@websocket_command(
    {vol.Required("type"): f"{DOMAIN}/event", **ENTRY, vol.Required("event_id"): vol.Coerce(UUID)}
)
@async_response
async def get_event(hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]) -> None:
    """Return an event with all of its images, and what it was judged by."""
    entry = async_get_entry(hass, msg.get("entry_id"))
    event_id: UUID = msg["event_id"]
    details = await async_request(entry, lambda pipeline: pipeline.queries.event_details(event_id))
    if details is None:
        raise event_unknown(event_id)
    connection.send_result(msg["id"], async_details_json(hass, entry, details))


def event_unknown(event_id: UUID) -> ServiceValidationError:
    """Return the error for an event that is not recorded."""
    return ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key="event_unknown",
        translation_placeholders={"event_id": str(event_id)},
    )


def _utc(value: datetime | None) -> datetime | None:
    """Return a time in UTC; without a time zone it is the home's local time."""
    return None if value is None else dt_util.as_utc(value)
