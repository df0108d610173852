"""The state of the inference servers' detectors."""

from collections.abc import Collection, Sequence

from .core.domain.inference import ComponentState
from .core.domain.models import Camera
from .core.domain.updates import Health, ServerState

# States that no waiting changes.
BROKEN = frozenset({ComponentState.ABSENT, ComponentState.FAILED})


def can_detect(server: ServerState) -> bool | None:
    """Return whether a server is reachable and its detector is ready; None while unknown."""
    if server.reachable is None or server.health is None:
        return server.reachable
    return server.reachable and server.health.detector.state is ComponentState.READY


def detects(health: Health) -> bool:
    """Return whether images are processed: a server can detect, or that is not known yet."""
    return not health.servers or any(can_detect(server) is not False for server in health.servers)


def broken_detectors(health: Health) -> dict[str, str]:
    """Return by address why the detectors of reachable servers do not work."""
    return {
        server.url: server.health.detector.error or server.health.detector.state.value
        for server in health.servers
        if server.reachable and server.health is not None and server.health.detector.state in BROKEN
    }


def unwatched_labels(
    health: Health, cameras: Collection[Camera], default: frozenset[str]
) -> dict[str, Sequence[str]]:
    """Return by address the labels of ready detectors that can open an event on no camera.

    `default` are the watched labels of cameras without their own.
    """
    watched = frozenset[str]().union(*(camera.watched_labels or default for camera in cameras))
    return {
        server.url: server.health.detector.labels
        for server in health.servers
        if watched
        and server.health is not None
        and can_detect(server)
        and watched.isdisjoint(server.health.detector.labels)
    }
