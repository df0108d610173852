"""An event's facts, the verdict of the rules, and the facts that a language model receives."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from operator import attrgetter

from sqlalchemy.ext.asyncio import AsyncConnection

from ..domain.context import HOME_EVENTS_AFTER, Context, Elsewhere
from ..domain.inference import AnswerProblem, EventFacts, ObjectFacts, RulesFacts
from ..domain.models import Image, SecurityEvent
from ..domain.settings import Settings
from ..risk.facts import ELSEWHERE, HISTORY, FactSheet, build_fact_sheet
from ..risk.narrative import describe_event
from ..risk.rules import Verdict, apply_rules
from ..risk.scene_cache import SceneCache
from ..store import evidence
from ..store.evidence import OtherEvent, Reach

MAX_OBJECTS = 50  # limit of the wire format
MAX_CAMERA_NAME = 100  # characters, limit of the wire format

_by_time = attrgetter("captured_at", "id")


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedEvent:
    """An event's fact sheet and the verdict of the rules."""

    sheet: FactSheet
    verdict: Verdict

    @property
    def narrative(self) -> str:
        """What the facts say in words, without a model."""
        return describe_event(self.sheet, self.verdict).text


@dataclass(frozen=True, slots=True, kw_only=True)
class EventImages:
    """The images that an event is judged by, by capture time."""

    own: tuple[Image, ...]
    history: tuple[Image, ...]


def reach_of(settings: Settings) -> Reach:
    """Return how far the evidence on an event lies around it."""
    incident = timedelta(seconds=settings.incident_window)
    return Reach(
        idle=timedelta(seconds=settings.event_idle),
        history=HISTORY,
        history_images=settings.history_images,
        others=max(ELSEWHERE, incident),
        home=HOME_EVENTS_AFTER,
        longest=timedelta(seconds=settings.event_window),
    )


def select_images(
    event: SecurityEvent,
    images: Iterable[Image],
    next_starts_at: datetime | None,
    settings: Settings,
) -> EventImages:
    """Return the images that an event is judged by, from stored ones of its camera.

    These are the images that it was grouped from, those without an event up to its end and for the
    idle time after it, which show what a person left behind or took away, and the latest before it.
    Images of the next event never count.
    """
    event_id, started_at = event.id, event.started_at
    since = started_at - HISTORY
    until = event.last_activity_at + timedelta(seconds=settings.event_idle)
    own: list[Image] = []
    history: list[Image] = []
    for image in images:
        at = image.captured_at
        if image.event_id == event_id:
            own.append(image)
        elif at < started_at:
            if at >= since:
                history.append(image)
        elif (
            image.event_id is None
            and at <= until
            and (next_starts_at is None or at < next_starts_at)
        ):
            own.append(image)
    own.sort(key=_by_time)
    history.sort(key=_by_time)
    return EventImages(own=tuple(own), history=tuple(history[-settings.history_images :]))


def judge_images(
    camera: str,
    images: EventImages,
    context: Context,
    settings: Settings,
    *,
    scenes: SceneCache | None = None,
) -> JudgedEvent:
    """Apply the rules to an event's images; with `scenes`, only new images cost time."""
    sheet = build_fact_sheet(camera, images.own, images.history, context, scenes=scenes)
    return JudgedEvent(sheet=sheet, verdict=apply_rules(sheet, settings.level_bounds))


def elsewhere_of(others: Iterable[OtherEvent]) -> tuple[Elsewhere, ...]:
    """Return the detections of other cameras that count as being around the same time."""
    near = (other for other in others if other.gap <= ELSEWHERE)
    return tuple(
        Elsewhere(camera=other.camera, at=other.started_at, label="person") for other in near
    )


async def judge_event(
    connection: AsyncConnection,
    event: SecurityEvent,
    context: Context,
    settings: Settings,
    *,
    as_stored: bool = False,
) -> JudgedEvent | None:
    """Judge a stored event again; None if its images are gone.

    With `as_stored`, the other cameras' detections and what the home reported are those that its
    last verdict counted.
    """
    found = (await evidence.read(connection, [event], reach=reach_of(settings)))[event.id]
    images = select_images(event, found.images, found.next_starts_at, settings)
    if not images.own:
        return None
    if not as_stored:
        context = replace(
            context, elsewhere=elsewhere_of(found.others), home_events=found.home_events
        )
    return judge_images(event.camera, images, context, settings)


def facts_for_model(
    event: SecurityEvent,
    camera_name: str,
    judged: JudgedEvent,
    *,
    language: str,
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
        narrative=judged.narrative,
        language=language,
    )
