"""Stored events judged again with today's rules.

Nothing is written. An event keeps its images and its recorded context.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from ..domain.context import Context
from ..domain.models import (
    AssessmentState,
    Camera,
    EventMark,
    EventState,
    MissedMoment,
    SecurityEvent,
)
from ..domain.queries import EventQuery
from ..domain.settings import Settings
from ..risk.facts import HISTORY
from ..store import cameras, event_list, events, evidence, feedback, images
from ..store.engine import begin
from .context_provider import ContextProvider
from .judge import (
    EventImages,
    JudgedEvent,
    elsewhere_of,
    judge_event,
    judge_images,
    reach_of,
)
from .placement import Span, images_of, spans_of

_PAGE = 200  # events in one transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """A stored event or missed moment, and today's verdict on it."""

    camera: str
    at: datetime
    event: SecurityEvent | None  # None for a missed moment
    mark: EventMark | None
    judged: JudgedEvent | None  # None without images, and if today's grouping finds no event


async def replay(
    engine: AsyncEngine,
    settings: Settings,
    *,
    since: datetime | None = None,
    todays_zones: bool = False,
) -> AsyncIterator[Replayed]:
    """Yield every closed event, latest first, then the missed moments.

    `todays_zones` replaces the recorded zones with the cameras' current ones.
    """
    query = EventQuery(since=since, limit=_PAGE)
    time_zone: tzinfo = UTC
    while True:
        # No transaction stays open while the caller asks a model about a yielded event.
        async with begin(engine) as connection:
            page = await event_list.find(connection, query)
            contexts = [await events.context_of(connection, event.id) for event in page.items]
            replayed = [
                await _replay_event(connection, event, context, settings, todays_zones)
                for event, context in zip(page.items, contexts, strict=True)
                if event.state is EventState.CLOSED
            ]
        if contexts and query.cursor is None:
            time_zone = contexts[0].time_zone
        for each in replayed:
            yield each
        if page.next_cursor is None:
            break
        query = replace(query, cursor=page.next_cursor)
    context_provider = ContextProvider(time_zone, settings)
    async with begin(engine) as connection:
        missed_moments = [
            await _replay_missed(connection, missed, context_provider, settings)
            for missed in await feedback.list_missed(connection, since=since)
        ]
    for each in missed_moments:
        yield each


async def _replay_event(
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


async def _replay_missed(
    connection: AsyncConnection,
    missed: MissedMoment,
    context_provider: ContextProvider,
    settings: Settings,
) -> Replayed:
    """Group the images around a moment again; of several events the highest score counts."""
    idle = timedelta(seconds=settings.event_idle)
    reach = timedelta(seconds=settings.event_window) + idle
    seen = await images.detected_between(
        connection,
        missed.camera,
        missed.at - reach - HISTORY,
        missed.at + reach,
        limit=settings.history_images,
    )
    camera = await cameras.find(connection, missed.camera) or Camera(
        folder=missed.camera, name=missed.camera
    )
    found: list[JudgedEvent] = []
    for span in _spans_near(spans_of(seen, settings), missed.at, idle):
        context = await context_provider.context_at(connection, camera, span.started_at)
        event = _event(missed.camera, span)
        around = (await evidence.read(connection, [event], reach=reach_of(settings)))[event.id]
        context = replace(
            context, elsewhere=elsewhere_of(around.others), home_events=around.home_events
        )
        own, history = images_of(span, seen, settings)
        found.append(
            judge_images(missed.camera, EventImages(own=own, history=history), context, settings)
        )
    return Replayed(
        camera=missed.camera,
        at=missed.at,
        event=None,
        mark=EventMark.MISSED,
        judged=max(found, key=lambda judged: judged.verdict.score, default=None),
    )


def _spans_near(spans: Sequence[Span], moment: datetime, idle: timedelta) -> list[Span]:
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
