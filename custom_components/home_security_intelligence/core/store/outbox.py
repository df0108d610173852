"""Publishes what a transaction has collected, in this process and to others on the database."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from ..aio.notifier import Notifier
from ..aio.publisher import Publisher
from ..domain.models import JobKind
from ..domain.settings import Settings
from ..domain.updates import EventUpdate, Update
from . import notify
from .transaction import Transaction


class Outbox:
    """Publishes what transactions have collected: in this process and to others on the database."""

    def __init__(
        self,
        publisher: Publisher,
        *,
        settings: Settings | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.origin = uuid4().hex  # marks notifications of this process as its own
        self._late_after = timedelta(seconds=(settings or Settings()).late_after)
        self._now = now
        self.jobs: Mapping[JobKind, Notifier] = {kind: Notifier() for kind in JobKind}
        self.queue_changed = Notifier()
        self._publisher = publisher

    async def announce(self, transaction: Transaction) -> None:
        """Notify other processes; PostgreSQL delivers that with the transaction's commit."""
        await notify.send(
            transaction.connection,
            origin=self.origin,
            job_kinds=transaction.job_kinds,
            updates=transaction.updates,
        )

    def deliver(self, transaction: Transaction) -> None:
        """Publish in this process what a transaction has collected; it must be committed."""
        transaction.committed()
        self.publish(transaction.updates)
        for kind in transaction.job_kinds:
            self.jobs[kind].notify()
        if transaction.changes_queue:
            self.queue_changed.notify()

    def publish(self, updates: Sequence[Update]) -> None:
        """Publish committed updates in this process only; mark those of old events as late."""
        if updates:
            self._publisher.publish([self._dated(update) for update in updates])
            self.queue_changed.notify()

    def _dated(self, update: Update) -> Update:
        if not isinstance(update, EventUpdate):
            return update
        late = self._now() - update.event.last_activity_at > self._late_after
        return replace(update, late=late)

    def notify_workers(self, kind: JobKind) -> None:
        """Notify this process's workers of a kind of job."""
        self.jobs[kind].notify()
        self.queue_changed.notify()
