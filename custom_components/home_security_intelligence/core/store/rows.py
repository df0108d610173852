"""Converts rows to the models of domain/models.py."""

from collections.abc import Sequence

from sqlalchemy import RowMapping

from ..domain.models import Box, Detection, Image, ModelUse, RiskFactor, SecurityEvent


def image_of(row: RowMapping, detections: Sequence[Detection] = (), *, prefix: str = "") -> Image:
    """Return the image a row of `images` describes, its columns under names with the prefix."""
    return Image(
        id=row[prefix + "id"],
        camera=row[prefix + "camera"],
        path=row[prefix + "path"],
        size=row[prefix + "size"],
        mtime_ns=row[prefix + "mtime_ns"],
        captured_at=row[prefix + "captured_at"],
        found_at=row[prefix + "found_at"],
        state=row[prefix + "state"],
        reason=row[prefix + "reason"],
        width=row[prefix + "width"],
        height=row[prefix + "height"],
        detections=tuple(detections),
        detected_at=row[prefix + "detected_at"],
        root=row[prefix + "root"],
        event_id=row[prefix + "event_id"],
        damaged=row[prefix + "damaged"],
    )


def detection_of(row: RowMapping) -> Detection:
    """Return the detection a row of `detections` describes."""
    return Detection(
        label=row["label"],
        confidence=row["confidence"],
        box=Box(x1=row["x1"], y1=row["y1"], x2=row["x2"], y2=row["y2"]),
    )


def event_of(row: RowMapping) -> SecurityEvent:
    """Return the event a row of `events` describes."""
    return SecurityEvent(
        id=row["id"],
        camera=row["camera"],
        state=row["state"],
        started_at=row["started_at"],
        last_activity_at=row["last_activity_at"],
        ended_at=row["ended_at"],
        labels=tuple(row["labels"]),
        image_count=row["image_count"],
        best_image_id=row["best_image_id"],
        assessment=row["assessment"],
        risk_score=row["risk_score"],
        risk_level=row["risk_level"],
        summary=row["summary"],
        reasoning=row["reasoning"],
        decisive_factor=row["decisive_factor"],
        assessed_at=row["assessed_at"],
        late=row["late"],
        provisional_score=row["provisional_score"],
        factors=tuple(
            RiskFactor(name=each["name"], points=each["points"], reason=each["reason"])
            for each in row["factors"]
        ),
        mark=row["mark"],
        marked_at=row["marked_at"],
        note=row["note"],
        assessed_by=None if row["model"] is None else _use_of(row),
        highest_level=row["highest_level"],
        judged_images=row["judged_images"],
        incident_id=row["incident_id"],
        incident_level=row["incident_level"],
        narrative=row["narrative"],
    )


def _use_of(row: RowMapping) -> ModelUse:
    return ModelUse(
        model=row["model"],
        backend=row["backend"],
        model_digest=row["model_digest"],
        prompt_version=row["prompt_version"],
        prompt_tokens=row["prompt_tokens"],
        completion_tokens=row["completion_tokens"],
        load_ms=row["load_ms"],
        prefill_ms=row["prefill_ms"],
        generate_ms=row["generate_ms"],
        total_ms=row["total_ms"],
    )
