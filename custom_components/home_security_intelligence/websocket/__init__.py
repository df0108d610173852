"""The WebSocket commands that dashboards are built from."""

from homeassistant.components import websocket_api
from homeassistant.core import HomeAssistant, callback

from .events import get_event, list_events
from .overview import get_overview
from .subscription import subscribe_events


@callback
def async_setup_websocket(hass: HomeAssistant) -> None:
    """Register the commands."""
    for command in (get_overview, list_events, get_event, subscribe_events):
        websocket_api.async_register_command(hass, command)
