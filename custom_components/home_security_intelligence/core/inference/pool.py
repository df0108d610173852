"""Chooses among inference servers: the least loaded first, and none that is to be left alone."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from ..domain.errors import AssessorAbsentError, CoreError, ServerBusyError
from ..domain.inference import DetectResult, EventFacts, PartState
from ..domain.models import Assessment, FailureClass, JobKind
from .client import InferenceClient
from .server import Server


class ServerPool:
    """Asks as one client does; a server that has no room or is away costs a job nothing.

    A failure that may be the job's own is not tried on another server at once: one retry layer
    decides about that, and a picture that brings a server down must not bring down all of them.
    """

    def __init__(self, servers: Sequence[Server]) -> None:
        self.servers = tuple(servers)
        self._questions = 0

    async def detect(self, image: bytes, *, content_type: str, threshold: float) -> DetectResult:
        """Return what is in the picture, as `InferenceClient.detect`."""
        return await self._ask(
            JobKind.DETECT,
            lambda _: partial(
                InferenceClient.detect,
                image=image,
                content_type=content_type,
                threshold=threshold,
            ),
        )

    @property
    def sees(self) -> bool:
        """Whether one of the servers that may be asked has a language model that sees."""
        return any(server.sees for server in self._candidates(JobKind.ASSESS))

    async def assess(self, facts: EventFacts, *, pictures: Sequence[bytes] = ()) -> Assessment:
        """Return how worrying the event is; only a server that sees is sent the pictures."""
        return await self._ask(
            JobKind.ASSESS,
            lambda server: partial(
                InferenceClient.assess, facts=facts, pictures=pictures if server.sees else ()
            ),
        )

    def wait(self, kind: JobKind) -> float:
        """Return for how many seconds no server may be asked; 0.0 means go ahead."""
        return min(server.wait(kind) for server in self._candidates(kind))

    def failures(self, kind: JobKind) -> int:
        """Return how many failures came in a row on the server that has the fewest."""
        return min(server.failures(kind) for server in self._candidates(kind))

    def is_open(self, kind: JobKind) -> bool:
        """Tell whether the breakers of all servers that count are open."""
        return all(server.is_open(kind) for server in self._candidates(kind))

    async def _ask[T](
        self,
        kind: JobKind,
        question: Callable[[Server], Callable[[InferenceClient], Awaitable[T]]],
    ) -> T:
        tried: set[Server] = set()
        refusals: list[CoreError] = []
        while (server := self._choose(kind, tried)) is not None:
            tried.add(server)
            self._questions += 1
            server.asked_last = self._questions
            try:
                return await server.ask(kind, question(server))
            except CoreError as error:
                if not _is_about_the_server(error):
                    raise
                refusals.append(error)
        raise self._refusal(kind, tried, refusals)

    def _choose(self, kind: JobKind, tried: set[Server]) -> Server | None:
        free = [
            server
            for server in self._candidates(kind)
            if server not in tried and server.wait(kind) == 0
        ]
        return min(
            free,
            key=lambda server: (server.load(kind), server.asked_last),
            default=None,
        )

    def _candidates(self, kind: JobKind) -> Sequence[Server]:
        """Return the servers that are ready; where none is known to be, all that may become so."""
        for well in ({PartState.READY}, {PartState.LOADING, PartState.FAILED, None}):
            if fit := [server for server in self.servers if server.part(kind) in well]:
                return fit
        return self.servers

    def _refusal(
        self, kind: JobKind, tried: set[Server], refusals: Sequence[CoreError]
    ) -> CoreError:
        """Return the error that says best what to wait for."""
        absent = [error for error in refusals if isinstance(error, AssessorAbsentError)]
        if absent and len(absent) == len(self._candidates(kind)):
            return absent[0]  # nobody has a model, and nobody will have one
        if len(self.servers) == 1 and refusals:
            return refusals[0]
        outages = [error for error in refusals if error.failure is FailureClass.OUTAGE]
        if outages and len(outages) == len(tried):
            return outages[-1]
        return ServerBusyError(
            "No inference server has room right now.",
            retry_after=self.wait(kind) if refusals else None,
        )


def _is_about_the_server(error: CoreError) -> bool:
    """Tell whether another server may well be able to do what this one is not."""
    outside_the_job = error.failure in {FailureClass.CAPACITY, FailureClass.OUTAGE}
    return outside_the_job or isinstance(error, AssessorAbsentError)
