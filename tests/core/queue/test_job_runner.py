"""A job runner claims jobs of a backlog in batches, and never more than its concurrency."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime

import aiohttp
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

import testbed.core  # noqa: F401 - makes hsi_core importable

# isort: split
from hsi_core.aio.health_board import HealthBoard
from hsi_core.aio.publisher import Publisher
from hsi_core.domain.found_file import FoundFile
from hsi_core.domain.models import Camera, JobKind
from hsi_core.domain.settings import Settings
from hsi_core.inference.client import InferenceClient
from hsi_core.inference.server_set import build_servers
from hsi_core.queue.handler import Outcome
from hsi_core.queue.job_runner import JobRunner
from hsi_core.store import cameras, leases, registration
from hsi_core.store.database import Database
from hsi_core.store.engine import begin
from hsi_core.store.leases import ClaimedJob, Failure
from hsi_core.store.outbox import Outbox
from hsi_core.store.registration import NewImage
from hsi_core.store.transaction import Transaction

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SETTINGS = Settings(lease=3600.0, poll_interval=0.1)  # no lease is renewed meanwhile
SOON = 60.0  # seconds to wait for a signal, on a busy machine
NEVER = 3600.0
# Jobs claimed by one statement have leases that end at the same time.
CLAIMS = text(
    "SELECT count(*) FROM hsi.jobs WHERE state = 'leased' GROUP BY lease_until ORDER BY lease_until"
)


class GatedHandler:
    """Processes detect jobs that end when the test permits it."""

    kind = JobKind.DETECT
    batch_limit = 64

    def __init__(self) -> None:
        self.started = 0
        self.stored = 0
        self.cameras: list[str] = []  # of the started jobs
        self._ends = asyncio.Semaphore(0)
        self._changed = asyncio.Condition()

    def end(self, count: int) -> None:
        """Let this many jobs end."""
        for _ in range(count):
            self._ends.release()

    async def until(self, reached: Callable[[GatedHandler], bool]) -> None:
        async with asyncio.timeout(SOON), self._changed:
            await self._changed.wait_for(lambda: reached(self))

    async def process(self, job: ClaimedJob) -> Outcome[None]:
        self.cameras.append(job.camera)
        await self._note(started=1)
        await self._ends.acquire()
        return Outcome(job=job, result=None)

    async def store(
        self, transaction: Transaction, outcomes: Sequence[Outcome[None]]
    ) -> frozenset[int]:
        finished = await leases.finish(transaction.connection, [each.job for each in outcomes])
        await self._note(stored=len(finished))
        return finished

    async def lock_subject(self, connection: AsyncConnection, job: ClaimedJob) -> None:
        raise AssertionError(job)

    async def on_dead(self, transaction: Transaction, job: ClaimedJob, failure: Failure) -> None:
        raise AssertionError(failure)

    async def _note(self, *, started: int = 0, stored: int = 0) -> None:
        async with self._changed:
            self.started += started
            self.stored += stored
            self._changed.notify_all()


@pytest.fixture
def handler() -> GatedHandler:
    return GatedHandler()


@pytest.fixture
async def runner(engine: AsyncEngine, handler: GatedHandler) -> AsyncIterator[JobRunner[None]]:
    """Sixteen jobs at a time, and a batch waits as long as it takes to be large enough."""
    publisher = Publisher()
    outbox, board = Outbox(publisher), HealthBoard(publisher)
    async with aiohttp.ClientSession() as session:
        client = InferenceClient(session, "http://127.0.0.1:9", None, settings=SETTINGS)
        servers = build_servers(
            [client],
            board,
            settings=SETTINGS,
            now=lambda: datetime.now(UTC),
            on_change=outbox.notify_workers,
        )
        yield JobRunner(
            Database(engine, board, SETTINGS, outbox),
            handler,
            servers.gates[JobKind.DETECT],
            outbox.jobs[JobKind.DETECT],
            concurrency=16,
            settings=SETTINGS,
            on_lease_lost=lambda: None,
            max_batch_delay=NEVER,
        )


async def register(engine: AsyncEngine, count: int, camera: str = "front") -> None:
    files = [
        FoundFile(camera=camera, path=f"{camera}/{number}.jpg", size=1, mtime_ns=number)
        for number in range(count)
    ]
    async with begin(engine) as connection:
        await cameras.register(connection, [Camera(folder=camera, name=camera)])
        new = [NewImage(file=file, captured_at=NOW) for file in files]
        await registration.register(connection, new, found_at=NOW, now=NOW)


async def claims(engine: AsyncEngine) -> list[int]:
    """Return how many running jobs each claim has brought, the earliest claim first."""
    async with begin(engine) as connection:
        return list((await connection.execute(CLAIMS)).scalars())


async def test_a_backlog_is_claimed_in_batches(
    engine: AsyncEngine, handler: GatedHandler, runner: JobRunner[None]
) -> None:
    await register(engine, 40)
    working = asyncio.create_task(runner.run_jobs())
    try:
        await handler.until(lambda h: h.started == 16)
        assert await claims(engine) == [16]

        handler.end(3)
        await handler.until(lambda h: h.stored == 3)
        handler.end(1)  # a quarter of the concurrency is free
        await handler.until(lambda h: h.started == 20)
        assert await claims(engine) == [12, 4]

        handler.end(40)  # the last batch, of what is left, is smaller than the minimum
        await handler.until(lambda h: h.stored == 40)
    finally:
        working.cancel()
        await asyncio.wait([working])


async def test_an_image_of_now_waits_for_its_own_camera_only(
    engine: AsyncEngine, handler: GatedHandler, runner: JobRunner[None]
) -> None:
    await register(engine, 100)
    working = asyncio.create_task(runner.run_jobs())
    try:
        await handler.until(lambda h: h.started == 16)
        await register(engine, 1, camera="yard")
        handler.end(4)  # a minimum batch: the next claim
        await handler.until(lambda h: h.started == 20)
        assert "yard" in handler.cameras[16:]
    finally:
        working.cancel()
        await asyncio.wait([working])


async def test_jobs_that_wait_for_storage_do_not_count(
    engine: AsyncEngine, handler: GatedHandler, runner: JobRunner[None]
) -> None:
    await register(engine, 100)
    working = asyncio.create_task(runner.run_jobs())
    try:
        await handler.until(lambda h: h.started == 16)
        runner.set_blocked(5)
        await handler.until(lambda h: h.started == 21)
        runner.set_blocked(1000)  # however many there are, this is limited
        await handler.until(lambda h: h.started == 32)
        runner.set_blocked(0)
        handler.end(16)
        await handler.until(lambda h: h.stored == 16)
        assert handler.started == 32
    finally:
        working.cancel()
        await asyncio.wait([working])
