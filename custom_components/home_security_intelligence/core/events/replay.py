"""Stored events judged anew: what today's rules would say of what was seen then.

Nothing is written. An event keeps its pictures and what was known of the home when it began.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from ..domain.context import Context
from ..domain.models import AssessmentState, EventMark, EventState, MissedMoment, SecurityEvent
from ..domain.queries import EventQuery
from ..domain.settings import Settings
from ..store import cameras, event_list, events, feedback, images
from ..store.engine import begin
from .context_provider import Surroundings
from .facts import Judged, judge_event
from .grouping import Span, spans_of

_PAGE = 200  # events in one transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What was, and what the rules say of it today."""

    camera: str
    at: datetime
    event: SecurityEvent | None  # None where somebody missed one
    mark: EventMark | None
    judged: Judged | None  # None where there is no event today either


async def replay(
    engine: AsyncEngine,
    settings: Settings,
    *,
    since: datetime | None = None,
    todays_zones: bool = False,
) -> AsyncIterator[Replayed]:
    """Yield every closed event, the latest first, then the moments noted as missed.

    With `todays_zones` the cameras' present zones are taken instead of those of the time.
    """
    query = EventQuery(since=since, limit=_PAGE)
    time_zone: tzinfo = UTC
    while True:
        # No transaction stays open while somebody asks a model about what is yielded.
        async with begin(engine) as connection:
            page = await event_list.find(connection, query)
            contexts = [await events.context_of(connection, event.id) for event in page.items]
            again = [
                await _again(connection, event, context, settings, todays_zones)
                for event, context in zip(page.items, contexts, strict=True)
                if event.state is EventState.CLOSED
            ]
        if contexts and query.cursor is None:
            time_zone = contexts[0].time_zone
        for each in again:
            yield each
        if page.next_cursor is None:
            break
        query = replace(query, cursor=page.next_cursor)
    surroundings = Surroundings(time_zone, settings)
    async with begin(engine) as connection:
        noted = [
            await _missed(connection, missed, surroundings, settings)
            for missed in await feedback.missed(connection, since=since)
        ]
    for each in noted:
        yield each


async def _again(
    connection: AsyncConnection,
    event: SecurityEvent,
    context: Context,
    settings: Settings,
    todays_zones: bool,
) -> Replayed:
    if todays_zones:
        camera = await cameras.find(connection, event.camera)
        context = replace(context, zones=() if camera is None else camera.zones)
    return Replayed(
        camera=event.camera,
        at=event.started_at,
        event=event,
        mark=event.mark,
        judged=await judge_event(connection, event, context, settings),
    )


async def _missed(
    connection: AsyncConnection,
    missed: MissedMoment,
    surroundings: Surroundings,
    settings: Settings,
) -> Replayed:
    """Group the pictures around a moment anew; of several events the worst counts."""
    idle = timedelta(seconds=settings.event_idle)
    reach = timedelta(seconds=settings.event_window) + idle
    seen = await images.seen_between(
        connection,
        missed.camera,
        missed.at - reach,
        missed.at + reach,
        at_most=settings.history_images,
    )
    found: list[Judged] = []
    for span in _around(spans_of(seen, settings), missed.at, idle):
        context = await surroundings.at(connection, missed.camera, span.started_at)
        event = _event(missed.camera, span)
        found.append(await judge_event(connection, event, context, settings))
    return Replayed(
        camera=missed.camera,
        at=missed.at,
        event=None,
        mark=EventMark.MISSED,
        judged=max(found, key=lambda judged: judged.verdict.score, default=None),
    )


def _around(spans: Sequence[Span], moment: datetime, idle: timedelta) -> list[Span]:
    return [
        span for span in spans if span.started_at - idle <= moment <= span.last_activity_at + idle
    ]


def _event(camera: str, span: Span) -> SecurityEvent:
    return SecurityEvent(
        id=UUID(int=0),
        camera=camera,
        state=EventState.CLOSED,
        started_at=span.started_at,
        last_activity_at=span.last_activity_at,
        ended_at=span.last_activity_at,
        labels=(),
        image_count=1,
        best_image_id=None,
        assessment=AssessmentState.PENDING,
    )
