"""What helps to find a fault, without the secrets and addresses."""

from dataclasses import asdict
from typing import Any

from homeassistant.components.diagnostics import async_redact_data
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_TOKEN, CONF_URL, CONF_USERNAME
from homeassistant.core import HomeAssistant

from .bridge import settings_of
from .const import SUBENTRY_CAMERA
from .coordinator import HsiConfigEntry

TO_REDACT = {CONF_HOST, CONF_PASSWORD, CONF_TOKEN, CONF_URL, CONF_USERNAME}


async def async_get_config_entry_diagnostics(
    hass: HomeAssistant, entry: HsiConfigEntry
) -> dict[str, Any]:
    """Return the settings, the health and the queue of an installation."""
    data = entry.runtime_data.data
    return {
        "entry": async_redact_data(entry.data, TO_REDACT),
        "options": dict(entry.options),
        "cameras": [dict(camera.data) for camera in entry.get_subentries_of_type(SUBENTRY_CAMERA)],
        "settings": asdict(settings_of(entry)),
        "health": {
            **asdict(data.health),
            "servers": [
                async_redact_data(asdict(server), TO_REDACT) for server in data.health.servers
            ],
        },
        "queue": asdict(data.queue),
    }
