"""Convert values to the JSON of the actions' responses."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from homeassistant.util.json import JsonArrayType, JsonObjectType

from .core.domain.models import CleanupReport, DeadLetter, MissedMoment, ModelUse, SecurityEvent
from .core.domain.zones import Zone


def event_json(
    event: SecurityEvent, damaged_images: Mapping[int, str] = MappingProxyType({})
) -> JsonObjectType:
    """Return an event as JSON, with what is wrong with its best image's file."""
    best = event.best_image_id
    return {
        "event_id": str(event.id),
        "camera": event.camera,
        "state": event.state.value,
        "started_at": event.started_at.isoformat(),
        "last_activity_at": event.last_activity_at.isoformat(),
        "ended_at": _time(event.ended_at),
        "labels": list(event.labels),
        "image_count": event.image_count,
        "image_damaged": None if best is None else damaged_images.get(best),
        "assessment": event.assessment.value,
        "risk_score": event.risk_score,
        "risk_level": event.risk_level.value if event.risk_level else None,
        "highest_level": event.highest_level.value if event.highest_level else None,
        "provisional_score": event.provisional_score,
        "factors": factors_json(event),
        "narrative": event.narrative,
        "summary": event.summary,
        "reasoning": event.reasoning,
        "decisive_factor": event.decisive_factor,
        "assessed_at": _time(event.assessed_at),
        "incident_id": str(event.incident_id) if event.incident_id else None,
        "incident_level": event.incident_level.value if event.incident_level else None,
        "late": event.late,
        "mark": event.mark.value if event.mark else None,
        "marked_at": _time(event.marked_at),
        "note": event.note,
        "assessed_by": _use_json(event.assessed_by) if event.assessed_by else None,
    }


def marked_json(marked: SecurityEvent | MissedMoment) -> JsonObjectType:
    """Return a marked event, or a missed moment without an event."""
    if isinstance(marked, SecurityEvent):
        return {"event": event_json(marked), "missed_moment": None}
    return {"event": None, "missed_moment": missed_json(marked)}


def missed_json(missed: MissedMoment) -> JsonObjectType:
    """Return a moment at which an event was missed."""
    return {
        "camera": missed.camera,
        "at": missed.at.isoformat(),
        "marked_at": missed.marked_at.isoformat(),
    }


def factors_json(event: SecurityEvent) -> JsonArrayType:
    """Return the factors of an event's score."""
    return [
        {"name": factor.name, "points": factor.points, "reason": factor.reason}
        for factor in event.factors
    ]


def zones_json(zones: Sequence[Zone]) -> JsonArrayType:
    """Return a camera's zones."""
    return [
        {
            "name": zone.name,
            "kind": zone.kind.value,
            "polygon": [[x, y] for x, y in zone.polygon],
        }
        for zone in zones
    ]


def _use_json(use: ModelUse) -> JsonObjectType:
    return {
        "model": use.model,
        "model_digest": use.model_digest,
        "backend": use.backend,
        "prompt_version": use.prompt_version,
        "prompt_tokens": use.prompt_tokens,
        "completion_tokens": use.completion_tokens,
        "load_ms": use.load_ms,
        "prefill_ms": use.prefill_ms,
        "generate_ms": use.generate_ms,
        "total_ms": use.total_ms,
    }


def dead_letter_json(letter: DeadLetter) -> JsonObjectType:
    """Return a dead letter as JSON."""
    return {
        "job_id": letter.job_id,
        "kind": letter.kind.value,
        "camera": letter.camera,
        "image_path": letter.image_path,
        "event_id": str(letter.event_id) if letter.event_id else None,
        "failure": letter.failure.value,
        "error_type": letter.error_type,
        "message": letter.message,
        "attempts": letter.attempts,
        "crashes": letter.crashes,
        "first_failed_at": letter.first_failed_at.isoformat(),
        "last_failed_at": letter.last_failed_at.isoformat(),
        "requeues": letter.requeues,
        "refusal": letter.refusal,
    }


def cleanup_json(report: CleanupReport) -> JsonObjectType:
    """Return what a cleanup deleted, or would delete."""
    return {
        "events": report.events,
        "images": report.images,
        "detections": report.detections,
        "jobs": report.jobs,
        "files": report.files,
        "file_bytes": report.file_bytes,
        "orphans": report.orphans,
        "needs_confirmation": report.doubt,
    }


def _time(value: datetime | None) -> str | None:
    return None if value is None else value.isoformat()
