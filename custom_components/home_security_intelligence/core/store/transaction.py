"""A database transaction that collects what is published after its commit."""

from collections.abc import Callable, Collection, Iterable, Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from ..domain.models import JobKind
from ..domain.updates import Update


class Transaction:
    """An open transaction and what is published once it is committed; nothing after a rollback."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.connection = connection
        self._updates: list[Update] = []
        self._job_kinds: dict[JobKind, None] = {}  # a set that keeps its order
        self._changes_queue = False
        self._after_commit: list[Callable[[], None]] = []

    @property
    def updates(self) -> Sequence[Update]:
        """The updates to publish, in the order they were collected."""
        return self._updates

    @property
    def job_kinds(self) -> Collection[JobKind]:
        """The kinds of jobs whose workers are to be notified."""
        return self._job_kinds

    @property
    def changes_queue(self) -> bool:
        """Whether the queue's numbers have probably changed."""
        return self._changes_queue or bool(self._updates or self._job_kinds)

    def publish_after_commit(self, updates: Iterable[Update]) -> None:
        """Publish updates after the commit."""
        self._updates += updates

    def notify_workers_after_commit(self, kind: JobKind) -> None:
        """Notify the workers of a kind of job after the commit."""
        self._job_kinds[kind] = None

    def after_commit(self, work: Callable[[], None]) -> None:
        """Call `work` in this process after the commit."""
        self._after_commit.append(work)

    def committed(self) -> None:
        """Do what was put off until the commit."""
        for work in self._after_commit:
            work()

    def note_queue_change(self) -> None:
        """Have the queue counted again after the commit."""
        self._changes_queue = True
