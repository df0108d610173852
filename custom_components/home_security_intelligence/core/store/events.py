"""The events: opening, growing, closing and assessing them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Integer, bindparam, case, func, insert, literal_column, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ..grouping import Span
from ..models import (
    Assessment,
    AssessmentState,
    EventState,
    Image,
    RiskFactor,
    SecurityEvent,
)
from ..risk import Context, Elsewhere, Verdict, bounded
from .contexts import ContextJson, context_from, context_json
from .rows import event_of
from .tables import events, in_state

_NEAR_LIMIT = 20  # closed events looked at to find the one that a late image belongs to

# Made once: making a statement costs more than running it.
_OPEN = select(events).where(
    events.c.camera == bindparam("camera"), in_state(events.c.state, EventState.OPEN)
)
_OPEN_LOCKED = _OPEN.with_for_update()
_NEAR = (
    select(events)
    .where(
        events.c.camera == bindparam("camera"),
        in_state(events.c.state, EventState.CLOSED),
        events.c.started_at.between(bindparam("earliest"), bindparam("before")),
        events.c.last_activity_at >= bindparam("after"),
    )
    .order_by(events.c.started_at.desc())
    .limit(literal_column(str(_NEAR_LIMIT), Integer))
)
# Two questions at once; as one condition they would not find their indices.
_AROUND = _OPEN.union_all(_NEAR)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """What an image adds to an event: the watched labels in it and the surest of them."""

    image: Image
    labels: frozenset[str]
    confidence: float


async def get(
    connection: AsyncConnection, event_id: UUID, *, lock: bool = False
) -> SecurityEvent | None:
    """Return one event; `lock` keeps others from changing it until the transaction ends."""
    query = select(events).where(events.c.id == event_id)
    rows = await connection.execute(query.with_for_update() if lock else query)
    row = rows.mappings().one_or_none()
    return None if row is None else event_of(row)


async def get_many(connection: AsyncConnection, ids: Sequence[UUID]) -> tuple[SecurityEvent, ...]:
    """Return those of the events that there are."""
    rows = await connection.execute(select(events).where(events.c.id.in_(ids)))
    return tuple(event_of(row) for row in rows.mappings())


async def all_open(connection: AsyncConnection) -> tuple[SecurityEvent, ...]:
    """Return the open events, at most one a camera."""
    rows = await connection.execute(select(events).where(in_state(events.c.state, EventState.OPEN)))
    return tuple(event_of(row) for row in rows.mappings())


async def open_of(connection: AsyncConnection, camera: str) -> SecurityEvent | None:
    """Return the camera's open event, locked."""
    rows = await connection.execute(_OPEN_LOCKED, {"camera": camera})
    row = rows.mappings().one_or_none()
    return None if row is None else event_of(row)


async def around(
    connection: AsyncConnection,
    camera: str,
    moment: datetime,
    *,
    within: timedelta,
    longest: timedelta,
) -> tuple[SecurityEvent | None, tuple[SecurityEvent, ...]]:
    """Return the camera's open event, and its closed ones around a moment, the latest first.

    No event asked for is longer than `longest`, so that older ones need not be looked at. The
    caller holds the camera's lock: nobody else lets them grow.
    """
    rows = await connection.execute(
        _AROUND,
        {
            "camera": camera,
            "before": moment + within,
            "after": moment - within,
            "earliest": moment - within - longest,
        },
    )
    found = [event_of(row) for row in rows.mappings()]
    current = next((event for event in found if event.state is EventState.OPEN), None)
    closed = [event for event in found if event.state is EventState.CLOSED]
    return current, tuple(sorted(closed, key=lambda event: event.started_at, reverse=True))


async def latest(connection: AsyncConnection, camera: str) -> SecurityEvent | None:
    """Return the camera's event that began last."""
    rows = await connection.execute(
        select(events)
        .where(events.c.camera == camera)
        .order_by(events.c.started_at.desc(), events.c.id.desc())
        .limit(1)
    )
    row = rows.mappings().one_or_none()
    return None if row is None else event_of(row)


async def settled_since(
    connection: AsyncConnection, since: datetime, *, at_most: int
) -> tuple[SecurityEvent, ...]:
    """Return the events whose assessment came or was given up since, the latest ones, in order."""
    rows = await connection.execute(
        select(events)
        .where(events.c.settled_at > since, events.c.assessment != AssessmentState.PENDING)
        .order_by(events.c.settled_at.desc())
        .limit(at_most)
    )
    return tuple(reversed([event_of(row) for row in rows.mappings()]))


async def add(
    connection: AsyncConnection, event_id: UUID, seen: Sighting, context: Context, *, closed: bool
) -> SecurityEvent:
    """Begin an event with its first image and what is known then; `closed` where it is over."""
    moment = seen.image.captured_at
    rows = await connection.execute(
        insert(events)
        .values(
            id=event_id,
            camera=seen.image.camera,
            state=EventState.CLOSED if closed else EventState.OPEN,
            started_at=moment,
            last_activity_at=moment,
            ended_at=moment if closed else None,
            labels=sorted(seen.labels),
            image_count=1,
            best_image_id=seen.image.id,
            best_confidence=seen.confidence,
            assessment=AssessmentState.PENDING,
            context=context_json(context),
        )
        .returning(events)
    )
    return event_of(rows.mappings().one())


async def context_of(connection: AsyncConnection, event_id: UUID) -> Context:
    """Return what was known around an event when it began; other cameras have their own events."""
    kept: ContextJson | None = await connection.scalar(
        select(events.c.context).where(events.c.id == event_id)
    )
    return context_from(kept or {})


async def join(
    connection: AsyncConnection, event: SecurityEvent, span: Span, seen: Sighting
) -> SecurityEvent:
    """Let an event take another image and cover its new span."""
    better = seen.confidence > events.c.best_confidence
    rows = await connection.execute(
        update(events)
        .where(events.c.id == event.id)
        .values(
            started_at=span.started_at,
            last_activity_at=span.last_activity_at,
            ended_at=None if event.state is EventState.OPEN else span.last_activity_at,
            labels=sorted(seen.labels.union(event.labels)),
            image_count=events.c.image_count + 1,
            best_image_id=case((better, seen.image.id), else_=events.c.best_image_id),
            best_confidence=case((better, seen.confidence), else_=events.c.best_confidence),
        )
        .returning(events)
    )
    return event_of(rows.mappings().one())


async def close(connection: AsyncConnection, event: SecurityEvent) -> SecurityEvent:
    """End an event with its last image."""
    rows = await connection.execute(
        update(events)
        .where(events.c.id == event.id)
        .values(state=EventState.CLOSED, ended_at=events.c.last_activity_at)
        .returning(events)
    )
    return event_of(rows.mappings().one())


async def elsewhere(
    connection: AsyncConnection, event: SecurityEvent, label: str, *, within: timedelta
) -> tuple[Elsewhere, ...]:
    """Return what other cameras' events saw of a label around an event."""
    rows = await connection.execute(
        select(events.c.camera, events.c.started_at)
        .where(
            events.c.camera != event.camera,
            events.c.started_at.between(event.started_at - within, event.last_activity_at + within),
            events.c.labels.contains([label]),
        )
        .order_by(events.c.started_at)
        .limit(_NEAR_LIMIT)
    )
    return tuple(Elsewhere(camera=camera, at=at, label=label) for camera, at in rows)


async def set_provisional(connection: AsyncConnection, event_id: UUID, verdict: Verdict) -> None:
    """Keep what the rules say of an event that has no assessment yet."""
    await connection.execute(
        update(events)
        .where(events.c.id == event_id, events.c.assessment != AssessmentState.ASSESSED)
        .values(**_verdict_values(verdict, verdict.factors))
    )


async def set_assessed(
    connection: AsyncConnection,
    event_id: UUID,
    assessment: Assessment,
    verdict: Verdict,
    *,
    job_id: int,
    late: bool,
    now: datetime,
) -> SecurityEvent | None:
    """Keep an assessment, its score within the rules' band.

    None where a later job's is there already, which knew more.
    """
    score, say = bounded(verdict.score, verdict.band, assessment.risk_score)
    rows = await connection.execute(
        update(events)
        .where(
            events.c.id == event_id,
            events.c.assessed_by_job.is_(None) | (events.c.assessed_by_job <= job_id),
        )
        .values(
            assessment=AssessmentState.ASSESSED,
            risk_score=score,
            risk_level=verdict.level,
            summary=assessment.summary,
            reasoning=assessment.reasoning,
            assessed_at=now,
            settled_at=func.now(),
            late=late,
            assessed_by_job=job_id,
            model=assessment.model,
            backend=assessment.backend,
            prompt_version=assessment.prompt_version,
            prompt_tokens=assessment.prompt_tokens,
            completion_tokens=assessment.completion_tokens,
            **_verdict_values(verdict, (*verdict.factors, say)),
        )
        .returning(events)
    )
    row = rows.mappings().one_or_none()
    return None if row is None else event_of(row)


async def set_unassessed(connection: AsyncConnection, event_id: UUID) -> SecurityEvent | None:
    """Say that an event has no score; None where an earlier assessment stands."""
    return await _move(connection, [event_id], AssessmentState.PENDING, AssessmentState.UNASSESSED)


async def set_assessment_pending(connection: AsyncConnection, ids: Sequence[UUID]) -> None:
    """Say that a score is coming after all."""
    await _move(connection, ids, AssessmentState.UNASSESSED, AssessmentState.PENDING)


def _verdict_values(verdict: Verdict, factors: Sequence[RiskFactor]) -> dict[str, object]:
    low, high = verdict.band
    return {
        "provisional_score": verdict.score,
        "band_low": low,
        "band_high": high,
        "factors": [asdict(factor) for factor in factors],
    }


async def _move(
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
