"""What the workers need of a stage."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from ..domain.models import JobKind
from ..domain.updates import Update
from ..store.leases import ClaimedJob, Failure


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome[Result]:
    """What a job has come to."""

    job: ClaimedJob
    result: Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """The jobs whose outcomes were stored, by their ids, and what is told of that.

    The leases of all others were lost.
    """

    jobs: frozenset[int]
    updates: Sequence[Update]


class DeadJobHandler(Protocol):
    """What is done about a job that has failed for good."""

    async def bury(
        self, connection: AsyncConnection, job: ClaimedJob, failure: Failure
    ) -> Sequence[Update]:
        """Say what a job that was given up means for its image or event."""

    async def lock(self, connection: AsyncConnection, job: ClaimedJob) -> None:
        """Lock what `bury` will change, before the job itself is changed."""


class Stage[Result](DeadJobHandler, Protocol):
    """One kind of work."""

    kind: JobKind
    together: int  # outcomes stored in one transaction, at most

    async def run(self, job: ClaimedJob) -> Outcome[Result]:
        """Do the work with no transaction open.

        Raises CoreError, whose class decides what happens next.
        """

    async def store(
        self, connection: AsyncConnection, outcomes: Sequence[Outcome[Result]]
    ) -> Stored:
        """Finish jobs and store their outcomes, but for those whose lease is lost."""
