"""Judges events by the rules in the transaction that changes them, and publishes the result."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from ..domain.context import Context
from ..domain.models import (
    LANGUAGE_MODEL,
    Camera,
    EventState,
    Image,
    JobKind,
    RiskFactor,
    RiskLevel,
    SecurityEvent,
)
from ..domain.presence import PresenceClass
from ..domain.settings import Settings
from ..domain.updates import EventPhase, EventUpdate
from ..risk.scene_cache import SceneCache
from ..store import evidence, jobs, verdicts
from ..store.evidence import Evidence, OtherEvent
from ..store.transaction import Transaction
from ..store.verdicts import StoredVerdict
from .judge import JudgedEvent, elsewhere_of, judge_images, reach_of, select_images
from .recent_images import RecentImages

_LEVELS = tuple(RiskLevel)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventChange:
    """An event that is to be judged: as it was before, and as it is stored by now."""

    before: SecurityEvent | None  # None: it is new
    event: SecurityEvent
    context: Context


class EventJudge:
    """Judges changed events and stores, publishes and explains the result.

    The caller holds the locks of their cameras, has stored their images and has updated the events.
    """

    def __init__(self, settings: Settings, *, now: Callable[[], datetime]) -> None:
        self._settings = settings
        self._now = now
        self._reach = reach_of(settings)
        self._scenes = SceneCache()
        self._recent = RecentImages(2 * settings.history_images)
        self._incident_window = timedelta(seconds=settings.incident_window)

    async def judge(
        self,
        transaction: Transaction,
        changes: Sequence[EventChange],
        cameras: Mapping[str, Camera],
        images: Sequence[Image] = (),
    ) -> None:
        """Judge events by everything that is stored; `images` are those just stored."""
        known = {camera: dict(self._recent.of(camera)) for camera in cameras}
        for image in images:
            known[image.camera][image.id] = image
        if changes:
            await self._judge(transaction, changes, cameras, known)
        current = {
            change.event.camera: change.event.id
            for change in changes
            if change.event.state is EventState.OPEN
        }

        def keep() -> None:
            for camera, found in known.items():
                self._recent.keep(camera, found.values(), current.get(camera))

        transaction.after_commit(keep)

    async def _judge(
        self,
        transaction: Transaction,
        changes: Sequence[EventChange],
        cameras: Mapping[str, Camera],
        known: Mapping[str, dict[int, Image]],
    ) -> None:
        found = await evidence.read(
            transaction.connection,
            [change.event for change in changes],
            reach=self._reach,
            known=[number for images in known.values() for number in images],
            complete=frozenset(
                change.event.id
                for change in changes
                if _count(known[change.event.camera], change.event) == change.event.image_count
            ),
        )
        for change in changes:
            for image in found[change.event.id].images:
                known[change.event.camera][image.id] = image
        wanted = [
            self._verdict_on(
                change,
                cameras[change.event.camera],
                known[change.event.camera],
                found[change.event.id],
            )
            for change in changes
        ]
        stored = await verdicts.store(transaction.connection, wanted)
        for change, verdict in zip(changes, wanted, strict=True):
            event = stored[change.event.id]
            transaction.publish_after_commit(
                EventUpdate(event=event, phase=phase) for phase in verdict.phases
            )
        await self._explain(transaction, changes, stored)

    def _verdict_on(
        self,
        change: EventChange,
        camera: Camera,
        known: Mapping[int, Image],
        found: Evidence,
    ) -> StoredVerdict:
        event = change.event
        elsewhere = elsewhere_of(found.others)
        judged = judge_images(
            event.camera,
            select_images(event, known.values(), found.next_starts_at, self._settings),
            replace(change.context, elsewhere=elsewhere),
            self._settings,
            scenes=self._scenes,
        )
        verdict = judged.verdict
        highest = _highest(verdict.level, event.highest_level)
        score, factors = _with_model(event, judged)
        linked = self._linked(event, camera, found.others)
        first = min(linked, key=lambda other: (other.started_at, other.id), default=None)
        joins = first is not None and (first.started_at, first.id) < (event.started_at, event.id)
        incident = first.incident_id if first is not None and joins else event.incident_id
        return StoredVerdict(
            event_id=event.id,
            provisional_score=verdict.score,
            llm_range=verdict.llm_range,
            risk_score=score,
            risk_level=verdict.level,
            highest_level=highest,
            factors=factors,
            narrative=judged.narrative,
            judged_images=event.image_count,
            incident_id=incident or event.id,
            incident_level=_highest(highest, *(other.level for other in linked)),
            elsewhere=elsewhere,
            phases=_phases(change, judged),
        )

    def _linked(
        self, event: SecurityEvent, camera: Camera, others: Sequence[OtherEvent]
    ) -> Sequence[OtherEvent]:
        """Return the events of neighbouring cameras that belong to the same incident."""
        if PresenceClass.PERSON.value not in event.labels:
            return ()
        return [
            other
            for other in others
            if other.gap <= self._incident_window
            and (camera.neighbours is None or other.camera in camera.neighbours)
        ]

    async def _explain(
        self,
        transaction: Transaction,
        changes: Sequence[EventChange],
        stored: Mapping[UUID, SecurityEvent],
    ) -> None:
        """Have the closed events explained, and the open ones that have just reached medium."""
        wanted = [
            event
            for change in changes
            if (event := stored[change.event.id]).state is EventState.CLOSED
            or (
                _rank(event.highest_level)
                >= _rank(RiskLevel.MEDIUM)
                > _rank(change.event.highest_level)
            )
        ]
        if wanted:
            await jobs.enqueue_assess(transaction.connection, wanted, now=self._now())
            transaction.notify_workers_after_commit(JobKind.ASSESS)


def rules_factors(event: SecurityEvent) -> tuple[RiskFactor, ...]:
    """Return the factors of an event's score without the language model's."""
    return tuple(factor for factor in event.factors if factor.name != LANGUAGE_MODEL)


def _with_model(event: SecurityEvent, judged: JudgedEvent) -> tuple[int, tuple[RiskFactor, ...]]:
    """Return score and factors; a model's move stays as long as the rules find the same."""
    verdict = judged.verdict
    low, high = verdict.llm_range
    if (
        event.risk_score is not None
        and event.provisional_score == verdict.score
        and low <= event.risk_score <= high
        and rules_factors(event) == verdict.factors
    ):
        return event.risk_score, event.factors
    return verdict.score, verdict.factors


def _phases(change: EventChange, judged: JudgedEvent) -> tuple[EventPhase, ...]:
    before, event, verdict = change.before, change.event, judged.verdict
    closed = (EventPhase.CLOSED,) if event.state is EventState.CLOSED else ()
    if before is None or before.highest_level is None:
        return (EventPhase.DETECTED, *closed)
    differs = (
        verdict.level is not before.risk_level
        or verdict.score != before.provisional_score
        or verdict.factors != rules_factors(before)
    )
    if before.state is EventState.CLOSED:
        if differs:
            return (EventPhase.CORRECTED,)
        return (EventPhase.UPDATED,) if event.image_count != before.image_count else ()
    if _rank(verdict.level) > _rank(before.highest_level):
        return (EventPhase.ESCALATED, *closed)
    if closed:
        return closed
    return (EventPhase.UPDATED,) if differs or event != before else ()


def _count(known: Mapping[int, Image], event: SecurityEvent) -> int:
    return sum(image.event_id == event.id for image in known.values())


def _rank(level: RiskLevel | None) -> int:
    return -1 if level is None else _LEVELS.index(level)


def _highest(level: RiskLevel, *others: RiskLevel | None) -> RiskLevel:
    return max((level, *(other for other in others if other is not None)), key=_rank)
