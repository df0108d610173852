"""Hands what the pipeline tells to the entities."""

from collections.abc import Callable, Sequence
from typing import override

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.start import async_at_started
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed

from .assessors import lost_gpus, missing_models
from .bridge import reason_of, settings_of
from .const import CONF_FOLDER, DOMAIN, LOGGER, SUBENTRY_CAMERA
from .core.domain.errors import (
    ServerAuthError,
    ServerCertificateChangedError,
    ServerCertificateError,
    StoreAuthError,
    StoreError,
)
from .core.domain.models import JobKind
from .core.domain.updates import EventUpdate, Health, HealthUpdate, QueueUpdate, ServerState, Update
from .core.pipeline.pipeline import Pipeline
from .data import HsiData, applied
from .devices import async_register_hub
from .fired_events import Told
from .issues import (
    async_show_dead_letters,
    async_show_detectors,
    async_show_fallback,
    async_show_lost_gpus,
    async_show_missing_models,
    async_show_refused_tokens,
    async_withdraw_dead_letters,
)

_ASK_A_PERSON = {
    error.code for error in (ServerAuthError, ServerCertificateError, ServerCertificateChangedError)
}

type HsiConfigEntry = ConfigEntry[HsiCoordinator]
type EventListener = Callable[[EventUpdate], None]


class HsiCoordinator(DataUpdateCoordinator[HsiData]):
    """Pushes; between `__init__` and `async_release` updates wait for the entities to be there."""

    config_entry: HsiConfigEntry

    def __init__(self, hass: HomeAssistant, entry: HsiConfigEntry, pipeline: Pipeline) -> None:
        """Listen to the pipeline from before its start, so that nothing it tells is missed."""
        super().__init__(
            hass,
            LOGGER,
            config_entry=entry,
            name=DOMAIN,
            update_interval=None,
            always_update=False,
        )
        self.pipeline = pipeline
        self._settings = settings_of(entry)
        self._waiting: list[Update] | None = []
        self._event_listeners: list[EventListener] = []
        # Automations are armed only when Home Assistant has started; events wait for that.
        self._untold: list[EventUpdate] | None = []
        self.told = Told(hass, entry)
        entry.async_on_unload(self.told.async_save)
        entry.async_on_unload(pipeline.subscribe(self._async_handle_update))
        entry.async_on_unload(lambda: async_withdraw_dead_letters(hass, entry))
        entry.async_on_unload(lambda: async_show_fallback(hass, entry, None))
        entry.async_on_unload(lambda: async_show_detectors(hass, entry, {}))
        entry.async_on_unload(lambda: async_show_refused_tokens(hass, entry, []))
        entry.async_on_unload(lambda: async_show_missing_models(hass, entry, []))
        entry.async_on_unload(lambda: async_show_lost_gpus(hass, entry, []))

    @callback
    def async_subscribe_events(self, listener: EventListener) -> CALLBACK_TYPE:
        """Call the listener with every change of an event; returns how to stop that."""
        self._event_listeners.append(listener)

        @callback
        def unsubscribe() -> None:
            self._event_listeners.remove(listener)

        return unsubscribe

    @callback
    def async_release(self) -> None:
        """Let the updates through: the entities are there now."""
        waiting, self._waiting = self._waiting or [], None
        self._async_react(Health(database_reachable=True), self.data.health)
        async_show_dead_letters(self.hass, self.config_entry, self.data.queue.dead_total)
        for update in waiting:
            # Of the health only today's counts; what it was meanwhile would be reported again.
            if not isinstance(update, HealthUpdate):
                self._async_handle_update(update)
        self._async_handle_update(HealthUpdate(health=self.pipeline.health))
        self.config_entry.async_on_unload(async_at_started(self.hass, self._async_tell_waiting))

    @override
    async def _async_update_data(self) -> HsiData:
        """Read where everything stands."""
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
                translation_key=reason_of(err),
                translation_placeholders={"error": str(err)},
            ) from err

    @callback
    def _async_handle_update(self, update: Update) -> None:
        if self._waiting is not None:
            self._waiting.append(update)
            return
        before, after = self.data, applied(self.data, update, self._settings)
        if after != before:
            self.async_set_updated_data(after)
            self._async_react(before.health, after.health)
        if isinstance(update, QueueUpdate):
            async_show_dead_letters(self.hass, self.config_entry, update.stats.dead_total)
        if isinstance(update, EventUpdate):
            if self._untold is None:
                self._async_tell(update)
            else:
                self._untold.append(update)

    @callback
    def _async_tell_waiting(self, hass: HomeAssistant) -> None:
        waiting, self._untold = self._untold or [], None
        for update in waiting:
            self._async_tell(update)

    @callback
    def _async_tell(self, update: EventUpdate) -> None:
        for listener in tuple(self._event_listeners):
            listener(update)

    @callback
    def _async_react(self, before: Health, after: Health) -> None:
        """Say once what was lost and what is back; ask for a secret where it is refused."""
        if before.server_reachable is not False and after.server_reachable is False:
            LOGGER.info("The inference server cannot be used: %s", after.server_error)
        if before.server_reachable is False and after.server_reachable:
            LOGGER.info("The inference server is back")
        if before.database_reachable and not after.database_reachable:
            LOGGER.info("The database cannot be used: %s", after.database_error)
        if not before.database_reachable and after.database_reachable:
            LOGGER.info("The database is back")
        if _fallback(after) != _fallback(before):
            async_show_fallback(self.hass, self.config_entry, _fallback(after))
        if (models := _differing_detectors(after)) != _differing_detectors(before):
            async_show_detectors(self.hass, self.config_entry, models)
        if (refused := _refused(after.servers[1:])) != _refused(before.servers[1:]):
            async_show_refused_tokens(self.hass, self.config_entry, refused)
        if (missing := missing_models(after)) != missing_models(before):
            async_show_missing_models(self.hass, self.config_entry, missing)
        if (lost := lost_gpus(after)) != lost_gpus(before):
            async_show_lost_gpus(self.hass, self.config_entry, lost)
        version = server_version(after)
        if version is not None and version != server_version(before):
            async_register_hub(self.hass, self.config_entry, version)
        if (
            _asks_a_person(after) and not _asks_a_person(before)
        ) or after.database_error == StoreAuthError.code != before.database_error:
            self.config_entry.async_start_reauth(self.hass)


def images_waiting(entry: HsiConfigEntry) -> int:
    """Return how many images are still to be looked at, as far as is known."""
    if entry.state is not ConfigEntryState.LOADED:
        return 0
    queue = entry.runtime_data.data.queue
    return queue.pending[JobKind.DETECT] + queue.leased[JobKind.DETECT]


def _asks_a_person(health: Health) -> bool:
    """Tell whether the first server wants another token, or a look at its certificate."""
    return any(server.error in _ASK_A_PERSON for server in health.servers[:1])


def _refused(servers: Sequence[ServerState]) -> list[str]:
    return [server.url for server in servers if server.error == ServerAuthError.code]


def _differing_detectors(health: Health) -> dict[str, str]:
    """Return the detectors' models by the servers' addresses where they are not all the same."""
    if not health.detectors_differ:
        return {}
    return {
        server.url: server.health.detector.model
        for server in health.servers
        if server.reachable and server.health is not None and server.health.detector.model
    }


def server_version(health: Health) -> str | None:
    """Return the inference server's version; None while it has not been reached."""
    return health.server.version if health.server else None


def _fallback(health: Health) -> str | None:
    """Return what detectors had to fall back from; None where from nothing, as far as known."""
    fallbacks = {
        server.url: server.health.detector.fallback
        for server in health.servers
        if server.health is not None and server.health.detector.fallback is not None
    }
    if len(health.servers) == 1:
        return next(iter(fallbacks.values()), None)
    return " ".join(f"{url}: {fallback}" for url, fallback in fallbacks.items()) or None
