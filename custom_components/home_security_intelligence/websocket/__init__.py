"""The WebSocket commands that dashboards are built from."""

from homeassistant.components import websocket_api
from homeassistant.core import HomeAssistant, callback

from .dead_letters import discard_dead_letters, list_dead_letters, requeue_dead_letters
from .events import get_event, list_events
from .overview import get_overview
from .review import mark_event
from .subscription import subscribe_events
from .zones import get_heat, get_zones, set_zones

_COMMANDS = (
    get_overview,
    list_events,
    get_event,
    subscribe_events,
    mark_event,
    get_zones,
    set_zones,
    get_heat,
    list_dead_letters,
    requeue_dead_letters,
    discard_dead_letters,
)


@callback
def async_setup_websocket(hass: HomeAssistant) -> None:
    """Register the commands."""
    for command in _COMMANDS:
        websocket_api.async_register_command(hass, command)
