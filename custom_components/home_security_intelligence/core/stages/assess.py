"""Has the language model explain an event, and score it within the range of the rules."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlalchemy.ext.asyncio import AsyncConnection

from ..domain.errors import AssessorAbsentError, InputError
from ..domain.inference import AnswerProblem, EventFacts
from ..domain.models import EventState, JobKind, ModelAnswer, RiskFactor, SecurityEvent
from ..domain.settings import Settings
from ..domain.updates import EventPhase, EventUpdate
from ..events.event_judge import EventJudge, rules_factors
from ..events.judge import facts_for_model, judge_event
from ..inference.protocol import InferenceBackend
from ..queue.handler import Outcome
from ..risk.llm_adjustment import adjust_score
from ..risk.rules import Verdict
from ..store import cameras, events, images, jobs, leases
from ..store.database import Database
from ..store.leases import ClaimedJob, Failure
from ..store.transaction import Transaction
from .prompt_images import PromptImages


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """The model's answer if a model is set up, and what it was based on."""

    event: SecurityEvent  # as it was when the model was asked
    verdict: Verdict
    answer: ModelAnswer | None


class Assess:
    """Assesses an event in its current state."""

    kind = JobKind.ASSESS
    batch_limit = 1  # each outcome locks an event of its own

    def __init__(
        self,
        database: Database,
        client: InferenceBackend,
        judge: EventJudge,
        prompt_images: PromptImages,
        *,
        settings: Settings,
        now: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._client = client
        self._judge = judge
        self._prompt_images = prompt_images
        self._settings = settings
        self._now = now

    async def process(self, job: ClaimedJob) -> Outcome[Judgement]:
        """Have the model explain the event as it is now, and score it within the rules' range."""
        event, facts, verdict = await self._database.run_transaction(
            partial(self._read_facts, job=job)
        )
        answer: ModelAnswer | None
        try:
            answer = await self._client.assess(facts, images=await self._load_images(job))
        except AssessorAbsentError:
            # No failure: the server was set up to detect only.
            answer = None
        return Outcome(
            job=job,
            result=Judgement(event=event, verdict=verdict, answer=answer),
        )

    async def store(
        self, transaction: Transaction, outcomes: Sequence[Outcome[Judgement]]
    ) -> frozenset[int]:
        """Store the assessments."""
        stored: set[int] = set()
        for outcome in outcomes:
            job = outcome.job
            event = await self._event_of(transaction.connection, job, lock=True)
            if job.id in await leases.finish(transaction.connection, [job]):
                stored.add(job.id)
                if event is not None:
                    await self._store(transaction, job, event, outcome.result)
        return frozenset(stored)

    async def lock_subject(self, connection: AsyncConnection, job: ClaimedJob) -> None:
        """Lock the event: events are locked before jobs."""
        await self._event_of(connection, job, lock=True)

    async def on_dead(self, transaction: Transaction, job: ClaimedJob, failure: Failure) -> None:
        """Mark the event as unassessed, unless it has an assessment or another job will bring one."""
        event = await self._event_of(transaction.connection, job)
        if event is not None:
            await self._mark_unassessed(transaction, job, event)

    async def _event_of(
        self, connection: AsyncConnection, job: ClaimedJob, *, lock: bool = False
    ) -> SecurityEvent | None:
        return (
            None if job.event_id is None else await events.get(connection, job.event_id, lock=lock)
        )

    async def _mark_unassessed(
        self, transaction: Transaction, job: ClaimedJob, event: SecurityEvent
    ) -> None:
        connection = transaction.connection
        if event.state is EventState.OPEN:
            return
        if await jobs.has_other_assessment(connection, job):
            return
        unassessed = await events.set_unassessed(connection, event.id)
        if unassessed is not None:
            transaction.publish_after_commit(
                [EventUpdate(event=unassessed, phase=EventPhase.UPDATED)]
            )

    async def _load_images(self, job: ClaimedJob) -> Sequence[bytes]:
        """Return the images for the model, if the settings allow them and the model can see.

        After a failure there are none: the images may have caused it, and the score matters more.
        """
        event_id = job.event_id
        allowed = self._settings.images_to_model and self._client.accepts_images
        if event_id is None or job.error_type or not allowed:
            return ()
        return await self._prompt_images.load(
            await self._database.run_statement(
                lambda connection: images.of_event(connection, event_id)
            )
        )

    async def _read_facts(
        self, transaction: Transaction, job: ClaimedJob
    ) -> tuple[SecurityEvent, EventFacts, Verdict]:
        connection = transaction.connection
        event = await self._event_of(connection, job)
        if event is None:
            raise InputError("the event is no longer in the database", code="event_forgotten")
        camera = await cameras.find(connection, event.camera)
        judged = self._judge.recall(event)
        if judged is None:
            context = await events.context_of(connection, event.id)
            judged = await judge_event(connection, event, context, self._settings, as_stored=True)
        if judged is None:
            raise InputError("the event's images are no longer stored", code="event_forgotten")
        name = event.camera if camera is None else camera.name
        earlier = job.error_type or ""
        facts = facts_for_model(
            event,
            name,
            judged,
            language=self._settings.language,
            earlier_problem=AnswerProblem(earlier) if earlier in AnswerProblem else None,
        )
        return event, facts, judged.verdict

    async def _store(
        self,
        transaction: Transaction,
        job: ClaimedJob,
        event: SecurityEvent,
        judgement: Judgement,
    ) -> None:
        if judgement.answer is None:
            await self._mark_unassessed(transaction, job, event)
            return
        connection = transaction.connection
        verdict = judgement.verdict
        explained = await events.set_explained(
            connection,
            event.id,
            judgement.answer,
            based_on=judgement.event,
            scored=_scored(event, verdict, judgement.answer.risk_score),
            job_id=job.id,
            late=job.requeues > 0,
            now=self._now(),
        )
        if explained is None:
            return
        await jobs.supersede_dead(connection, job)
        transaction.publish_after_commit([EventUpdate(event=explained, phase=EventPhase.EXPLAINED)])
        if explained.state is EventState.CLOSED and _basis(explained) != _basis(judgement.event):
            # It changed while the model was asked.
            await jobs.enqueue_assess(connection, [explained], now=self._now())
            transaction.notify_workers_after_commit(self.kind)


def _basis(event: SecurityEvent) -> tuple[int, int | None]:
    return event.judged_images, event.provisional_score


def _scored(
    event: SecurityEvent, verdict: Verdict, proposed: int
) -> tuple[int, tuple[RiskFactor, ...]] | None:
    """Return score and factors with the model's move; None if the rules find something else by now."""
    if event.provisional_score != verdict.score or rules_factors(event) != verdict.factors:
        return None
    score, adjustment = adjust_score(verdict.score, verdict.llm_range, proposed)
    return score, (*verdict.factors, *adjustment)
