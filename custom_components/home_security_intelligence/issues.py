"""The repair issues of an installation: one table of what each shows and when."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .assessors import lost_gpus, missing_models
from .const import DOMAIN
from .core.domain.camera_clock import NOTABLE, difference
from .core.domain.errors import ServerAuthError
from .core.domain.settings import Settings
from .data import HsiData
from .detectors import broken_detectors, unwatched_labels
from .markdown import escape_markdown

MAX_DEAD_LETTERS: Final = 10  # fewer are normal: a camera sometimes breaks off an upload
MAX_LABELS: Final = 10  # shown
MODEL_MISSING: Final = "model_missing"
CLEAN_UP_WAITS: Final = "clean_up_waits"
DATA_ENTRY_ID: Final = "entry_id"


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """One kind of issue; `key` is its translation key and the start of its id.

    `placeholders_fn` returns what the text shows, or None while there is no such issue.
    """

    key: str
    placeholders_fn: Callable[[HsiData, Settings], Mapping[str, str] | None]
    severity: ir.IssueSeverity = ir.IssueSeverity.WARNING
    is_fixable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraIssue:
    """One kind of issue that each camera may have; the fields are those of `Issue`."""

    key: str
    placeholders_fn: Callable[[HsiData, str], Mapping[str, str] | None]  # of a camera's folder
    severity: ir.IssueSeverity = ir.IssueSeverity.WARNING


def _dead_letters(data: HsiData, _: Settings) -> Mapping[str, str] | None:
    count = data.queue.dead_total
    return {"count": str(count)} if count > MAX_DEAD_LETTERS else None


def _detector_fallback(data: HsiData, _: Settings) -> Mapping[str, str] | None:
    """Return what detectors fell back from, such as a GPU that cannot be used."""
    servers = data.health.servers
    fallbacks = {
        server.url: escape_markdown(server.health.detector.fallback)
        for server in servers
        if server.health is not None and server.health.detector.fallback is not None
    }
    if not fallbacks:
        return None
    if len(servers) == 1:
        return {"fallback": next(iter(fallbacks.values()))}
    return {"fallback": " ".join(f"{url}: {reason}" for url, reason in fallbacks.items())}


def _unwatched_labels(data: HsiData, settings: Settings) -> Mapping[str, str] | None:
    """Return the labels of detectors none of which opens an event on any camera."""
    cameras = [state.camera for state in data.cameras.values()]
    unwatched = unwatched_labels(data.health, cameras, settings.watched_labels)
    if not unwatched:
        return None
    return {
        "labels": " ".join(
            f"{url}: {escape_markdown(', '.join(labels[:MAX_LABELS]))}."
            for url, labels in unwatched.items()
        )
    }


def _broken_detectors(data: HsiData, _: Settings) -> Mapping[str, str] | None:
    errors = broken_detectors(data.health)
    if not errors:
        return None
    return {"errors": " ".join(f"{url}: {escape_markdown(error)}" for url, error in errors.items())}


def _detectors_differ(data: HsiData, _: Settings) -> Mapping[str, str] | None:
    if not data.health.detectors_differ:
        return None
    models = [
        f"{escape_markdown(server.health.detector.model)} ({server.url})"
        for server in data.health.servers
        if server.reachable and server.health is not None and server.health.detector.model
    ]
    return {"models": ", ".join(models)}


def _server_limits(data: HsiData, _: Settings) -> Mapping[str, str] | None:
    """Return what to set so that the servers take images that wait now."""
    limits = {server.url: server.limit for server in data.health.servers if server.limit}
    if not limits:
        return None
    return {"limits": " ".join(f"{url}: {escape_markdown(limit)}" for url, limit in limits.items())}


def _refused_tokens(data: HsiData, _: Settings) -> Mapping[str, str] | None:
    """Return the added servers that refuse their token; the first server has its own flow."""
    refusing = [
        server.url for server in data.health.servers[1:] if server.error == ServerAuthError.code
    ]
    return {"servers": ", ".join(refusing)} if refusing else None


def _missing_models(data: HsiData, _: Settings) -> Mapping[str, str] | None:
    models = missing_models(data.health)
    return {"models": ", ".join(map(escape_markdown, models))} if models else None


def _lost_gpus(data: HsiData, _: Settings) -> Mapping[str, str] | None:
    losses = lost_gpus(data.health)
    return {"losses": " ".join(map(escape_markdown, losses))} if losses else None


def _wrong_clock(data: HsiData, folder: str) -> Mapping[str, str] | None:
    offset = timedelta(seconds=data.health.clock_offsets.get(folder, 0.0))
    if abs(offset) < NOTABLE:
        return None
    return {"camera": data.cameras[folder].camera.name, "difference": difference(offset)}


def _clean_up_waits(data: HsiData, _: Settings) -> Mapping[str, str] | None:
    waiting = data.health.clean_up_waiting
    if waiting is None:
        return None
    return {
        "reason": waiting.reason,
        "images": str(waiting.images),
        "stored_images": str(waiting.stored_images),
        "files": str(waiting.files),
        "stored_files": str(waiting.stored_files),
        "gigabytes": f"{waiting.file_bytes / 10**9:.1f}",
    }


ISSUES: Final = (
    Issue(key="dead_letters", placeholders_fn=_dead_letters, is_fixable=True),
    Issue(
        key="detector_failed",
        placeholders_fn=_broken_detectors,
        severity=ir.IssueSeverity.ERROR,
    ),
    Issue(key=CLEAN_UP_WAITS, placeholders_fn=_clean_up_waits, is_fixable=True),
    Issue(key="detector_fallback", placeholders_fn=_detector_fallback),
    Issue(
        key="detector_labels",
        placeholders_fn=_unwatched_labels,
        severity=ir.IssueSeverity.ERROR,
    ),
    Issue(key="detectors_differ", placeholders_fn=_detectors_differ),
    Issue(key="server_limit", placeholders_fn=_server_limits),
    Issue(
        key="server_token_refused",
        placeholders_fn=_refused_tokens,
        severity=ir.IssueSeverity.ERROR,
    ),
    Issue(
        key=MODEL_MISSING,
        placeholders_fn=_missing_models,
        severity=ir.IssueSeverity.ERROR,
        is_fixable=True,
    ),
    Issue(key="llm_gpu_lost", placeholders_fn=_lost_gpus),
)

CAMERA_ISSUES: Final = (CameraIssue(key="camera_clock", placeholders_fn=_wrong_clock),)


@callback
def async_update_issues(
    hass: HomeAssistant, entry: ConfigEntry[Any], data: HsiData, settings: Settings
) -> None:
    """Create the installation's issues that exist now and delete all others."""
    for issue in ISSUES:
        placeholders = issue.placeholders_fn(data, settings)
        if placeholders is None:
            ir.async_delete_issue(hass, DOMAIN, _issue_id(issue, entry))
            continue
        ir.async_create_issue(
            hass,
            DOMAIN,
            _issue_id(issue, entry),
            data={DATA_ENTRY_ID: entry.entry_id},  # for the repair flow
            is_fixable=issue.is_fixable,
            severity=issue.severity,
            translation_key=issue.key,
            translation_placeholders={"title": entry.title, **placeholders},
        )
    for camera_issue in CAMERA_ISSUES:
        _async_update_camera_issues(hass, entry, data, camera_issue)


@callback
def async_delete_issues(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
    """Delete all issues of the installation."""
    for issue in ISSUES:
        ir.async_delete_issue(hass, DOMAIN, _issue_id(issue, entry))
    for camera_issue in CAMERA_ISSUES:
        for issue_id in _camera_issues(hass, entry, camera_issue):
            ir.async_delete_issue(hass, DOMAIN, issue_id)


@callback
def _async_update_camera_issues(
    hass: HomeAssistant, entry: ConfigEntry[Any], data: HsiData, issue: CameraIssue
) -> None:
    found = {
        f"{_issue_id(issue, entry)}_{folder}": placeholders
        for folder in data.cameras
        if (placeholders := issue.placeholders_fn(data, folder)) is not None
    }
    for issue_id in _camera_issues(hass, entry, issue) - found.keys():
        ir.async_delete_issue(hass, DOMAIN, issue_id)
    for issue_id, placeholders in found.items():
        ir.async_create_issue(
            hass,
            DOMAIN,
            issue_id,
            is_fixable=False,
            severity=issue.severity,
            translation_key=issue.key,
            translation_placeholders=dict(placeholders),
        )


@callback
def _camera_issues(
    hass: HomeAssistant, entry: ConfigEntry[Any], issue: CameraIssue
) -> frozenset[str]:
    """Return the ids of the cameras' issues of this kind, also of cameras that were removed."""
    prefix = f"{_issue_id(issue, entry)}_"
    return frozenset(
        issue_id
        for domain, issue_id in ir.async_get(hass).issues
        if domain == DOMAIN and issue_id.startswith(prefix)
    )


def _issue_id(issue: Issue | CameraIssue, entry: ConfigEntry[Any]) -> str:
    return f"{issue.key}_{entry.entry_id}"
