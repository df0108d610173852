"""An event's facts, the verdict of the rules, and the facts that a language model receives."""

from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from ..domain.context import Context
from ..domain.inference import AnswerProblem, EventFacts, ObjectFacts, RulesFacts
from ..domain.models import SecurityEvent
from ..domain.settings import Settings
from ..risk.facts import ELSEWHERE, HISTORY, FactSheet, build_fact_sheet
from ..risk.narrative import describe_event
from ..risk.rules import Verdict, apply_rules
from ..store import events, images
from .grouping import Span, images_of

MAX_OBJECTS = 50  # limit of the wire format
MAX_CAMERA_NAME = 100  # characters, limit of the wire format


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedEvent:
    """An event's fact sheet and the verdict of the rules."""

    sheet: FactSheet
    verdict: Verdict


async def judge_event(
    connection: AsyncConnection, event: SecurityEvent, context: Context, settings: Settings
) -> JudgedEvent | None:
    """Build an event's current fact sheet and apply the rules; None if its images are gone."""
    seen = await images.detected_between(
        connection,
        event.camera,
        event.started_at - HISTORY,
        event.last_activity_at + timedelta(seconds=settings.event_idle),
        limit=settings.history_images,
    )
    others = await events.find_elsewhere(connection, event, "person", within=ELSEWHERE)
    span = Span(started_at=event.started_at, last_activity_at=event.last_activity_at)
    own, history = images_of(span, seen, settings)
    if not own:
        return None
    sheet = build_fact_sheet(event.camera, own, history, replace(context, elsewhere=others))
    return JudgedEvent(sheet=sheet, verdict=apply_rules(sheet, settings.level_bounds))


def facts_for_model(
    event: SecurityEvent,
    camera_name: str,
    judged: JudgedEvent,
    *,
    earlier_problem: AnswerProblem | None = None,
) -> EventFacts:
    """Return the facts that a language model receives, objects by descending confidence."""
    sheet, verdict = judged.sheet, judged.verdict
    zone = sheet.context.time_zone
    by_confidence = sorted(sheet.present, key=lambda item: -item.confidence)
    low, high = verdict.llm_range
    return EventFacts(
        camera=camera_name[:MAX_CAMERA_NAME],
        started_at=event.started_at.astimezone(zone),
        ended_at=event.last_activity_at.astimezone(zone),
        image_count=event.image_count,
        part_of_day=sheet.part_of_day,
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
            for item in by_confidence[:MAX_OBJECTS]
        ),
        rules=RulesFacts(score=verdict.score, low=low, high=high, factors=verdict.factors),
        earlier_problem=earlier_problem,
        narrative=describe_event(sheet, verdict).text,
    )
