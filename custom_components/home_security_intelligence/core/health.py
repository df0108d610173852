"""Keeps the pipeline's health: publishes each change, and logs each loss and each return once."""

from dataclasses import replace
import logging

from .client.models import PartState, ServerHealth
from .errors import CoreError, StoreError, WatchError
from .models import JobKind
from .publisher import Publisher
from .updates import Health, HealthUpdate

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

    def server_answered(self, server: ServerHealth) -> None:
        """Note that the inference server is there, and how it is."""
        if self._health.server_reachable is False:
            _LOGGER.info("the inference server is back")
        self._set(replace(self._health, server_reachable=True, server_error=None, server=server))

    def server_failed(self, error: CoreError) -> None:
        """Note that the inference server cannot be used; what it last said of itself stays."""
        if self._health.server_error != error.code:
            _LOGGER.info("the inference server cannot be used: %s", error)
        self._set(replace(self._health, server_reachable=False, server_error=error.code))

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

    def _set(self, health: Health) -> None:
        if health != self._health:
            self._health = health
            self._publisher.publish([HealthUpdate(health=health)])


def part_ready(health: Health, kind: JobKind) -> bool:
    """Tell whether the part of the server that a stage needs is ready, as far as is known."""
    if health.server is None or not health.server_reachable:
        return False
    part = health.server.detector if kind is JobKind.DETECT else health.server.assessor
    return part.state is PartState.READY
