"""From an event's images and the home's state to its facts, and to what a model is told of them."""

from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from ..domain.context import Context
from ..domain.inference import AnswerProblem, EventFacts, ObjectFacts, RulesFacts
from ..domain.models import SecurityEvent
from ..domain.settings import Settings
from ..risk.facts import ELSEWHERE, HISTORY, FactSheet, gather
from ..risk.rules import Verdict, judge
from ..store import events, images

MAX_OBJECTS = 50  # of the wire format
MAX_CAMERA_NAME = 100  # characters, of the wire format


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """An event's facts and what the rules make of them."""

    sheet: FactSheet
    verdict: Verdict


async def judge_event(
    connection: AsyncConnection, event: SecurityEvent, context: Context, settings: Settings
) -> Judged:
    """Gather an event's facts as they are by now and let the rules judge them."""
    seen = await images.seen_between(
        connection,
        event.camera,
        event.started_at - HISTORY,
        event.last_activity_at + timedelta(seconds=settings.event_idle),
        at_most=settings.history_images,
    )
    others = await events.elsewhere(connection, event, "person", within=ELSEWHERE)
    sheet = gather(
        event.camera,
        seen,
        replace(context, elsewhere=others),
        started_at=event.started_at,
    )
    return Judged(sheet=sheet, verdict=judge(sheet, settings.risk_bands))


def facts_of(
    event: SecurityEvent,
    camera_name: str,
    judged: Judged,
    *,
    earlier_problem: AnswerProblem | None = None,
) -> EventFacts:
    """Return what a language model is told of an event, the surest objects first."""
    sheet, verdict = judged.sheet, judged.verdict
    zone = sheet.context.time_zone
    surest = sorted(sheet.present, key=lambda item: -item.confidence)
    low, high = verdict.band
    return EventFacts(
        camera=camera_name[:MAX_CAMERA_NAME],
        started_at=event.started_at.astimezone(zone),
        ended_at=event.last_activity_at.astimezone(zone),
        image_count=event.image_count,
        armed=sheet.context.armed,
        occupancy=sheet.context.occupancy,
        objects=tuple(
            ObjectFacts(
                label=item.label,
                confidence=item.confidence,
                box=item.box,
                first_seen=item.first_seen.astimezone(zone),
                last_seen=item.last_seen.astimezone(zone),
                images=item.images,
                movement=item.movement,
                zones=tuple(sorted(item.zones)),
            )
            for item in surest[:MAX_OBJECTS]
        ),
        rules=RulesFacts(score=verdict.score, low=low, high=high, factors=verdict.factors),
        earlier_problem=earlier_problem,
    )
