"""The command that returns the present state of the whole installation."""

from datetime import datetime
from typing import Any

from homeassistant.components.websocket_api.connection import ActiveConnection
from homeassistant.components.websocket_api.decorators import async_response, websocket_command
from homeassistant.core import HomeAssistant, callback
from homeassistant.loader import async_get_loaded_integration
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonArrayType, JsonObjectType
import voluptuous as vol

from ..const import DOMAIN, SUBENTRY_CAMERA
from ..coordinator import HsiConfigEntry
from ..core.domain.errors import PipelineStoppedError, StoreError
from ..core.domain.inference import GpuHealth
from ..core.domain.models import RiskLevel
from ..core.domain.queries import EventQuery
from ..core.domain.updates import ServerState
from ..requests import async_get_entry
from ..server_entity import Server, servers, url_of
from .camera_json import async_camera_json
from .events import ENTRY

# What a person should look at: events of medium level or higher without a mark.
UNREVIEWED = EventQuery(unreviewed=True, min_level=RiskLevel.MEDIUM)


@websocket_command({vol.Required("type"): f"{DOMAIN}/overview", **ENTRY})
@async_response
async def get_overview(
    hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]
) -> None:
    """Return cameras, servers, queue and storage."""
    entry = async_get_entry(hass, msg.get("entry_id"))
    connection.send_result(msg["id"], await async_overview(hass, entry))


async def async_overview(hass: HomeAssistant, entry: HsiConfigEntry) -> JsonObjectType:
    """Return the overview; what only the database knows is null while it is away."""
    now = dt_util.utcnow()
    stored = await _async_stored(entry, now)
    coordinator = entry.runtime_data
    queue, health = coordinator.data.queue, coordinator.data.health
    return {
        "entry_id": entry.entry_id,
        "title": entry.title,
        "version": str(async_get_loaded_integration(hass, DOMAIN).version),
        "cameras": [
            async_camera_json(hass, entry, camera, now)
            for camera in entry.get_subentries_of_type(SUBENTRY_CAMERA)
        ],
        "server": _servers_json(entry),
        "queue": {
            "waiting": sum(queue.pending.values()),
            "running": sum(queue.leased.values()),
            "oldest_age_s": stored["oldest_age_s"],
        },
        "dead_letters": queue.dead_total,
        "database": health.database_reachable,
        "storage": stored["storage"],
        "unreviewed": stored["unreviewed"],
        "languages": [coordinator.pipeline.settings.language],
    }


async def _async_stored(entry: HsiConfigEntry, now: datetime) -> JsonObjectType:
    try:
        queries = entry.runtime_data.pipeline.queries
        oldest, storage = await queries.oldest_job(), await queries.storage()
        unreviewed = await queries.count_events(UNREVIEWED)
    except StoreError, PipelineStoppedError:
        return {"oldest_age_s": None, "storage": None, "unreviewed": None}
    return {
        "oldest_age_s": None if oldest is None else max(0, round((now - oldest).total_seconds())),
        "storage": {"images": storage.images, "bytes": storage.bytes},
        "unreviewed": unreviewed,
    }


@callback
def _servers_json(entry: HsiConfigEntry) -> JsonArrayType:
    states = {state.url: state for state in entry.runtime_data.data.health.servers}
    return [_server_json(entry, server, states) for server in servers(entry)]


def _server_json(
    entry: HsiConfigEntry, server: Server, states: dict[str, ServerState]
) -> JsonObjectType:
    url = url_of(entry, server)
    state = states.get(url)
    health = None if state is None or state.reachable is False else state.health
    component: JsonObjectType = {"state": None, "model": None, "error": None}
    return {
        "name": entry.title if server is None else server.title,
        "address": url,
        "connected": None if state is None else state.reachable,
        "reason": None if state is None else state.error,
        "detector": component
        if health is None
        else {
            "state": health.detector.state.value,
            "model": health.detector.model,
            "error": health.detector.error,
            "device": health.detector.device,
            "runtime": health.detector.runtime,
            "fallback": health.detector.fallback,
            "test_model": health.detector.test_model,
        },
        "assessor": component
        if health is None
        else {
            "state": health.assessor.state.value,
            "model": health.assessor.model,
            "error": health.assessor.error,
            "fallback": health.assessor.fallback,
        },
        "gpu": None if health is None or health.gpu is None else _gpu_json(health.gpu),
    }


def _gpu_json(gpu: GpuHealth) -> JsonObjectType:
    return {
        "name": gpu.name,
        "utilization_percent": gpu.utilization_percent,
        "memory_used_bytes": gpu.memory_used_bytes,
        "memory_total_bytes": gpu.memory_total_bytes,
        "temperature_c": gpu.temperature_c,
        "power_w": gpu.power_w,
    }
