"""From an event to its risk."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from ..domain.errors import AssessorAbsentError, InputError
from ..domain.inference import AnswerProblem, EventFacts
from ..domain.models import Assessment, EventState, JobKind
from ..domain.settings import Settings
from ..domain.updates import EventPhase, EventUpdate, Update
from ..events.facts import facts_of, judge_event
from ..inference.protocol import InferenceBackend
from ..queue.handler import Outcome, Stored
from ..risk.rules import Verdict
from ..store import cameras, events, images, jobs, leases
from ..store.database import Database
from ..store.leases import ClaimedJob, Failure
from .prompt_images import PromptImages


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What the rules and the model say of an event; the model is None where there is none."""

    verdict: Verdict
    assessment: Assessment | None


class Assess:
    """Has one event assessed as it is by now."""

    kind = JobKind.ASSESS
    together = 1  # each locks an event of its own

    def __init__(
        self,
        database: Database,
        client: InferenceBackend,
        shown: PromptImages,
        *,
        settings: Settings,
        now: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._client = client
        self._shown = shown
        self._settings = settings
        self._now = now

    async def run(self, job: ClaimedJob) -> Outcome[Judgement]:
        """Judge the event by the rules, then ask the server how worrying it is within their band."""
        facts, verdict = await self._database.run_transaction(
            lambda connection: self._judge(connection, job)
        )
        assessment: Assessment | None
        try:
            assessment = await self._client.assess(facts, images=await self._pictures(job))
        except AssessorAbsentError:
            # Nothing failed: whoever set the server up wants it to detect only.
            assessment = None
        return Outcome(
            job=job,
            result=Judgement(verdict=verdict, assessment=assessment),
        )

    async def store(
        self, connection: AsyncConnection, outcomes: Sequence[Outcome[Judgement]]
    ) -> Stored:
        """Keep the assessments."""
        held: list[int] = []
        updates: list[Update] = []
        for outcome in outcomes:
            job = outcome.job
            await self.lock(connection, job)
            if job.id in await leases.finish(connection, [job]):
                held.append(job.id)
                updates += await self._keep(connection, job, outcome.result)
        return Stored(jobs=frozenset(held), updates=updates)

    async def lock(self, connection: AsyncConnection, job: ClaimedJob) -> None:
        """Lock the event: events come before jobs."""
        if job.event_id is not None:
            await events.get(connection, job.event_id, lock=True)

    async def bury(
        self, connection: AsyncConnection, job: ClaimedJob, failure: Failure
    ) -> Sequence[Update]:
        """Say of the event that it has no score, unless there is one or one is still coming."""
        return await self._leave_unassessed(connection, job)

    async def _leave_unassessed(
        self, connection: AsyncConnection, job: ClaimedJob
    ) -> Sequence[Update]:
        event = None if job.event_id is None else await events.get(connection, job.event_id)
        if event is None or event.state is EventState.OPEN:
            return ()
        if await jobs.other_assessment_coming(connection, job):
            return ()
        unassessed = await events.set_unassessed(connection, event.id)
        if unassessed is None:
            return ()
        return (EventUpdate(event=unassessed, phase=EventPhase.UNASSESSED),)

    async def _pictures(self, job: ClaimedJob) -> Sequence[bytes]:
        """Return what the model is shown, where that is allowed and of use.

        Not after a failure: the pictures may have been the reason, and are not worth the score.
        """
        event_id = job.event_id
        allowed = self._settings.images_to_model and self._client.accepts_images
        if event_id is None or job.error_type or not allowed:
            return ()
        return await self._shown.read(
            await self._database.run_statement(
                lambda connection: images.of_event(connection, event_id)
            )
        )

    async def _judge(
        self, connection: AsyncConnection, job: ClaimedJob
    ) -> tuple[EventFacts, Verdict]:
        event = None if job.event_id is None else await events.get(connection, job.event_id)
        if event is None:
            raise InputError("the event is no longer known", code="event_forgotten")
        camera = await cameras.find(connection, event.camera)
        context = await events.context_of(connection, event.id)  # the home as it was then
        judged = await judge_event(connection, event, context, self._settings)
        # Without an answer from the model, this is what there is to see.
        await events.set_provisional(connection, event.id, judged.verdict)
        name = event.camera if camera is None else camera.name
        earlier = job.error_type or ""
        facts = facts_of(
            event,
            name,
            judged,
            earlier_problem=AnswerProblem(earlier) if earlier in AnswerProblem else None,
        )
        return facts, judged.verdict

    async def _keep(
        self, connection: AsyncConnection, job: ClaimedJob, judgement: Judgement
    ) -> Sequence[Update]:
        if judgement.assessment is None:
            return await self._leave_unassessed(connection, job)
        if job.event_id is None:
            return ()
        late = job.requeues > 0
        event = await events.set_assessed(
            connection,
            job.event_id,
            judgement.assessment,
            judgement.verdict,
            job_id=job.id,
            late=late,
            now=self._now(),
        )
        if event is None:
            return ()
        await jobs.supersede_dead(connection, job)
        phase = EventPhase.LATE if late else EventPhase.ASSESSED
        return (EventUpdate(event=event, phase=phase),)
