"""The pipeline's health: publish every change, log every outage and recovery once."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
import logging
from typing import Protocol

from ..domain.camera_clock import NOTABLE, difference
from ..domain.clean_up import WaitingCleanUp
from ..domain.errors import CoreError, StoreError, WatchError
from ..domain.inference import ServerHealth
from ..domain.models import JobKind
from ..domain.updates import BreakerStatus, Health, HealthUpdate, ServerState
from .publisher import Publisher

_LOGGER = logging.getLogger(__name__)


class TrackedServer(Protocol):
    """An inference server, as the owner of its circuit breakers."""

    @property
    def url(self) -> str:
        """Return the address that identifies the server."""

    @property
    def breakers(self) -> Mapping[JobKind, BreakerStatus]:
        """Return the current status of each stage's circuit breaker."""

    @property
    def limit(self) -> str | None:
        """Return what to set so that the server takes larger images; None if it takes all."""


class TrackedStage(Protocol):
    """A stage that can be paused."""

    @property
    def is_paused(self) -> bool:
        """Whether the stage is paused."""


class HealthBoard:
    """The only writer of `Health`; circuit breakers are read from their owners, never copied in."""

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher
        self._health = Health()
        self._servers: Mapping[str, TrackedServer] = {}
        self._stages: Mapping[JobKind, TrackedStage] = {}

    @property
    def health(self) -> Health:
        """Return the health as last published."""
        return self._health

    def track(
        self, servers: Sequence[TrackedServer], stages: Mapping[JobKind, TrackedStage]
    ) -> None:
        """Show these servers and stages; call `refresh` when one of their breakers changes."""
        self._servers = {server.url: server for server in servers}
        self._stages = stages
        self._set(
            replace(self._health, servers=tuple(ServerState(url=url) for url in self._servers))
        )

    def refresh(self) -> None:
        """Publish the current circuit breakers and paused stages."""
        self._set(self._health)

    def server_answered(self, url: str, health: ServerHealth) -> None:
        """Record an inference server's answer to a health request."""
        server = self._server(url)
        if server.reachable is False:
            _LOGGER.info("Inference server %s is available again", url)
        self._set_server(replace(server, reachable=True, error=None, health=health))

    def server_failed(self, url: str, error: CoreError) -> None:
        """Record that an inference server cannot be used; its last health stays."""
        server = self._server(url)
        if server.error != error.code:
            _LOGGER.info("Inference server %s is unavailable: %s", url, error)
        self._set_server(replace(server, reachable=False, error=error.code))

    def database_answered(self) -> None:
        """Record that the database can be used."""
        if self._health.database_error is not None:
            _LOGGER.info("Database is available again")
        self._set(replace(self._health, database_reachable=True, database_error=None))

    def database_failed(self, error: StoreError) -> None:
        """Record that the database cannot be used."""
        if self._health.database_error != error.code:
            _LOGGER.info(
                "Database is unavailable, new images wait in their folders: %s",
                error,
            )
        self._set(replace(self._health, database_reachable=False, database_error=error.code))

    def camera_trouble(self, camera: str, error: WatchError | None) -> None:
        """Record that a camera's folder cannot be read, or with None that it can again."""
        errors = dict(self._health.camera_errors)
        if error is not None:
            errors[camera] = error.code
            _LOGGER.info("Camera %s: folder is unavailable: %s", camera, error)
        elif errors.pop(camera, None) is not None:
            _LOGGER.info("Camera %s: folder is available again", camera)
        self._set(replace(self._health, camera_errors=errors))

    def camera_clock(self, camera: str, offset: float) -> None:
        """Record by how many seconds a camera's clock is ahead; negative: behind."""
        offsets = dict(self._health.clock_offsets)
        before, wrong = offsets.get(camera, 0.0), timedelta(seconds=offset)
        offsets[camera] = offset
        if offset != before and abs(wrong) >= NOTABLE:
            _LOGGER.warning(
                "The clock of camera %s is %s; capture times are corrected. Set its time, its time"
                " zone and summer time",
                camera,
                difference(wrong),
            )
        elif offset != before:
            _LOGGER.info("The clock of camera %s is right, to within %.0f s", camera, abs(offset))
        self._set(replace(self._health, clock_offsets=offsets))

    def set_queue_full(self, *, full: bool) -> None:
        """Record whether new images wait in their folders because the queue is full."""
        if full != self._health.queue_full:
            _LOGGER.info(
                "Queue is full, new images wait in their folders"
                if full
                else "Queue accepts new images again"
            )
        self._set(replace(self._health, queue_full=full))

    def clean_up_waits(self, waiting: WaitingCleanUp | None) -> None:
        """Record that a nightly clean-up waits for a confirmation, or with None that none does."""
        if waiting is not None and waiting != self._health.clean_up_waiting:
            _LOGGER.warning(
                "The clean-up waits for a confirmation: %s. It would delete %d of %d image records"
                " and %d of %d image files (%d bytes). Check this machine's clock and the retention"
                " settings. To confirm, use the repair in Home Assistant, or run the worker's"
                " command once more with --confirm-clean-up",
                waiting.reason,
                waiting.images,
                waiting.stored_images,
                waiting.files,
                waiting.stored_files,
                waiting.file_bytes,
            )
        self._set(replace(self._health, clean_up_waiting=waiting))

    def _server(self, url: str) -> ServerState:
        return next(server for server in self._health.servers if server.url == url)

    def _set_server(self, changed: ServerState) -> None:
        servers = tuple(
            changed if server.url == changed.url else server for server in self._health.servers
        )
        reachable = [server for server in servers if server.reachable]
        asked = [server for server in servers if server.reachable is not None]
        differ = self._detectors_differ(reachable)
        first = next(iter(reachable or asked), None)
        self._set(
            replace(
                self._health,
                servers=servers,
                server_reachable=bool(reachable) if asked else None,
                server_error=None if first is None else first.error,
                server=self._health.server if first is None else first.health,
                detectors_differ=differ,
            )
        )

    def _detectors_differ(self, reachable: Sequence[ServerState]) -> bool:
        detectors = {
            server.url: server.health.detector.model
            for server in reachable
            if server.health is not None and server.health.detector.model is not None
        }
        differ = len(set(detectors.values())) > 1
        if differ and not self._health.detectors_differ:
            _LOGGER.warning(
                "Inference servers use different detector models, so detections depend on the "
                "server that is used: %s",
                ", ".join(f"{model} at {url}" for url, model in detectors.items()),
            )
        return differ

    def _set(self, health: Health) -> None:
        health = replace(
            health,
            servers=tuple(
                replace(
                    server,
                    breakers=self._servers[server.url].breakers,
                    limit=self._servers[server.url].limit,
                )
                for server in health.servers
            ),
            stages_paused=frozenset(kind for kind, each in self._stages.items() if each.is_paused),
        )
        if health == self._health:
            return
        for kind in health.stages_paused - self._health.stages_paused:
            _LOGGER.info("Stage %s is paused", kind)
        for kind in self._health.stages_paused - health.stages_paused:
            _LOGGER.info("Stage %s resumed", kind)
        self._health = health
        self._publisher.publish([HealthUpdate(health=health)])
