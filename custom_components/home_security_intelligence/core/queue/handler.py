"""What the queue needs of a stage that processes one kind of job."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from ..domain.models import JobKind
from ..store.leases import ClaimedJob, Failure
from ..store.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome[Result]:
    """A processed job and its result, not yet stored."""

    job: ClaimedJob
    result: Result


class DeadJobHandler(Protocol):
    """Handles jobs that have become dead letters."""

    async def lock_subject(self, connection: AsyncConnection, job: ClaimedJob) -> None:
        """Lock what `on_dead` will change, before the job itself is changed."""

    async def on_dead(self, transaction: Transaction, job: ClaimedJob, failure: Failure) -> None:
        """Store and publish what a dead letter means for its image or event."""


class JobHandler[Result](DeadJobHandler, Protocol):
    """Processes one kind of job."""

    kind: JobKind
    batch_limit: int  # maximum number of outcomes stored in one transaction

    async def process(self, job: ClaimedJob) -> Outcome[Result]:
        """Process a job while no transaction is open.

        Raises CoreError; its failure class decides whether the job is retried.
        """

    async def store(
        self, transaction: Transaction, outcomes: Sequence[Outcome[Result]]
    ) -> frozenset[int]:
        """Finish jobs, store and publish their outcomes; return the ids of the jobs stored.

        The leases of the others were lost: nothing of them is stored.
        """
