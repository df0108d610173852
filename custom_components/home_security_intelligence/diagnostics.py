"""Diagnostics without secrets and addresses."""

from collections.abc import Mapping
from dataclasses import asdict
import re
from typing import Any, Final
from uuid import UUID

from homeassistant.components.diagnostics import REDACTED, async_redact_data
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_TOKEN, CONF_URL, CONF_USERNAME
from homeassistant.core import HomeAssistant

from .const import CONF_PARAMETERS, CONF_RESIDENTS, CONF_VISITORS, SUBENTRY_CAMERA
from .coordinator import HsiConfigEntry

TO_REDACT = {CONF_HOST, CONF_PARAMETERS, CONF_PASSWORD, CONF_TOKEN, CONF_URL, CONF_USERNAME}
# Their entities are named after people.
PEOPLE = {CONF_RESIDENTS, CONF_VISITORS}
# The inference server's error texts contain the language model's address, and may contain others.
_ADDRESS: Final = re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s,;()]+", re.IGNORECASE)


async def async_get_config_entry_diagnostics(
    hass: HomeAssistant, entry: HsiConfigEntry
) -> dict[str, Any]:
    """Return an entry's settings, health and queue."""
    data = entry.runtime_data.data
    return {
        "entry": async_redact_data(entry.data, TO_REDACT),
        "options": async_redact_data(entry.options, PEOPLE),
        "cameras": [dict(camera.data) for camera in entry.get_subentries_of_type(SUBENTRY_CAMERA)],
        "settings": _plain(asdict(entry.runtime_data.pipeline.settings)),
        "health": _plain(
            {
                **asdict(data.health),
                "servers": [
                    async_redact_data(asdict(server), TO_REDACT) for server in data.health.servers
                ],
            }
        ),
        "queue": _plain(asdict(data.queue)),
    }


def _plain(value: object) -> object:
    """Return the value as JSON has it, with the addresses in its texts redacted."""
    match value:
        case str():
            return _ADDRESS.sub(REDACTED, value)
        case Mapping():
            return {key: _plain(each) for key, each in value.items()}
        case set() | frozenset():
            return sorted((_plain(each) for each in value), key=str)
        case list() | tuple():
            return [_plain(each) for each in value]
        case UUID():
            return str(value)
        case _:
            return value
