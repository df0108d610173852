"""Events as the WebSocket commands return them."""

from collections.abc import Mapping
from types import MappingProxyType

from homeassistant.core import HomeAssistant, callback
from homeassistant.util.json import JsonArrayType, JsonObjectType

from ..const import CONF_FOLDER, SUBENTRY_CAMERA
from ..coordinator import HsiConfigEntry
from ..core.domain.levels import LevelBounds
from ..core.domain.models import Image, RiskFactor, RiskLevel, SecurityEvent
from ..core.domain.queries import EventDetails
from ..image_urls import async_image_url
from ..image_variant import Variant
from ..serializers import event_json, zones_json

_LARGEST = 3  # factors that are named

# Phases are listed with the level they were published with only as far as it is known.
type Damaged = Mapping[int, str]


@callback
def async_event_json(
    hass: HomeAssistant,
    entry: HsiConfigEntry,
    event: SecurityEvent,
    damaged: Damaged = MappingProxyType({}),
) -> JsonObjectType:
    """Return an event with its camera's name, signed paths of its best image, and its level."""
    best = event.best_image_id
    return {
        **event_json(event, damaged),
        "camera_name": camera_name(entry, event.camera),
        "thumbnail_url": async_image_url(hass, entry, best, Variant.THUMBNAIL),
        "image_url": async_image_url(hass, entry, best),
        "boxes_url": async_image_url(hass, entry, best, Variant.BOXES),
        "factors": [_factor_json(factor) for factor in event.factors],
        "level": event.risk_level.value if event.risk_level else None,
    }


@callback
def async_details_json(
    hass: HomeAssistant, entry: HsiConfigEntry, details: EventDetails
) -> JsonObjectType:
    """Return an event with all of its images, and what it was judged by."""
    bounds = entry.runtime_data.pipeline.settings.level_bounds
    damaged = {image.id: image.damaged for image in details.images if image.damaged}
    return {
        "event": async_event_json(hass, entry, details.event, damaged),
        "images": [_image_json(hass, entry, image) for image in details.images],
        "zones": zones_json(details.zones),
        "path": [[[second, x, y] for second, (x, y) in path] for path in details.paths],
        "why_not_higher": why_not_higher(details.event, bounds),
        "history": _history_json(details),
    }


def camera_name(entry: HsiConfigEntry, folder: str) -> str:
    """Return a camera's name; of one that was removed, its folder."""
    cameras = entry.get_subentries_of_type(SUBENTRY_CAMERA)
    return next((each.title for each in cameras if each.data[CONF_FOLDER] == folder), folder)


def why_not_higher(event: SecurityEvent, bounds: LevelBounds) -> JsonObjectType | None:
    """Return how many points the next level is away, and the factors that took most points.

    None without a score and at the highest level.
    """
    if event.risk_score is None or event.risk_level in {None, RiskLevel.CRITICAL}:
        return None
    above = [(floor, level) for floor, level in bounds.floors if floor > event.risk_score]
    if not above:
        return None
    floor, level = above[-1]
    lowering = sorted((each for each in event.factors if each.points < 0), key=_points)
    return {
        "next_level": level.value,
        "missing_points": floor - event.risk_score,
        "largest": [factor.name for factor in lowering[:_LARGEST]],
    }


def _points(factor: RiskFactor) -> int:
    return factor.points


def _factor_json(factor: RiskFactor) -> JsonObjectType:
    return {
        "name": factor.name,
        "points": factor.points,
        "reason": factor.reason,
        "label": factor.name[:1].upper() + factor.name[1:],
    }


def _image_json(hass: HomeAssistant, entry: HsiConfigEntry, image: Image) -> JsonObjectType:
    return {
        "image_id": image.id,
        "captured_at": image.captured_at.isoformat(),
        "damaged": image.damaged,
        "width": image.width,
        "height": image.height,
        "thumbnail_url": async_image_url(hass, entry, image.id, Variant.THUMBNAIL),
        "image_url": async_image_url(hass, entry, image.id),
        "detections": [
            {
                "label": detection.label,
                "confidence": detection.confidence,
                "box": [detection.box.x1, detection.box.y1, detection.box.x2, detection.box.y2],
            }
            for detection in image.detections
        ],
    }


def _history_json(details: EventDetails) -> JsonArrayType:
    """Return the phases by time; an event's earlier levels and scores are not recorded."""
    by_time = sorted(details.phases.items(), key=lambda item: item[1])
    return [
        {"at": at.isoformat(), "phase": phase.value, "level": None, "score": None}
        for phase, at in by_time
    ]
