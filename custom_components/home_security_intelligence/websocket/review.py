"""The command that marks an event."""

from typing import Any
from uuid import UUID

from homeassistant.components.websocket_api.connection import ActiveConnection
from homeassistant.components.websocket_api.decorators import async_response, websocket_command
from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv
import voluptuous as vol

from ..const import DOMAIN
from ..core.domain.models import EventMark
from ..requests import async_get_entry, async_mark
from ..services import MAX_NOTE, NO_MARK
from .event_json import async_event_json
from .events import ENTRY


@websocket_command(
    {
        vol.Required("type"): f"{DOMAIN}/mark",
        **ENTRY,
        vol.Required("event_id"): vol.Coerce(UUID),
        vol.Required("mark"): vol.Any(NO_MARK, vol.Coerce(EventMark)),
        vol.Optional("note"): vol.All(cv.string, vol.Length(max=MAX_NOTE)),
    }
)
@async_response
async def mark_event(
    hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]
) -> None:
    """Mark an event, or remove its mark and note."""
    entry = async_get_entry(hass, msg.get("entry_id"))
    mark = None if msg["mark"] == NO_MARK else msg["mark"]
    event = await async_mark(entry, msg["event_id"], mark, msg.get("note"))
    connection.send_result(msg["id"], {"event": async_event_json(hass, entry, event)})
