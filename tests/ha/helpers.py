"""Helpers of the integration tests."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from ipaddress import ip_address
import json
import os
from pathlib import Path
import time
from typing import Any

from homeassistant.config_entries import (
    SOURCE_ZEROCONF,
    ConfigEntryState,
    ConfigFlowResult,
    SubentryFlowResult,
)
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, State, callback
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers.event import async_track_state_change_event
from homeassistant.helpers.service_info.zeroconf import ZeroconfServiceInfo
from PIL import Image
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.home_security_intelligence.const import DOMAIN
from testbed.services.postgres import Postgres
from tests.ha.scenes import LEVELS

STANDARD: dict[str, object] = {
    "home": {},
    "levels": LEVELS,
    "keeping": {},
    "finding": {},
}  # options as they are
_ENDED = """
    UPDATE hsi.events SET started_at = started_at - interval '100 seconds',
        last_activity_at = last_activity_at - interval '100 seconds'
    WHERE state = 'open' RETURNING extract(epoch FROM started_at)
"""
PATIENCE = 60.0  # seconds until an awaited state counts as never coming


async def announce(
    hass: HomeAssistant, instance_id: str, port: int | None, *, tls: str = "0"
) -> ConfigFlowResult:
    """Announce an inference server by mDNS; return the first step of the flow."""
    info = ZeroconfServiceInfo(
        ip_address=ip_address("127.0.0.1"),
        ip_addresses=[ip_address("127.0.0.1")],
        port=port,
        hostname="hsi.local.",
        type="_hsi-server._tcp.local.",
        name="Home Security Intelligence._hsi-server._tcp.local.",
        properties={"id": instance_id, "tls": tls, "version": "0.1.0"},
    )
    return await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_ZEROCONF}, data=info
    )


def suggested(
    result: ConfigFlowResult | SubentryFlowResult, field: str, *, section: str | None = None
) -> object:
    """Return a form field's suggested value; None if there is no such field."""
    schema = result["data_schema"]
    assert schema is not None
    fields = schema.schema if section is None else schema.schema[section].schema.schema
    descriptions = {str(key): key.description or {} for key in fields}
    return descriptions.get(field, {}).get("suggested_value")


def entry_state(entry: MockConfigEntry) -> ConfigEntryState:
    """Return the entry's present state, which a call may change unseen by a type checker."""
    return entry.state


async def choose_options(
    hass: HomeAssistant, entry: MockConfigEntry, answers: dict[str, object]
) -> None:
    """Submit the options form and wait for the reload."""
    result = await hass.config_entries.options.async_init(entry.entry_id)
    result = await hass.config_entries.options.async_configure(result["flow_id"], answers)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()


async def change_camera(
    hass: HomeAssistant, entry: MockConfigEntry, subentry_id: str, **answers: object
) -> SubentryFlowResult:
    """Submit a camera's form with its present name, zones and these answers; wait for the reload."""
    form = await entry.start_subentry_reconfigure_flow(hass, subentry_id)
    present = entry.subentries[subentry_id].data
    result = await hass.config_entries.subentries.async_configure(
        form["flow_id"], {"name": present["name"], "zones": present["zones"], **answers}
    )
    await hass.async_block_till_done()
    return result


async def act(hass: HomeAssistant, action: str, **data: object) -> dict[str, Any]:
    """Call an action and return its response, which must be JSON."""
    answer = await hass.services.async_call(
        DOMAIN, action, data, blocking=True, return_response=True
    )
    assert answer is not None
    json.dumps(answer)
    return dict(answer)


def state_of(hass: HomeAssistant, entity_id: str) -> State:
    """Return the state of an entity that must exist."""
    state = hass.states.get(entity_id)
    assert state is not None, f"{entity_id} does not exist"
    return state


async def when_updated[T](
    hass: HomeAssistant, look: Callable[[], Awaitable[T | None]], *, patience: float = PATIENCE
) -> T:
    """Return what `look` finds, now or after an update of the pipeline that no entity shows."""
    [entry] = hass.config_entries.async_loaded_entries(DOMAIN)
    updated = asyncio.Event()
    stop = entry.runtime_data.pipeline.subscribe(lambda _: updated.set())
    try:
        async with asyncio.timeout(patience):
            while (found := await look()) is None:
                await updated.wait()
                updated.clear()
            return found
    finally:
        stop()


async def listed_when(
    hass: HomeAssistant, wanted: Callable[[dict[str, Any]], bool]
) -> dict[str, Any]:
    """Wait until the newest event fulfils a condition that no entity shows, and return it."""
    newest: dict[str, Any] | None = None

    async def look() -> dict[str, Any] | None:
        nonlocal newest
        events: list[dict[str, Any]] = (await act(hass, "list_events"))["events"]
        newest = events[0] if events else None
        return newest if newest is not None and wanted(newest) else None

    try:
        return await when_updated(hass, look)
    except TimeoutError:
        raise AssertionError(f"the newest event stayed at {newest}") from None


def is_settled(event: Mapping[str, object]) -> bool:
    """Return whether an event is over and has its words."""
    return event["state"] == "closed" and event["assessment"] == "assessed"


def has_images(count: int) -> Callable[[Mapping[str, object]], bool]:
    """Return the condition that an event has this many images."""
    return lambda event: event["image_count"] == count


async def state_when(hass: HomeAssistant, entity_id: str, wanted: Callable[[State], bool]) -> State:
    """Wait until an entity's state fulfils the condition, and return it."""
    found: asyncio.Future[State] = hass.loop.create_future()

    @callback
    def look(state: State | None) -> None:
        if state is not None and not found.done() and wanted(state):
            found.set_result(state)

    @callback
    def changed(event: Event[EventStateChangedData]) -> None:
        look(event.data["new_state"])

    stop = async_track_state_change_event(hass, entity_id, changed)
    try:
        look(hass.states.get(entity_id))
        async with asyncio.timeout(PATIENCE):
            return await found
    except TimeoutError:
        raise AssertionError(f"{entity_id} stayed at {hass.states.get(entity_id)}") from None
    finally:
        stop()


def record_firings(hass: HomeAssistant, entity_id: str) -> list[State]:
    """Return a list to which every firing of an event entity is added, as its state."""
    firings: list[State] = []
    seen = {state.state for state in [hass.states.get(entity_id)] if state is not None}

    @callback
    def note(event: Event[EventStateChangedData]) -> None:
        state = event.data["new_state"]
        if state is None or state.state in {*seen, STATE_UNAVAILABLE, STATE_UNKNOWN}:
            return  # a reload shows the last firing again
        seen.add(state.state)
        firings.append(state)

    async_track_state_change_event(hass, entity_id, note)
    return firings


def record_changes(hass: HomeAssistant, entity_id: str) -> list[str]:
    """Return a list to which every new state of an entity is added."""
    changes: list[str] = []

    @callback
    def note(event: Event[EventStateChangedData]) -> None:
        old, new = event.data["old_state"], event.data["new_state"]
        if new is not None and (old is None or old.state != new.state):
            changes.append(new.state)

    async_track_state_change_event(hass, entity_id, note)
    return changes


async def fired(hass: HomeAssistant, entity_id: str) -> State:
    """Wait until an event entity has fired, and return its state."""
    return await state_when(
        hass, entity_id, lambda state: state.state not in {STATE_UNAVAILABLE, STATE_UNKNOWN}
    )


async def state_is(hass: HomeAssistant, entity_id: str, value: str) -> State:
    """Wait until an entity has this state, and return it."""
    return await state_when(hass, entity_id, lambda state: state.state == value)


async def database_says(postgres: Postgres, entry: MockConfigEntry, sql: str, wanted: str) -> None:
    """Wait until a query of the entry's database gives this result."""
    name = str(entry.data["database"])
    async with asyncio.timeout(PATIENCE):
        while await asyncio.to_thread(postgres.execute, sql, database=name) != wanted:  # noqa: ASYNC110 # nobody tells
            await asyncio.sleep(0.02)


async def end_event(postgres: Postgres, entry: MockConfigEntry) -> float:
    """Let the open event be so long ago that it is over; return when it began, as a timestamp."""
    began = await asyncio.to_thread(postgres.execute, _ENDED, database=str(entry.data["database"]))
    return float(began)


def upload(root: Path, path: str, *, age: float = 0.0) -> None:
    """Upload an image as an FTP server does: write it aside, then rename it."""
    target = root / path
    aside = target.with_name(f".{target.name}.part")
    # Noise: no two pictures are the same, or the second would be a duplicate.
    Image.effect_noise((64, 48), 40).save(aside, "JPEG")
    moment = time.time() - age
    os.utime(aside, (moment, moment))
    aside.rename(target)
