"""What a worker needs of a stage."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from ..models import JobKind
from ..store.leases import ClaimedJob, Failure
from ..updates import Update

type Effect = Callable[[AsyncConnection], Awaitable[Sequence[Update]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a job has come to: how to store it."""

    store: Effect


class Stage(Protocol):
    """One kind of work."""

    kind: JobKind

    async def run(self, job: ClaimedJob) -> Outcome:
        """Do the work with no transaction open.

        The outcome stores it and finishes the job in one transaction; LeaseLostError from there
        means that nothing was stored. Raises CoreError, whose class decides what happens next.
        """

    async def bury(
        self, connection: AsyncConnection, job: ClaimedJob, failure: Failure
    ) -> Sequence[Update]:
        """Say what a job that was given up means for its image or event."""

    async def lock(self, connection: AsyncConnection, job: ClaimedJob) -> None:
        """Lock what `bury` will change, before the job itself is changed."""
