"""The coordinator's data, and how an update of the core changes it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from .core.domain.models import Image, ImageState, QueueStats, SecurityEvent
from .core.domain.presence import RECENT_IMAGES, latest_of, present_until, upload_interval
from .core.domain.settings import Settings
from .core.domain.updates import CameraState, EventUpdate, Health, ImageUpdate, QueueUpdate, Update


@dataclass(frozen=True, slots=True, kw_only=True)
class HsiData:
    """The state of every camera by folder, the queue's numbers and the health."""

    cameras: Mapping[str, CameraState]
    queue: QueueStats
    health: Health


def apply_update(data: HsiData, update: Update, settings: Settings) -> HsiData:
    """Return the data after the update."""
    match update:
        case ImageUpdate(image=image):
            state = data.cameras.get(image.camera)
            return (
                data if state is None else _with_camera(data, _with_image(state, image, settings))
            )
        case EventUpdate(event=event):
            state = data.cameras.get(event.camera)
            return data if state is None else _with_camera(data, _with_event(state, event))
        case QueueUpdate(stats=stats):
            return replace(data, queue=stats)
        case _:
            return replace(data, health=update.health)


def _with_camera(data: HsiData, state: CameraState) -> HsiData:
    return replace(data, cameras={**data.cameras, state.camera.folder: state})


def _with_image(state: CameraState, image: Image, settings: Settings) -> CameraState:
    """Return the state with a detected image; an older one than the latest changes nothing."""
    if image.state is not ImageState.DETECTED:
        return state
    latest = state.latest_image
    if latest is None or image.captured_at >= latest.captured_at:
        state = replace(state, latest_image=image)
    recent = (*state.recent, image.captured_at)
    state = replace(state, recent=tuple(sorted(recent)[-RECENT_IMAGES:]))
    until = present_until(image, state.camera, settings, upload_interval(state.recent))
    if until:
        state = replace(state, present_until=latest_of([state.present_until, until]))
    return state


def _with_event(state: CameraState, event: SecurityEvent) -> CameraState:
    """Return the state with an event; an older one than the last changes nothing."""
    last = state.last_event
    if last is None or event.id == last.id or event.started_at >= last.started_at:
        return replace(state, last_event=event)
    return state
