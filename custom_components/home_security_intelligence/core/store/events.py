"""The events: open, update, close and assess them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime, timedelta
import json
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    DateTime,
    Double,
    Integer,
    Text,
    Uuid,
    any_,
    bindparam,
    cast,
    func,
    insert,
    literal_column,
    select,
    true,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from ..domain.context import Context
from ..domain.models import (
    AssessmentState,
    EventState,
    ModelAnswer,
    ModelUse,
    RiskFactor,
    SecurityEvent,
)
from ..domain.updates import EventPhase
from .arrays import rows_from_arrays
from .contexts import ContextJson, context_from, context_json
from .rows import event_of
from .tables import events, in_state

_NEAR_LIMIT = 100  # closed events considered for a late image

# Statements are built once: building one costs more than running it.
_OPEN = select(events).where(
    events.c.camera == bindparam("camera"), in_state(events.c.state, EventState.OPEN)
)
_OPEN_LOCKED = _OPEN.with_for_update()
_GET = select(events).where(events.c.id == bindparam("event_id", type_=Uuid))
_GET_LOCKED = _GET.with_for_update()
_PHASES = select(events.c.phases).where(events.c.id == bindparam("event_id", type_=Uuid))
_CONTEXT = select(events.c.context).where(events.c.id == bindparam("event_id", type_=Uuid))
_MOMENTS = rows_from_arrays(
    "moment",
    {
        "camera": Text,
        "earliest": DateTime(timezone=True),
        "latest": DateTime(timezone=True),
        "after": DateTime(timezone=True),
    },
)
_NEAR = (
    select(events)
    .where(
        events.c.camera == _MOMENTS.c.camera,
        in_state(events.c.state, EventState.CLOSED),
        events.c.started_at.between(_MOMENTS.c.earliest, _MOMENTS.c.latest),
        events.c.last_activity_at >= _MOMENTS.c.after,
    )
    .order_by(events.c.started_at)
    .limit(literal_column(str(_NEAR_LIMIT), Integer))
    .correlate(_MOMENTS)
    .lateral("near")
)
# A union of two queries: as one condition they would not use their indices.
_FIND_NEAR = union_all(
    select(events).where(
        events.c.camera == any_(bindparam("cameras", type_=ARRAY(Text))),
        in_state(events.c.state, EventState.OPEN),
    ),
    select(_NEAR).select_from(_MOMENTS.join(_NEAR, true())),
)
_GROUPED = rows_from_arrays(
    "grouped",
    {
        "id": Uuid,
        "state": events.c.state.type,
        "started_at": DateTime(timezone=True),
        "last_activity_at": DateTime(timezone=True),
        "ended_at": DateTime(timezone=True),
        "labels": Text,  # as JSON: unnest would flatten an array of arrays
        "image_count": Integer,
        "best_image_id": BigInteger,
        "best_confidence": Double,
    },
)
_LABELS = (
    select(func.jsonb_array_elements_text(cast(_GROUPED.c.labels, JSONB)))
    .correlate(_GROUPED)
    .scalar_subquery()
)
_UPDATE_GROUPED = (
    update(events)
    .where(events.c.id == _GROUPED.c.id)
    .values({each.name: each for each in _GROUPED.c if each.name not in {"id", "labels"}})
    .values(labels=func.array(_LABELS))
    .returning(events)
)

_ANSWERED = (
    "summary",
    "reasoning",
    "decisive_factor",
    "assessed_at",
    "late",
    "assessed_by_job",
    "explained_images",
    "explained_score",
    *(each.name for each in fields(ModelUse)),
)
_EXPLAIN = (
    update(events)
    .where(
        events.c.id == bindparam("event_id", type_=Uuid),
        events.c.assessed_by_job.is_(None)
        | (events.c.assessed_by_job <= bindparam("new_assessed_by_job", type_=BigInteger)),
    )
    .values({name: bindparam(f"new_{name}", type_=events.c[name].type) for name in _ANSWERED})
    .values(
        assessment=AssessmentState.ASSESSED,
        settled_at=func.now(),
        phases=events.c.phases.op("||")(
            func.jsonb_build_object(EventPhase.EXPLAINED.value, func.now())
        ),
    )
    .returning(events)
)
_EXPLAIN_AND_SCORE = _EXPLAIN.values(
    {
        name: bindparam(f"new_{name}", type_=events.c[name].type)
        for name in ("risk_score", "factors")
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grouped:
    """An event, the confidence of its best image, and its context unless it is new."""

    event: SecurityEvent
    best_confidence: float
    context: ContextJson = field(default_factory=ContextJson)


async def get(
    connection: AsyncConnection, event_id: UUID, *, lock: bool = False
) -> SecurityEvent | None:
    """Return one event; `lock` locks it until the transaction ends."""
    rows = await connection.execute(_GET_LOCKED if lock else _GET, {"event_id": event_id})
    row = rows.mappings().one_or_none()
    return None if row is None else event_of(row)


async def get_many(connection: AsyncConnection, ids: Sequence[UUID]) -> tuple[SecurityEvent, ...]:
    """Return the events that exist, in any order."""
    rows = await connection.execute(select(events).where(events.c.id.in_(ids)))
    return tuple(event_of(row) for row in rows.mappings())


async def all_open(connection: AsyncConnection) -> tuple[SecurityEvent, ...]:
    """Return the open events; a camera has one at most."""
    rows = await connection.execute(select(events).where(in_state(events.c.state, EventState.OPEN)))
    return tuple(event_of(row) for row in rows.mappings())


async def open_of(connection: AsyncConnection, camera: str) -> SecurityEvent | None:
    """Return the camera's open event, locked."""
    rows = await connection.execute(_OPEN_LOCKED, {"camera": camera})
    row = rows.mappings().one_or_none()
    return None if row is None else event_of(row)


async def find_near(
    connection: AsyncConnection,
    moments: Sequence[tuple[str, datetime]],
    *,
    within: timedelta,
    longest: timedelta,
    ahead: timedelta,
) -> tuple[Grouped, ...]:
    """Return the cameras' open events, and their closed ones around moments.

    These end no earlier than `within` before a moment and begin no later than `ahead` after it.
    `longest` is the maximum length of an event, so that older ones are not read. The caller has
    locked the cameras, so that the events do not change.
    """
    spans = _spans(moments, longest)
    rows = await connection.execute(
        _FIND_NEAR,
        {
            "cameras": list({camera for camera, _, _ in spans}),
            "moment_camera": [camera for camera, _, _ in spans],
            "moment_latest": [last + ahead for _, _, last in spans],
            "moment_after": [first - within for _, first, _ in spans],
            "moment_earliest": [first - within - longest for _, first, _ in spans],
        },
    )
    found = {row["id"]: row for row in rows.mappings()}
    return tuple(
        Grouped(event=event_of(row), best_confidence=row["best_confidence"], context=row["context"])
        for row in found.values()
    )


def _spans(
    moments: Sequence[tuple[str, datetime]], longest: timedelta
) -> list[tuple[str, datetime, datetime]]:
    """Return each camera's moments as spans of limited length: they have most events in common."""
    spans: list[tuple[str, datetime, datetime]] = []
    for camera, moment in sorted(moments):
        if spans and spans[-1][0] == camera and moment - spans[-1][1] <= longest:
            spans[-1] = (camera, spans[-1][1], moment)
        else:
            spans.append((camera, moment, moment))
    return spans


async def latest(connection: AsyncConnection, camera: str) -> SecurityEvent | None:
    """Return the camera's latest event by start time."""
    rows = await connection.execute(
        select(events)
        .where(events.c.camera == camera)
        .order_by(events.c.started_at.desc(), events.c.id.desc())
        .limit(1)
    )
    row = rows.mappings().one_or_none()
    return None if row is None else event_of(row)


async def changed_since(
    connection: AsyncConnection, since: datetime, *, limit: int
) -> tuple[tuple[SecurityEvent, Mapping[EventPhase, datetime]], ...]:
    """Return the latest events with a phase since a moment, oldest first, and the phases' times."""
    rows = await connection.execute(
        select(events)
        .where(events.c.settled_at > since)
        .order_by(events.c.settled_at.desc())
        .limit(limit)
    )
    found = [(event_of(row), _phases_of(row["phases"], since)) for row in rows.mappings()]
    return tuple(reversed(found))


async def phases_of(connection: AsyncConnection, event_id: UUID) -> dict[EventPhase, datetime]:
    """Return when each phase of an event was last published."""
    stored: Mapping[str, str] | None = await connection.scalar(_PHASES, {"event_id": event_id})
    return {EventPhase(name): datetime.fromisoformat(at) for name, at in (stored or {}).items()}


async def add(connection: AsyncConnection, new: Sequence[tuple[Grouped, Context]]) -> None:
    """Insert events with their contexts; a camera has one open event at most."""
    await connection.execute(
        insert(events),
        [
            {
                "id": one.event.id,
                "camera": one.event.camera,
                "state": one.event.state,
                "started_at": one.event.started_at,
                "last_activity_at": one.event.last_activity_at,
                "ended_at": one.event.ended_at,
                "labels": list(one.event.labels),
                "image_count": one.event.image_count,
                "best_image_id": one.event.best_image_id,
                "best_confidence": one.best_confidence,
                "assessment": one.event.assessment,
                "incident_id": one.event.incident_id,
                "context": context_json(context),
            }
            for one, context in new
        ],
    )


async def update_grouped(
    connection: AsyncConnection, changed: Sequence[Grouped]
) -> Mapping[UUID, SecurityEvent]:
    """Store events that images have extended or ended; return them as they are stored."""
    updated = [one.event for one in changed]
    rows = await connection.execute(
        _UPDATE_GROUPED,
        {
            "grouped_id": [event.id for event in updated],
            "grouped_state": [event.state for event in updated],
            "grouped_started_at": [event.started_at for event in updated],
            "grouped_last_activity_at": [event.last_activity_at for event in updated],
            "grouped_ended_at": [event.ended_at for event in updated],
            "grouped_labels": [json.dumps(event.labels) for event in updated],
            "grouped_image_count": [event.image_count for event in updated],
            "grouped_best_image_id": [event.best_image_id for event in updated],
            "grouped_best_confidence": [one.best_confidence for one in changed],
        },
    )
    return {row["id"]: event_of(row) for row in rows.mappings()}


async def close(connection: AsyncConnection, event: SecurityEvent) -> SecurityEvent:
    """Close an event at its last activity."""
    rows = await connection.execute(
        update(events)
        .where(events.c.id == event.id)
        .values(state=EventState.CLOSED, ended_at=events.c.last_activity_at)
        .returning(events)
    )
    return event_of(rows.mappings().one())


async def context_of(connection: AsyncConnection, event_id: UUID) -> Context:
    """Return an event's context: as it began, and with the evidence that its last verdict counted."""
    stored: ContextJson | None = await connection.scalar(_CONTEXT, {"event_id": event_id})
    return context_from(stored or {})


async def set_explained(
    connection: AsyncConnection,
    event_id: UUID,
    answer: ModelAnswer,
    *,
    based_on: SecurityEvent,
    scored: tuple[int, Sequence[RiskFactor]] | None,
    job_id: int,
    late: bool,
    now: datetime,
) -> SecurityEvent | None:
    """Store a model's answer, what it was based on, and the score within the rules' range.

    `scored` is None if the event was judged again meanwhile: then its score stays. Return None if
    the answer of a later job, which had more facts, is already stored.
    """
    values: dict[str, object] = {
        "summary": answer.summary,
        "reasoning": answer.reasoning,
        "decisive_factor": answer.because,
        "assessed_at": now,
        "late": late,
        "assessed_by_job": job_id,
        # Of the event itself: a newer version's rules may find another score by now.
        "explained_images": based_on.judged_images,
        "explained_score": based_on.provisional_score,
        **asdict(answer.by),
    }
    if scored is not None:
        score, factors = scored
        values |= {"risk_score": score, "factors": [asdict(factor) for factor in factors]}
    rows = await connection.execute(
        _EXPLAIN if scored is None else _EXPLAIN_AND_SCORE,
        {"event_id": event_id} | {f"new_{name}": value for name, value in values.items()},
    )
    row = rows.mappings().one_or_none()
    return None if row is None else event_of(row)


async def set_unassessed(connection: AsyncConnection, event_id: UUID) -> SecurityEvent | None:
    """Mark an event as unassessed; return None if it has an earlier assessment."""
    return await _change_assessment(
        connection, [event_id], AssessmentState.PENDING, AssessmentState.UNASSESSED
    )


async def set_assessment_pending(connection: AsyncConnection, ids: Sequence[UUID]) -> None:
    """Mark unassessed events as pending: an assessment has been requeued."""
    await _change_assessment(connection, ids, AssessmentState.UNASSESSED, AssessmentState.PENDING)


async def _change_assessment(
    connection: AsyncConnection, ids: Sequence[UUID], source: AssessmentState, to: AssessmentState
) -> SecurityEvent | None:
    rows = await connection.execute(
        update(events)
        .where(events.c.id.in_(ids), events.c.assessment == source)
        .values(assessment=to, settled_at=func.now())
        .returning(events)
    )
    row = rows.mappings().first()
    return None if row is None else event_of(row)


def _phases_of(stored: Mapping[str, str], since: datetime) -> dict[EventPhase, datetime]:
    phases = {EventPhase(name): datetime.fromisoformat(at) for name, at in stored.items()}
    return {phase: at for phase, at in phases.items() if at > since}
