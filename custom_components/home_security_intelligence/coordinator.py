"""Pass the pipeline's updates to the entities."""

from collections.abc import Callable
from typing import override

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.start import async_at_started
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed

from .bridge import error_key, settings_of
from .const import CONF_FOLDER, DOMAIN, LOGGER, SUBENTRY_CAMERA
from .core.domain.errors import (
    ServerAuthError,
    ServerCertificateChangedError,
    ServerCertificateError,
    StoreAuthError,
    StoreCertificateChangedError,
    StoreCertificateError,
    StoreError,
)
from .core.domain.models import JobKind, SecurityEvent
from .core.domain.updates import (
    EventPhase,
    EventUpdate,
    Health,
    HealthUpdate,
    ImageUpdate,
    QueueUpdate,
    Update,
)
from .core.pipeline.pipeline import Pipeline
from .data import HsiData, apply_update
from .devices import async_register_hub
from .fired_events import FiredEvents
from .issues import async_delete_issues, async_update_issues

# Errors of the first server that only a user can resolve.
_REAUTH_ERRORS = {
    error.code for error in (ServerAuthError, ServerCertificateError, ServerCertificateChangedError)
}
_DATABASE_REAUTH_ERRORS = {
    error.code for error in (StoreAuthError, StoreCertificateError, StoreCertificateChangedError)
}

type HsiConfigEntry = ConfigEntry[HsiCoordinator]
type EventListener = Callable[[EventUpdate], None]
type MarkListener = Callable[[SecurityEvent], None]


class HsiCoordinator(DataUpdateCoordinator[HsiData]):
    """Push coordinator; it queues updates until `async_start_updates`, when all entities exist.

    The context of a listener is the folder of its camera, or None for the installation: updates of
    one camera are passed to its listeners only.
    """

    config_entry: HsiConfigEntry

    def __init__(self, hass: HomeAssistant, entry: HsiConfigEntry, pipeline: Pipeline) -> None:
        """Subscribe to the pipeline before it starts, so that no update is missed."""
        super().__init__(
            hass,
            LOGGER,
            config_entry=entry,
            name=DOMAIN,
            update_interval=None,
            always_update=False,
        )
        self.pipeline = pipeline
        self.fired_events = FiredEvents(hass, entry)
        self.settings = settings_of(entry)
        self._queued_updates: list[Update] | None = []
        # Automations run only once Home Assistant has started; events wait for that.
        self._queued_events: list[EventUpdate] | None = []
        self._event_listeners: list[EventListener] = []
        self._mark_listeners: list[MarkListener] = []
        entry.async_on_unload(self.fired_events.async_save)
        entry.async_on_unload(pipeline.subscribe(self._async_handle_update))
        entry.async_on_unload(lambda: async_delete_issues(hass, entry))

    @callback
    def async_subscribe_events(self, listener: EventListener) -> CALLBACK_TYPE:
        """Call the listener with every event update; returns the unsubscribe function."""
        self._event_listeners.append(listener)

        @callback
        def unsubscribe() -> None:
            self._event_listeners.remove(listener)

        return unsubscribe

    @callback
    def async_subscribe_marks(self, listener: MarkListener) -> CALLBACK_TYPE:
        """Call the listener with every event that a person marks; returns as above."""
        self._mark_listeners.append(listener)

        @callback
        def unsubscribe() -> None:
            self._mark_listeners.remove(listener)

        return unsubscribe

    @callback
    def async_event_marked(self, event: SecurityEvent) -> None:
        """Store a marked event; it is no update, which could fire an alert again."""
        update = EventUpdate(event=event, phase=EventPhase.UPDATED)
        state = self.data.cameras.get(event.camera)
        if state is not None and state.last_event is not None and state.last_event.id == event.id:
            self._async_set_data(apply_update(self.data, update, self.settings), update)
        for listener in tuple(self._mark_listeners):
            listener(event)

    @callback
    def async_start_updates(self) -> None:
        """Apply the queued updates and pass on all later ones."""
        queued, self._queued_updates = self._queued_updates or [], None
        self._async_health_changed(Health(database_reachable=True), self.data.health)
        for update in queued:
            # Only the present health counts; earlier ones are outdated.
            if not isinstance(update, HealthUpdate):
                self._async_handle_update(update)
        self._async_handle_update(HealthUpdate(health=self.pipeline.health))
        self.config_entry.async_on_unload(async_at_started(self.hass, self._async_start_events))

    @override
    async def _async_update_data(self) -> HsiData:
        """Read the present state of the cameras and the queue."""
        cameras = self.config_entry.get_subentries_of_type(SUBENTRY_CAMERA)
        folders = [camera.data[CONF_FOLDER] for camera in cameras]
        try:
            return HsiData(
                cameras={
                    folder: await self.pipeline.queries.camera_state(folder) for folder in folders
                },
                queue=await self.pipeline.queries.queue_stats(),
                health=self.pipeline.health,
            )
        except StoreError as err:
            raise UpdateFailed(
                translation_domain=DOMAIN,
                translation_key=error_key(err),
                translation_placeholders={"error": str(err)},
            ) from err

    @callback
    def _async_handle_update(self, update: Update) -> None:
        if self._queued_updates is not None:
            self._queued_updates.append(update)
            return
        before, after = self.data, apply_update(self.data, update, self.settings)
        if after != before:
            self._async_set_data(after, update)
        match update:
            case HealthUpdate():
                async_update_issues(self.hass, self.config_entry, after, self.pipeline.settings)
                self._async_health_changed(before.health, after.health)
            case QueueUpdate():
                async_update_issues(self.hass, self.config_entry, after, self.pipeline.settings)
            case EventUpdate() if self._queued_events is not None:
                self._queued_events.append(update)
            case EventUpdate():
                self._async_notify(update)

    @callback
    def _async_set_data(self, data: HsiData, update: Update) -> None:
        """Store the data and notify the listeners that the update concerns."""
        if isinstance(update, HealthUpdate) or not self.last_update_success:
            self.async_set_updated_data(data)
            return
        self.data = data
        context = _context_of(update)
        for update_callback, listener_context in list(self._listeners.values()):
            if listener_context == context:
                update_callback()

    @callback
    def _async_start_events(self, hass: HomeAssistant) -> None:
        queued, self._queued_events = self._queued_events or [], None
        for update in queued:
            self._async_notify(update)

    @callback
    def _async_notify(self, update: EventUpdate) -> None:
        for listener in tuple(self._event_listeners):
            listener(update)

    @callback
    def _async_health_changed(self, before: Health, after: Health) -> None:
        """Register the server's version, and start reauthentication if access is refused."""
        version = server_version(after)
        if version is not None and version != server_version(before):
            async_register_hub(self.hass, self.config_entry, version)
        server_refuses = _needs_reauth(after) and not _needs_reauth(before)
        database_refuses = (
            after.database_error in _DATABASE_REAUTH_ERRORS
            and before.database_error not in _DATABASE_REAUTH_ERRORS
        )
        if server_refuses or database_refuses:
            self.config_entry.async_start_reauth(self.hass)


def _context_of(update: ImageUpdate | EventUpdate | QueueUpdate) -> str | None:
    """Return the context of the listeners that an update concerns: a camera's folder."""
    match update:
        case ImageUpdate(image=image):
            return image.camera
        case EventUpdate(event=event):
            return event.camera
        case QueueUpdate():
            return None


def images_waiting(entry: HsiConfigEntry) -> int:
    """Return the number of images not yet processed; 0 if the entry is not loaded."""
    if entry.state is not ConfigEntryState.LOADED:
        return 0
    queue = entry.runtime_data.data.queue
    return queue.pending[JobKind.DETECT] + queue.leased[JobKind.DETECT]


def server_version(health: Health) -> str | None:
    """Return the inference server's version; None until it was reached."""
    return health.server.version if health.server else None


def _needs_reauth(health: Health) -> bool:
    """Return whether the first server refuses the token or shows an untrusted certificate."""
    return any(server.error in _REAUTH_ERRORS for server in health.servers[:1])
