"""The command that streams events and changes of the overview to a dashboard."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from homeassistant.components.websocket_api.connection import ActiveConnection
from homeassistant.components.websocket_api.decorators import async_response, websocket_command
from homeassistant.config_entries import (
    SIGNAL_CONFIG_ENTRY_CHANGED,
    ConfigEntryChange,
    ConfigEntryState,
)
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.event import async_track_point_in_utc_time
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonObjectType
import voluptuous as vol

from ..const import DOMAIN
from ..coordinator import HsiConfigEntry
from ..core.domain.models import SecurityEvent
from ..core.domain.updates import EventPhase, EventUpdate, Update
from ..requests import async_check_camera, async_get_entry
from .camera_json import changes_at
from .event_json import async_event_json
from .events import ENTRY
from .overview import async_overview

EVENT_INTERVAL: Final = 0.25  # seconds between two sendings; a first event is sent at once
OVERVIEW_DELAY: Final = 1.0  # seconds
MAX_PENDING: Final = 100  # updates; with more the client has to ask again


@websocket_command(
    {
        vol.Required("type"): f"{DOMAIN}/subscribe_events",
        **ENTRY,
        vol.Optional("camera"): cv.string,
    }
)
@async_response
async def subscribe_events(
    hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]
) -> None:
    """Send the overview, its changes, and event updates until the client unsubscribes."""
    entry = async_get_entry(hass, msg.get("entry_id"))
    camera: str | None = msg.get("camera")
    if camera is not None:
        await async_check_camera(entry, camera)
    subscription = Subscription(hass, connection, msg["id"], entry, camera)
    connection.subscriptions[msg["id"]] = subscription.async_stop
    connection.send_result(msg["id"])
    subscription.async_start()


class Subscription:
    """One client's stream; it survives a reload of the entry, after which the client asks again.

    What is pending is limited: of one event only the latest update of each phase is kept.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        connection: ActiveConnection,
        message_id: int,
        entry: HsiConfigEntry,
        camera: str | None,
    ) -> None:
        """Prepare a stream of all cameras or of one, by its folder."""
        self._hass = hass
        self._connection = connection
        self._message_id = message_id
        self._entry = entry
        self._camera = camera
        self._pending: dict[tuple[UUID, EventPhase], EventUpdate] = {}
        self._overflowed = False
        self._sent: JsonObjectType | None = None  # the overview as the client has it
        self._task: asyncio.Task[None] | None = None
        self._flush_timer: asyncio.TimerHandle | None = None
        self._overview_timer: asyncio.TimerHandle | None = None
        self._next_change: CALLBACK_TYPE | None = None
        self._unsubscribe: list[CALLBACK_TYPE] = []
        self._unfollow: CALLBACK_TYPE | None = None

    @callback
    def async_start(self) -> None:
        """Follow the entry."""
        self._unfollow = async_dispatcher_connect(
            self._hass, SIGNAL_CONFIG_ENTRY_CHANGED, self._async_entry_changed
        )
        self._async_attach()

    @callback
    def async_stop(self) -> None:
        """End everything; nothing is sent any more."""
        if self._unfollow is not None:
            self._unfollow()
            self._unfollow = None
        self._async_detach()

    @callback
    def _async_attach(self) -> None:
        coordinator = self._entry.runtime_data
        self._unsubscribe = [
            coordinator.async_subscribe_events(self._async_handle_event),
            coordinator.async_subscribe_marks(self._async_handle_mark),
            coordinator.pipeline.subscribe(self._async_handle_update),
        ]
        self._async_send_overview()

    @callback
    def _async_detach(self) -> None:
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        self._unsubscribe = []
        self._pending.clear()
        for timer in (self._flush_timer, self._overview_timer):
            if timer is not None:
                timer.cancel()
        self._flush_timer = self._overview_timer = None
        if self._next_change is not None:
            self._next_change()
            self._next_change = None
        if self._task is not None:
            self._task.cancel()
            self._task = None

    @callback
    def _async_entry_changed(self, change: ConfigEntryChange, entry: HsiConfigEntry) -> None:
        if entry.entry_id != self._entry.entry_id:
            return
        if entry.state is not ConfigEntryState.LOADED:
            self._async_detach()
        elif not self._unsubscribe:
            self._send({"type": "resync"})
            self._sent = None
            self._async_attach()

    @callback
    def _async_handle_event(self, update: EventUpdate) -> None:
        if self._camera is not None and update.event.camera != self._camera:
            return
        key = (update.event.id, update.phase)
        self._pending.pop(key, None)  # the order is that of the latest updates
        self._pending[key] = update
        if len(self._pending) > MAX_PENDING:
            self._pending.clear()
            self._overflowed = True
        if self._flush_timer is None:
            self._async_flush()

    @callback
    def _async_handle_mark(self, event: SecurityEvent) -> None:
        self._async_handle_event(EventUpdate(event=event, phase=EventPhase.UPDATED))
        self._async_schedule_overview()

    @callback
    def _async_flush(self) -> None:
        """Send what is pending, and wait a moment before the next sending."""
        self._flush_timer = None
        if not self._pending and not self._overflowed:
            return
        pending, self._pending = self._pending, {}
        overflowed, self._overflowed = self._overflowed, False
        if overflowed:
            self._send({"type": "resync"})
        for update in pending.values():
            event = async_event_json(self._hass, self._entry, update.event)
            self._send({"type": "event", "phase": update.phase.value, "event": event})
        self._flush_timer = self._hass.loop.call_later(EVENT_INTERVAL, self._async_flush)

    @callback
    def _async_handle_update(self, update: Update) -> None:
        self._async_schedule_overview()

    @callback
    def _async_schedule_overview(self) -> None:
        if self._overview_timer is None:
            self._overview_timer = self._hass.loop.call_later(
                OVERVIEW_DELAY, self._async_send_overview
            )

    @callback
    def _async_send_overview(self) -> None:
        self._overview_timer = None
        if self._task is not None and not self._task.done():
            self._async_schedule_overview()
            return
        self._task = self._hass.async_create_background_task(
            self._async_compare_overview(), f"{DOMAIN} overview"
        )

    async def _async_compare_overview(self) -> None:
        """Send what has changed in the overview."""
        overview = await async_overview(self._hass, self._entry)
        sent, self._sent = self._sent, overview
        changed = overview if sent is None else _difference(sent, overview)
        if changed:
            self._send({"type": "overview", **changed})
        now = dt_util.utcnow()
        if self._next_change is not None:
            self._next_change()
            self._next_change = None
        if (at := changes_at(self._entry, now)) is not None:
            self._next_change = async_track_point_in_utc_time(
                self._hass, lambda _now: self._async_time_passed(), at
            )

    @callback
    def _async_time_passed(self) -> None:
        self._next_change = None
        self._async_schedule_overview()

    @callback
    def _send(self, message: JsonObjectType) -> None:
        self._connection.send_event(self._message_id, message)


def _difference(sent: Mapping[str, Any], overview: Mapping[str, Any]) -> JsonObjectType:
    """Return the parts that have changed; of the cameras only those that have."""
    changed = {name: value for name, value in overview.items() if sent[name] != value}
    if "cameras" in changed:
        before = {camera["subentry_id"]: camera for camera in sent["cameras"]}
        changed["cameras"] = [
            camera for camera in overview["cameras"] if before.get(camera["subentry_id"]) != camera
        ]
    return changed
