"""Keeps the pipeline's health: publishes each change, and logs each loss and each return once."""

from collections.abc import Sequence
from dataclasses import replace
import logging

from ..domain.errors import CoreError, StoreError, WatchError
from ..domain.inference import ServerHealth
from ..domain.models import JobKind
from ..domain.updates import BreakerStatus, Health, HealthUpdate, ServerState
from .publisher import Publisher

_LOGGER = logging.getLogger(__name__)


class HealthBoard:
    """The only writer of `Health`."""

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher
        self._health = Health()

    @property
    def health(self) -> Health:
        """The health as last seen."""
        return self._health

    def servers_known(self, urls: Sequence[str]) -> None:
        """Note which inference servers there are; nothing is known of them yet."""
        self._set(replace(self._health, servers=tuple(ServerState(url=url) for url in urls)))

    def server_answered(self, url: str, health: ServerHealth) -> None:
        """Note that an inference server is there, and how it is."""
        server = self._server(url)
        if server.reachable is False:
            _LOGGER.info("the inference server at %s is back", url)
        self._set_server(replace(server, reachable=True, error=None, health=health))

    def server_failed(self, url: str, error: CoreError) -> None:
        """Note that an inference server cannot be used; what it last said of itself stays."""
        server = self._server(url)
        if server.error != error.code:
            _LOGGER.info("the inference server at %s cannot be used: %s", url, error)
        self._set_server(replace(server, reachable=False, error=error.code))

    def breaker_changed(self, url: str, kind: JobKind, status: BreakerStatus) -> None:
        """Note that a stage leaves an inference server alone, or that it does not any more."""
        server = self._server(url)
        self._set_server(replace(server, breakers={**server.breakers, kind: status}))

    def database_answered(self) -> None:
        """Note that the database is there."""
        if self._health.database_error is not None:
            _LOGGER.info("the database is back")
        self._set(replace(self._health, database_reachable=True, database_error=None))

    def database_failed(self, error: StoreError) -> None:
        """Note that the database cannot be used."""
        if self._health.database_error != error.code:
            _LOGGER.info("the database cannot be used, pictures wait in their folders: %s", error)
        self._set(replace(self._health, database_reachable=False, database_error=error.code))

    def camera_trouble(self, camera: str, error: WatchError | None) -> None:
        """Note that a camera's folder is in trouble, or with None that it is well again."""
        errors = dict(self._health.camera_errors)
        if error is not None:
            errors[camera] = error.code
            _LOGGER.info("camera %s: %s", camera, error)
        elif errors.pop(camera, None) is not None:
            _LOGGER.info("camera %s: its folder is back", camera)
        self._set(replace(self._health, camera_errors=errors))

    def stage_paused(self, kind: JobKind, *, paused: bool) -> None:
        """Note that a stage holds back because of what it asks, or that it goes on."""
        others = self._health.stages_paused - {kind}
        stages = others | {kind} if paused else others
        if stages != self._health.stages_paused:
            _LOGGER.info("%s is %s", kind, "held back for a while" if paused else "going on")
        self._set(replace(self._health, stages_paused=stages))

    def spooling(self, *, spooling: bool) -> None:
        """Note that new pictures wait in their folders because the queue is full."""
        if spooling != self._health.spooling:
            _LOGGER.info(
                "the queue is %s", "full, pictures wait in their folders" if spooling else "open"
            )
        self._set(replace(self._health, spooling=spooling))

    def _server(self, url: str) -> ServerState:
        return next(server for server in self._health.servers if server.url == url)

    def _set_server(self, changed: ServerState) -> None:
        servers = tuple(
            changed if server.url == changed.url else server for server in self._health.servers
        )
        reachable = [server for server in servers if server.reachable]
        asked = [server for server in servers if server.reachable is not None]
        detectors = {
            server.url: server.health.detector.model
            for server in reachable
            if server.health is not None and server.health.detector.model is not None
        }
        differ = len(set(detectors.values())) > 1
        if differ and not self._health.detectors_differ:
            _LOGGER.warning(
                "the inference servers look at pictures with different models, so it matters which "
                "one is asked: %s",
                ", ".join(f"{model} at {url}" for url, model in detectors.items()),
            )
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

    def _set(self, health: Health) -> None:
        if health != self._health:
            self._health = health
            self._publisher.publish([HealthUpdate(health=health)])
