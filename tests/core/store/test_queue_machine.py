"""A state machine test: after any sequence of operations the queue agrees with a model of it."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from hypothesis import HealthCheck, settings, strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

import testbed.core  # noqa: F401 - makes hsi_core importable
from tests.core.conftest import WIPE

# isort: split
from hsi_core.domain.found_file import FoundFile
from hsi_core.domain.models import Camera, FailureClass, JobKind, JobState
from hsi_core.store import cameras, dead_letters, jobs, leases, registration
from hsi_core.store.engine import begin, connect
from hsi_core.store.leases import ClaimedJob, Failure, LeaseLostError, RetryDecision
from hsi_core.store.registration import NewImage

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
FAILURE = Failure(failure=FailureClass.UNKNOWN, error_type="test", message="it went wrong")
CRASH = RetryDecision(failure=FAILURE, delay=timedelta(0), counts_crash=True)
MAX_CRASHES = 3
REQUEUE_LIMIT = 2


@dataclass(slots=True)
class Model:
    """The expected state of a job."""

    happened_at: datetime
    priority: int
    state: JobState = JobState.PENDING
    fence: int = 0
    attempts: int = 0
    crashes: int = 0
    isolated: bool = False
    lone_crashes: int = 0
    requeues: int = 0


class Queue(RuleBasedStateMachine):
    """The queue in PostgreSQL, beside a model of it in memory."""

    runner: asyncio.Runner
    engine: AsyncEngine

    def __init__(self) -> None:
        super().__init__()
        self.model: dict[int, Model] = {}
        self.tokens: list[ClaimedJob] = []  # all claims, most of them outdated
        self.do(self._wipe)

    def do[T](self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        async def in_transaction() -> T:
            async with begin(self.engine) as connection:
                return await work(connection)

        return self.runner.run(in_transaction())

    @staticmethod
    async def _wipe(connection: AsyncConnection) -> None:
        await connection.execute(text(WIPE))
        await cameras.register(connection, [Camera(folder="front", name="Front")])

    def among(self, *states: JobState) -> list[int]:
        return sorted(number for number, job in self.model.items() if job.state in states)

    def held(self, token: ClaimedJob) -> bool:
        job = self.model[token.id]
        return job.state is JobState.LEASED and job.fence == token.fence

    def use(self, token: ClaimedJob, work: Callable[[AsyncConnection], Awaitable[None]]) -> bool:
        """Use a token: it has an effect only if it is the current lease of its job."""
        if self.held(token):
            self.do(work)
            return True
        with suppress(LeaseLostError):
            self.do(work)
            raise AssertionError("an outdated token has changed something")
        return False

    @rule(ages=st.lists(st.integers(0, 300), min_size=1, max_size=3))
    def enqueue(self, ages: list[int]) -> None:
        async def work(connection: AsyncConnection) -> None:
            new = [
                NewImage(
                    file=FoundFile(
                        camera="front",
                        path=f"{len(self.model)}-{index}",
                        size=1,
                        mtime_ns=1,
                    ),
                    captured_at=NOON - timedelta(seconds=age),
                )
                for index, age in enumerate(ages)
            ]
            await registration.register(connection, new, found_at=NOON, now=NOON)
            rows = await connection.execute(
                text("SELECT id, happened_at, priority FROM hsi.jobs WHERE id > :last"),
                {"last": max(self.model, default=0)},
            )
            for number, happened_at, priority in rows:
                self.model[number] = Model(happened_at, priority)

        self.do(work)

    @rule(limit=st.integers(1, 4), oldest_first=st.booleans())
    def claim(self, limit: int, oldest_first: bool) -> None:
        tokens = self.do(
            lambda c: leases.claim(
                c, JobKind.DETECT, lease=3600.0, limit=limit, oldest_first=oldest_first
            )
        )

        def place(number: int) -> tuple[float, ...]:
            job = self.model[number]
            moment = job.happened_at.timestamp()
            if oldest_first:
                return (moment, number)
            return (job.priority, moment if job.priority else -moment, number)

        first = sorted(self.among(JobState.PENDING), key=place)[:limit]
        assert [token.id for token in tokens] == first
        for token in tokens:
            job = self.model[token.id]
            assert token.fence > job.fence
            job.state, job.fence, job.isolated = JobState.LEASED, token.fence, False
            assert token.image is not None
            assert token.image.captured_at == job.happened_at
        self.tokens += tokens

    @precondition(lambda self: self.tokens)
    @rule(data=st.data(), act=st.sampled_from(("finish", "release", "renew")))
    def use_batch(self, data: st.DataObject, act: str) -> None:
        """Use several tokens in one call: only those that are current leases have an effect."""
        tokens = data.draw(st.lists(st.sampled_from(self.tokens), min_size=1, max_size=5))
        held = {token.id for token in tokens if self.held(token)}
        match act:
            case "finish":
                assert self.do(lambda c: leases.finish(c, tokens)) == held
            case "release":
                assert self.do(lambda c: leases.release(c, tokens)) == held
            case _:
                assert self.do(lambda c: leases.renew(c, tokens, lease=3600.0)) == held
        to = {"finish": JobState.DONE, "release": JobState.PENDING, "renew": JobState.LEASED}[act]
        for number in held:
            self.model[number].state = to

    @precondition(lambda self: self.tokens)
    @rule(data=st.data(), spend=st.booleans())
    def postpone(self, data: st.DataObject, spend: bool) -> None:
        token = data.draw(st.sampled_from(self.tokens))
        done = self.use(
            token,
            lambda c: leases.settle(
                c,
                token,
                RetryDecision(failure=FAILURE, delay=timedelta(0), spends_attempt=spend),
            ),
        )
        if done:
            job = self.model[token.id]
            job.state, job.attempts = JobState.PENDING, job.attempts + spend

    @precondition(lambda self: self.tokens)
    @rule(data=st.data(), isolated=st.booleans())
    def set_isolated(self, data: st.DataObject, *, isolated: bool) -> None:
        token = data.draw(st.sampled_from(self.tokens))
        held = self.held(token)
        assert self.do(lambda c: leases.set_isolated(c, token, isolated=isolated)) is held
        if held:
            self.model[token.id].isolated = isolated

    @precondition(lambda self: self.tokens)
    @rule(data=st.data())
    def dead_letter(self, data: st.DataObject) -> None:
        token = data.draw(st.sampled_from(self.tokens))
        dead = RetryDecision(failure=FAILURE, delay=None, spends_attempt=True)
        if self.use(token, lambda c: leases.settle(c, token, dead)):
            job = self.model[token.id]
            job.state, job.attempts = JobState.DEAD, job.attempts + 1

    @precondition(lambda self: self.tokens)
    @rule(data=st.data())
    def worker_dies(self, data: st.DataObject) -> None:
        """Let a lease expire and its crash be counted by two reapers at the same time."""
        token = data.draw(st.sampled_from(self.tokens))
        if not self.held(token):
            return

        async def lapse(connection: AsyncConnection) -> None:
            await connection.execute(
                text("UPDATE hsi.jobs SET lease_until = now() - interval '1 s' WHERE id = :id"),
                {"id": token.id},
            )

        self.do(lapse)
        [lost] = self.do(leases.find_expired)
        assert lost.id == token.id
        job = self.model[token.id]
        assert lost.isolated is job.isolated
        job.crashes += 1
        job.lone_crashes += job.isolated
        poison = job.lone_crashes >= MAX_CRASHES
        job.state = JobState.DEAD if poison else JobState.PENDING
        decision = replace(CRASH, delay=None) if poison else CRASH
        self.do(lambda c: leases.settle(c, lost, decision))
        with suppress(LeaseLostError):
            self.do(lambda c: leases.settle(c, lost, decision))
            raise AssertionError("one crash was counted twice")

    @precondition(lambda self: self.among(JobState.DEAD))
    @rule(data=st.data())
    def requeue(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(self.among(JobState.DEAD)))
        job = self.model[number]
        fit = job.requeues < REQUEUE_LIMIT
        for again in (False, True):
            done = self.do(lambda c: dead_letters.requeue(c, [number], limit=REQUEUE_LIMIT))
            assert (done.count, done.refused) == (fit and not again, not fit)
        if fit:
            job.state, job.attempts, job.crashes, job.lone_crashes = JobState.PENDING, 0, 0, 0
            job.requeues += 1

    @precondition(lambda self: self.among(JobState.DEAD))
    @rule(data=st.data())
    def discard(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(self.among(JobState.DEAD)))
        assert self.do(lambda c: dead_letters.discard(c, [number])) == 1
        self.model[number].state = JobState.DISCARDED

    @invariant()
    def database_and_model_agree(self) -> None:
        async def work(connection: AsyncConnection) -> dict[int, tuple[object, ...]]:
            rows = await connection.execute(
                text(
                    "SELECT id, state, fence, attempts, crashes, lone_crashes, requeues"
                    " FROM hsi.jobs"
                )
            )
            return {row.id: tuple(row)[1:] for row in rows}

        assert self.do(work) == {
            number: (
                job.state.value,
                job.fence,
                job.attempts,
                job.crashes,
                job.lone_crashes,
                job.requeues,
            )
            for number, job in self.model.items()
        }
        stats = self.do(jobs.stats)
        assert stats.depth == len(self.among(JobState.PENDING, JobState.LEASED))
        assert stats.dead_total == len(self.among(JobState.DEAD))


def test_the_queue_agrees_with_its_model(shared_url: str) -> None:
    with asyncio.Runner() as runner:
        Queue.runner = runner
        Queue.engine = runner.run(connect(shared_url, application_name="tests"))
        try:
            run_state_machine_as_test(
                Queue,
                settings=settings(
                    max_examples=20,
                    stateful_step_count=30,
                    deadline=None,
                    derandomize=True,
                    suppress_health_check=list(HealthCheck),
                ),
            )
        finally:
            runner.run(Queue.engine.dispose())
