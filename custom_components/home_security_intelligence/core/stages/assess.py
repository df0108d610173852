"""Assesses an event: by the rules, then by the language model within their range."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlalchemy.ext.asyncio import AsyncConnection

from ..domain.errors import AssessorAbsentError, InputError
from ..domain.inference import AnswerProblem, EventFacts
from ..domain.models import Assessment, EventState, JobKind
from ..domain.settings import Settings
from ..domain.updates import EventPhase, EventUpdate
from ..events.judge import facts_for_model, judge_event
from ..inference.protocol import InferenceBackend
from ..queue.handler import Outcome
from ..risk.rules import Verdict
from ..store import cameras, events, images, jobs, leases
from ..store.database import Database
from ..store.leases import ClaimedJob, Failure
from ..store.transaction import Transaction
from .prompt_images import PromptImages


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """The rules' verdict on an event, and the model's assessment if a model is set up."""

    verdict: Verdict
    assessment: Assessment | None


class Assess:
    """Assesses an event in its current state."""

    kind = JobKind.ASSESS
    batch_limit = 1  # each outcome locks an event of its own

    def __init__(
        self,
        database: Database,
        client: InferenceBackend,
        prompt_images: PromptImages,
        *,
        settings: Settings,
        now: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._client = client
        self._prompt_images = prompt_images
        self._settings = settings
        self._now = now

    async def process(self, job: ClaimedJob) -> Outcome[Judgement]:
        """Judge the event by the rules, then have the model assess it within their range."""
        facts, verdict = await self._database.run_transaction(partial(self._judge, job=job))
        assessment: Assessment | None
        try:
            assessment = await self._client.assess(facts, images=await self._load_images(job))
        except AssessorAbsentError:
            # No failure: the server was set up to detect only.
            assessment = None
        return Outcome(
            job=job,
            result=Judgement(verdict=verdict, assessment=assessment),
        )

    async def store(
        self, transaction: Transaction, outcomes: Sequence[Outcome[Judgement]]
    ) -> frozenset[int]:
        """Store the assessments."""
        stored: set[int] = set()
        for outcome in outcomes:
            job = outcome.job
            await self.lock_subject(transaction.connection, job)
            if job.id in await leases.finish(transaction.connection, [job]):
                stored.add(job.id)
                await self._store(transaction, job, outcome.result)
        return frozenset(stored)

    async def lock_subject(self, connection: AsyncConnection, job: ClaimedJob) -> None:
        """Lock the event: events are locked before jobs."""
        if job.event_id is not None:
            await events.get(connection, job.event_id, lock=True)

    async def on_dead(self, transaction: Transaction, job: ClaimedJob, failure: Failure) -> None:
        """Mark the event as unassessed, unless it has an assessment or another job will bring one."""
        await self._mark_unassessed(transaction, job)

    async def _mark_unassessed(self, transaction: Transaction, job: ClaimedJob) -> None:
        connection = transaction.connection
        event = None if job.event_id is None else await events.get(connection, job.event_id)
        if event is None or event.state is EventState.OPEN:
            return
        if await jobs.has_other_assessment(connection, job):
            return
        unassessed = await events.set_unassessed(connection, event.id)
        if unassessed is not None:
            transaction.publish([EventUpdate(event=unassessed, phase=EventPhase.UPDATED)])

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

    async def _judge(self, transaction: Transaction, job: ClaimedJob) -> tuple[EventFacts, Verdict]:
        connection = transaction.connection
        event = None if job.event_id is None else await events.get(connection, job.event_id)
        if event is None:
            raise InputError("the event is no longer in the database", code="event_forgotten")
        camera = await cameras.find(connection, event.camera)
        context = await events.context_of(connection, event.id)  # as it was when the event began
        judged = await judge_event(connection, event, context, self._settings)
        if judged is None:
            raise InputError("the event's images are no longer stored", code="event_forgotten")
        # Shown until the model's assessment arrives.
        await events.set_provisional(connection, event.id, judged.verdict)
        name = event.camera if camera is None else camera.name
        earlier = job.error_type or ""
        facts = facts_for_model(
            event,
            name,
            judged,
            earlier_problem=AnswerProblem(earlier) if earlier in AnswerProblem else None,
        )
        return facts, judged.verdict

    async def _store(self, transaction: Transaction, job: ClaimedJob, judgement: Judgement) -> None:
        if judgement.assessment is None:
            await self._mark_unassessed(transaction, job)
            return
        if job.event_id is None:
            return
        late = job.requeues > 0
        event = await events.set_assessed(
            transaction.connection,
            job.event_id,
            judgement.assessment,
            judgement.verdict,
            job_id=job.id,
            late=late,
            now=self._now(),
        )
        if event is None:
            return
        await jobs.supersede_dead(transaction.connection, job)
        transaction.publish([EventUpdate(event=event, phase=EventPhase.EXPLAINED)])
