"""What a transaction collects is published exactly if and when it is committed."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.core.store.conftest import NOON, Archive

# isort: split
from hsi_core.aio.health_board import HealthBoard
from hsi_core.aio.publisher import Publisher
from hsi_core.domain.errors import StoreUnreachableError
from hsi_core.domain.models import Image, ImageState, JobKind
from hsi_core.domain.settings import Settings
from hsi_core.domain.updates import ImageUpdate, Update
from hsi_core.store import notify
from hsi_core.store.database import Database
from hsi_core.store.outbox import Outbox
from hsi_core.store.transaction import Transaction

SOON = 60.0  # seconds
SETTINGS = Settings(retry_base=0.01, retry_max=0.01)


def update(number: int) -> ImageUpdate:
    image = Image(
        id=number,
        camera="front",
        path=f"front/{number}.jpg",
        size=1,
        mtime_ns=1,
        captured_at=NOON + timedelta(seconds=number),
        found_at=NOON,
        state=ImageState.DETECTED,
    )
    return ImageUpdate(image=image)


@dataclass(slots=True)
class Process:
    """A process on the database: its outbox and what it has published to its subscribers."""

    database: Database
    outbox: Outbox
    published: list[Update] = field(default_factory=list)

    async def run_once(self, work: Callable[[Transaction], Awaitable[None]]) -> None:
        async with self.database.transaction() as transaction:
            await work(transaction)


@pytest.fixture
async def process(archive: Archive) -> Process:
    publisher = Publisher()
    outbox = Outbox(publisher)
    board = HealthBoard(Publisher())
    board.database_answered()
    made = Process(Database(archive.engine, board, SETTINGS, outbox), outbox)
    publisher.subscribe(made.published.append)
    return made


@dataclass(slots=True)
class Listener:
    """Another process that listens: the payloads it has received, in order."""

    jobs: list[str] = field(default_factory=list)
    updates: list[str] = field(default_factory=list)
    received: asyncio.Event = field(default_factory=asyncio.Event)

    async def wait_for_updates(self, count: int) -> list[str]:
        async with asyncio.timeout(SOON):
            while len(self.updates) < count:
                self.received.clear()
                await self.received.wait()
        return self.updates

    def take_update(self, payload: str) -> None:
        self.updates.append(payload)
        self.received.set()


@pytest.fixture
async def listener(engine: AsyncEngine) -> AsyncIterator[Listener]:
    made, ready = Listener(), asyncio.Event()
    listening = asyncio.create_task(
        notify.listen(
            engine,
            check_every=10.0,
            on_listening=ready.set,
            on_received_until=lambda _: None,
            on_job=made.jobs.append,
            on_update=made.take_update,
            on_settings=lambda: None,
        )
    )
    await ready.wait()
    yield made
    listening.cancel()
    await asyncio.wait([listening])


async def test_updates_are_published_in_order_after_the_commit(
    process: Process, listener: Listener
) -> None:
    async with process.database.transaction() as transaction:
        transaction.publish_after_commit([update(2)])
        transaction.publish_after_commit([update(1), update(3)])
        transaction.notify_workers_after_commit(JobKind.DETECT)
        assert process.published == []
    assert process.published == [update(2), update(1), update(3)]
    received = [
        notify.parse_update(payload, origin="another")
        for payload in await listener.wait_for_updates(3)
    ]
    assert received == [notify.ImageNotice(image_id=number) for number in (2, 1, 3)]
    kinds = [notify.parse_job(payload, origin="another") for payload in listener.jobs]
    assert kinds == [JobKind.DETECT]


async def test_a_process_does_not_take_its_own_notifications_for_others(
    process: Process, listener: Listener
) -> None:
    async with process.database.transaction() as transaction:
        transaction.publish_after_commit([update(1)])
        transaction.notify_workers_after_commit(JobKind.ASSESS)
    [payload] = await listener.wait_for_updates(1)
    own = process.outbox.origin
    assert notify.parse_update(payload, origin=own) is None
    assert [notify.parse_job(each, origin=own) for each in listener.jobs] == [None]


async def test_nothing_is_published_after_a_rollback(process: Process, listener: Listener) -> None:
    async def fail(transaction: Transaction) -> None:
        transaction.publish_after_commit([update(1)])
        transaction.notify_workers_after_commit(JobKind.DETECT)
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await process.run_once(fail)
    async with process.database.transaction() as transaction:
        transaction.publish_after_commit([update(2)])
    assert process.published == [update(2)]
    assert len(await listener.wait_for_updates(1)) == 1
    assert listener.jobs == []
    assert process.outbox.jobs[JobKind.DETECT].count == 0


async def test_nothing_is_published_if_the_commit_fails(process: Process) -> None:
    async def fail_late(transaction: Transaction) -> None:
        await transaction.connection.execute(
            text("CREATE TEMPORARY TABLE one (id int UNIQUE DEFERRABLE INITIALLY DEFERRED)")
        )
        await transaction.connection.execute(text("INSERT INTO one VALUES (1), (1)"))
        transaction.publish_after_commit([update(1)])

    with pytest.raises(IntegrityError):
        await process.run_once(fail_late)
    assert process.published == []


async def test_a_repeated_transaction_publishes_only_what_was_committed(
    process: Process,
) -> None:
    attempts = 0

    async def work(transaction: Transaction) -> int:
        nonlocal attempts
        attempts += 1
        transaction.publish_after_commit([update(attempts)])
        if attempts < 3:
            raise StoreUnreachableError("away")
        return attempts

    assert await process.database.run_transaction(work) == 3
    assert process.published == [update(3)]


async def test_workers_are_notified_after_the_commit(process: Process) -> None:
    notifier = process.outbox.jobs[JobKind.DETECT]
    async with process.database.transaction() as transaction:
        transaction.notify_workers_after_commit(JobKind.DETECT)
        assert notifier.count == 0
    assert notifier.count == 1
    assert process.outbox.jobs[JobKind.ASSESS].count == 0


async def test_the_queue_is_counted_again_only_after_a_change(process: Process) -> None:
    changed = process.outbox.queue_changed
    async with process.database.transaction():
        pass
    assert changed.count == 0
    async with process.database.transaction() as transaction:
        transaction.note_queue_change()
    assert changed.count == 1

    async def fail(transaction: Transaction) -> None:
        transaction.note_queue_change()
        raise StoreUnreachableError("away")

    with pytest.raises(StoreUnreachableError):
        await process.run_once(fail)
    assert changed.count == 1
