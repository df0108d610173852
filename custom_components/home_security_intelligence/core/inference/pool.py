"""Choose among inference servers: the least loaded one that may be used now."""

from collections.abc import Awaitable, Callable, Hashable, Sequence
from functools import partial

from ..domain.errors import (
    AssessorAbsentError,
    CoreError,
    InputUnservedError,
    ServerBusyError,
    ServerForbiddenError,
    ServerLimitError,
    ServerLostError,
    ServerStuckError,
)
from ..domain.inference import ComponentState, DetectResult, EventFacts
from ..domain.models import FailureClass, JobKind, ModelAnswer
from .client import InferenceClient
from .server import Server


class ServerPool:
    """Act as one client for all servers; a busy or unavailable server costs a job no attempt.

    A failure that the job itself may have caused is not tried on another server: the queue's
    retry policy decides, and an image that crashes one server must not crash all of them.
    """

    def __init__(self, servers: Sequence[Server]) -> None:
        self.servers = tuple(servers)
        self._requests = 0

    async def detect(self, image: bytes, *, content_type: str, threshold: float) -> DetectResult:
        """Return the objects in an image, as `InferenceClient.detect`."""
        return await self._send(
            JobKind.DETECT,
            lambda _: partial(
                InferenceClient.detect,
                image=image,
                content_type=content_type,
                threshold=threshold,
            ),
            subject=image,
            size=len(image),
        )

    @property
    def accepts_images(self) -> bool:
        """Whether a server that may be used has a language model that takes images."""
        return any(server.accepts_images for server in self._candidates(JobKind.ASSESS))

    async def assess(self, facts: EventFacts, *, images: Sequence[bytes] = ()) -> ModelAnswer:
        """Return the model's answer on an event; images go only to a server that takes them."""
        return await self._send(
            JobKind.ASSESS,
            lambda server: partial(
                InferenceClient.assess,
                facts=facts,
                images=images if server.accepts_images else (),
                accepts=server.accepted_fields,
            ),
            subject=(facts.camera, facts.started_at),
        )

    def seconds_until_ready(self, kind: JobKind) -> float:
        """Return the seconds until a server may be used; 0.0 means now."""
        return min(server.seconds_until_ready(kind) for server in self._candidates(kind))

    def failures(self, kind: JobKind) -> int:
        """Return the consecutive failures of the server that has the fewest."""
        return min(server.failures(kind) for server in self._candidates(kind))

    def is_open(self, kind: JobKind) -> bool:
        """Whether the breakers of all candidate servers are open."""
        return all(server.is_open(kind) for server in self._candidates(kind))

    async def _send[T](
        self,
        kind: JobKind,
        request_for: Callable[[Server], Callable[[InferenceClient], Awaitable[T]]],
        *,
        subject: Hashable,
        size: int = 0,
    ) -> T:
        tried: set[Server] = set()
        refusals: list[CoreError] = []
        while (server := self._choose(kind, tried)) is not None:
            tried.add(server)
            self._requests += 1
            server.last_used = self._requests
            try:
                return await server.send(kind, request_for(server), subject=subject, size=size)
            except CoreError as error:
                if not _another_server_may_succeed(error):
                    raise
                refusals.append(error)
        raise self._combined_error(kind, tried, refusals)

    def _choose(self, kind: JobKind, tried: set[Server]) -> Server | None:
        free = [
            server
            for server in self._candidates(kind)
            if server not in tried and server.seconds_until_ready(kind) == 0
        ]
        return min(
            free,
            key=lambda server: (server.load(kind), server.last_used),
            default=None,
        )

    def _candidates(self, kind: JobKind) -> Sequence[Server]:
        """Return the ready servers; if there are none, those that may become ready."""
        for states in (
            {ComponentState.READY},
            {ComponentState.LOADING, ComponentState.FAILED, None},
        ):
            if found := [
                server for server in self.servers if server.component_state(kind) in states
            ]:
                return found
        return self.servers

    def _combined_error(
        self, kind: JobKind, tried: set[Server], refusals: Sequence[CoreError]
    ) -> CoreError:
        """Return the error that tells best what to wait for."""
        absent = [error for error in refusals if isinstance(error, AssessorAbsentError)]
        if absent and len(absent) == len(self._candidates(kind)):
            return absent[0]  # no server is configured with a language model
        if len(self.servers) == 1 and refusals:
            return refusals[0]
        limits = [error for error in refusals if isinstance(error, ServerLimitError)]
        if limits and len(limits) == len(tried):
            return limits[0]
        unserved = [error for error in refusals if isinstance(error, InputUnservedError)]
        forbidden = [error for error in refusals if isinstance(error, ServerForbiddenError)]
        if unserved and len(unserved) + len(forbidden) == len(tried):
            return unserved[0]
        outages = [error for error in refusals if error.failure is FailureClass.OUTAGE]
        if outages and len(outages) == len(tried):
            return outages[-1]
        return ServerBusyError(
            "All inference servers are busy.",
            retry_after=self.seconds_until_ready(kind) if refusals else None,
        )


def _another_server_may_succeed(error: CoreError) -> bool:
    """Return whether another server may be able to do the job, and is not endangered by it."""
    if isinstance(error, (ServerStuckError, ServerLostError)):
        return False  # the job may be what the server is stuck at, or was stopped by
    if isinstance(error, InputUnservedError):
        return not error.may_stop_server
    outside_the_job = error.failure in {FailureClass.CAPACITY, FailureClass.OUTAGE}
    return outside_the_job or isinstance(error, AssessorAbsentError)
