"""Judges events by the rules in the transaction that changes them, and publishes the result."""

from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

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
from ..risk.scene_cache import MAX_SCENES, SceneCache
from ..store import cameras, evidence, jobs, verdicts
from ..store.cameras import LockedCameras
from ..store.evidence import Evidence, OtherEvent
from ..store.transaction import Transaction
from ..store.verdicts import StoredVerdict
from .event_batch import span_of
from .judge import EventImages, JudgedEvent, elsewhere_of, judge_images, reach_of, select_images
from .placement import due_at
from .recent_images import Coverage, RecentImages

_LEVELS = tuple(RiskLevel)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventChange:
    """An event that is to be judged: as it was before, and as it is stored by now."""

    before: SecurityEvent | None  # None: it is new
    event: SecurityEvent
    context: Context


@dataclass(frozen=True, slots=True, kw_only=True)
class _Covered:
    """The events of a camera of which all evidence is known at a version of its images."""

    version: int
    events: list[Coverage] = field(default_factory=list)


class EventJudge:
    """Judges changed events and stores, publishes and explains the result.

    The caller holds the locks of their cameras, has stored their images and has updated the events.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        now: Callable[[], datetime],
        worker: UUID | None = None,
        expected_mark: Callable[[], str | None] = lambda: None,
    ) -> None:
        """Images in memory count only while the worker's row in the database has the expected mark."""
        self._settings = settings
        self._worker = worker
        self._expected_mark = expected_mark
        self._now = now
        self._reach = reach_of(settings)
        self._scenes = SceneCache()
        self._recent = RecentImages(2 * settings.history_images)
        self._incident_window = timedelta(seconds=settings.incident_window)
        self._judged: OrderedDict[UUID, tuple[SecurityEvent, JudgedEvent]] = OrderedDict()

    def recall(self, event: SecurityEvent) -> JudgedEvent | None:
        """Return the judgement that a stored event has its verdict from, if it is still at hand."""
        basis, judged = self._judged.get(event.id, (None, None))
        if basis is None or judged is None:
            return None
        is_same = (
            basis.image_count == event.image_count
            and basis.last_activity_at == event.last_activity_at
            and judged.verdict.score == event.provisional_score
            and judged.verdict.factors == rules_factors(event)
        )
        return judged if is_same else None

    async def lock(self, connection: AsyncConnection, folders: Collection[str]) -> LockedCameras:
        """Lock the events of these cameras, to judge them in this transaction."""
        return await cameras.lock(connection, folders, worker=self._worker)

    async def judge(
        self,
        transaction: Transaction,
        changes: Sequence[EventChange],
        locked: LockedCameras,
        images: Sequence[Image] = (),
    ) -> None:
        """Judge events by everything that is stored; `images` are those just stored."""
        if self._worker is not None and locked.mark != self._expected_mark():
            # The database lacks what this process stored, or read from it.
            self._recent.clear()
        known = {camera: dict(self._recent.of(camera)) for camera in locked.by_folder}
        for image in images:
            known[image.camera][image.id] = image
        covered: Mapping[str, _Covered] = {}
        if changes:
            covered = await self._judge(
                transaction, changes, locked.by_folder, known, {image.camera for image in images}
            )
        current = {
            change.event.camera: change.event.id
            for change in changes
            if change.event.state is EventState.OPEN
        }

        def keep() -> None:
            for camera, found in known.items():
                one = covered.get(camera)
                self._recent.keep(
                    camera,
                    found.values(),
                    current.get(camera),
                    version=None if one is None else one.version,
                    covered=() if one is None else one.events,
                )

        transaction.after_commit(keep)

    async def _judge(
        self,
        transaction: Transaction,
        changes: Sequence[EventChange],
        locked: Mapping[str, Camera],
        known: Mapping[str, dict[int, Image]],
        has_new: Collection[str],
    ) -> dict[str, _Covered]:
        """Judge the events; return what is known in full by now, by camera.

        `has_new` are the cameras of which this transaction has stored images.
        """
        changed = [change.event for change in changes]
        versions = {
            event.id: version + (event.camera in has_new)
            for event in changed
            if (version := self._recent.version_with(event)) is not None
        }
        unread = {event.camera for event in changed if event.id not in versions}
        found = await evidence.read(
            transaction.connection,
            changed,
            reach=self._reach,
            known=[number for camera in unread for number in known[camera]],
            complete=frozenset(
                event.id
                for event in changed
                if event.camera in unread
                and _count(known[event.camera], event) == event.image_count
            ),
            versions=versions,
        )
        for event in changed:
            for image in found[event.id].images:
                known[event.camera][image.id] = image
        covered: dict[str, _Covered] = {}
        wanted: list[StoredVerdict] = []
        for change in changes:
            event, evidence_on = change.event, found[change.event.id]
            images = select_images(
                event, known[event.camera].values(), evidence_on.next_starts_at, self._settings
            )
            verdict, judged = self._verdict_on(change, locked[event.camera], images, evidence_on)
            wanted.append(verdict)
            transaction.after_commit(partial(self._remember, event, judged))
            one = covered.setdefault(event.camera, _Covered(version=evidence_on.images_version))
            one.events.append(
                Coverage(
                    event_id=event.id,
                    started_at=event.started_at,
                    oldest=(images.history or images.own)[0].captured_at,
                )
            )
        stored = await verdicts.store(transaction.connection, wanted)
        for change, verdict in zip(changes, wanted, strict=True):
            event = stored[change.event.id]
            transaction.publish_after_commit(
                EventUpdate(event=event, phase=phase) for phase in verdict.phases
            )
        await self._explain(transaction, changes, stored)
        return covered

    def _verdict_on(
        self,
        change: EventChange,
        camera: Camera,
        images: EventImages,
        found: Evidence,
    ) -> tuple[StoredVerdict, JudgedEvent]:
        event = change.event
        elsewhere = elsewhere_of(found.others)
        judged = judge_images(
            event.camera,
            images,
            replace(change.context, elsewhere=elsewhere, home_events=found.home_events),
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
        stored = StoredVerdict(
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
            home_events=found.home_events,
            phases=_phases(change, judged),
        )
        return stored, judged

    def _remember(self, event: SecurityEvent, judged: JudgedEvent) -> None:
        self._judged[event.id] = event, judged
        self._judged.move_to_end(event.id)
        if len(self._judged) > MAX_SCENES:
            self._judged.popitem(last=False)

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
        """Have the closed events explained, and the open ones that have just reached medium.

        An open event that is over by now, as in a backlog, closes once all its images are there.
        """
        now = self._now()
        wanted = [
            event
            for change in changes
            if (event := stored[change.event.id]).state is EventState.CLOSED
            or (
                _rank(event.highest_level)
                >= _rank(RiskLevel.MEDIUM)
                > _rank(change.event.highest_level)
                and due_at(span_of(event), self._settings) > now
            )
        ]
        if wanted:
            await jobs.enqueue_assess(transaction.connection, wanted, now=now)
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
