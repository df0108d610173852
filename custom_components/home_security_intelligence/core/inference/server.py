"""One inference server: its load, its circuit breakers and its last health."""

from collections import Counter
from collections.abc import Awaitable, Callable, Hashable, Mapping
from datetime import datetime
from functools import partial
import math
import time

from ..aio.circuit_breaker import Call, CircuitBreaker
from ..domain.errors import (
    AssessorAbsentError,
    AssessorAnswerError,
    ClientError,
    CoreError,
    InputUnservedError,
    ServerAuthError,
    ServerBusyError,
    ServerForbiddenError,
    ServerLimitError,
    ServerLostError,
    ServerRejectedInputError,
    ServerStuckError,
    ServerTimeoutError,
)
from ..domain.inference import ComponentState, ServerHealth
from ..domain.models import JobKind
from ..domain.settings import Settings
from ..domain.updates import BreakerStatus
from .client import InferenceClient
from .suspects import Suspects

_BUSY_PAUSE = 1.0  # seconds without requests after "busy" that names no time itself


class Server:
    """Send requests to one server and record their outcome; each stage has its own breaker.

    `on_change` is called with a stage whose breaker or component state has changed,
    `on_failure` with each error after which the server's health should be polled.
    """

    def __init__(
        self,
        client: InferenceClient,
        *,
        settings: Settings,
        now: Callable[[], datetime],
        clock: Callable[[], float] = time.monotonic,
        on_change: Callable[[JobKind], None],
        on_failure: Callable[[Server, CoreError], None],
    ) -> None:
        self.client = client
        self.last_used = 0  # the pool's request count at the last request
        self._clock = clock
        self._on_change = on_change
        self._on_failure = on_failure
        self._recovery = settings.breaker_recovery
        self._breakers = {
            kind: CircuitBreaker(
                failures=settings.breaker_failures,
                recovery=settings.breaker_recovery,
                now=now,
                clock=clock,
                on_change=partial(on_change, kind),
            )
            for kind in JobKind
        }
        self._in_flight: Counter[JobKind] = Counter()
        self._requests: Counter[JobKind] = Counter()  # sent so far, which numbers them
        self._answered: Counter[JobKind] = Counter()  # the latest request that was answered
        self._suspects = {kind: Suspects() for kind in JobKind}
        self._foreign_images = 0  # images of other clients at the last health poll
        self._busy_until = dict.fromkeys(JobKind, 0.0)
        self._failed_at = dict.fromkeys(JobKind, -math.inf)  # not counting "busy"
        self._limit: tuple[int, str] | None = None  # bytes that were refused, and what to set
        self._health: ServerHealth | None = None  # None: not polled yet, or the last poll failed

    @property
    def url(self) -> str:
        """Return the address that identifies the server."""
        return self.client.url

    @property
    def breakers(self) -> Mapping[JobKind, BreakerStatus]:
        """Return the status of each stage's circuit breaker."""
        return {kind: breaker.status for kind, breaker in self._breakers.items()}

    @property
    def limit(self) -> str | None:
        """What to set so that the server takes larger images; None if it takes all."""
        return None if self._limit is None else self._limit[1]

    @property
    def model_missing(self) -> bool:
        """Whether the server reports that its language model is not installed."""
        return self._health is not None and self._health.assessor.model_missing

    @property
    def accepts_images(self) -> bool:
        """Whether the server reports a language model that takes images."""
        return self._health is not None and self._health.assessor.vision is True

    @property
    def accepted_fields(self) -> frozenset[str]:
        """Return the optional fields of an assess request that the server is known to read."""
        return frozenset() if self._health is None else self._health.assessor.accepts

    def failures(self, kind: JobKind) -> int:
        """Return the number of consecutive failures of a stage."""
        return self._breakers[kind].failures

    def is_open(self, kind: JobKind) -> bool:
        """Whether a stage's breaker is open."""
        return self._breakers[kind].is_open

    def component_state(self, kind: JobKind) -> ComponentState | None:
        """Return the state of the component that a stage needs; None if unknown."""
        if self._health is None:
            return None
        health = self._health
        return health.detector.state if kind is JobKind.DETECT else health.assessor.state

    def load(self, kind: JobKind) -> int:
        """Return the known number of requests in progress, of all clients.

        Recent failures count too: a server that fails at once would otherwise look idle.
        """
        foreign = self._foreign_images if kind is JobKind.DETECT else 0
        recent = self._clock() < self._failed_at[kind] + self._recovery
        return self._in_flight[kind] + foreign + (self.failures(kind) if recent else 0)

    def seconds_until_ready(self, kind: JobKind) -> float:
        """Return the seconds until a request may be sent; 0.0 means now."""
        return max(
            self._breakers[kind].seconds_until_ready(), self._busy_until[kind] - self._clock(), 0.0
        )

    async def send[T](
        self,
        kind: JobKind,
        request: Callable[[InferenceClient], Awaitable[T]],
        *,
        subject: Hashable,
        size: int = 0,
    ) -> T:
        """Send a request once `seconds_until_ready` returns 0.0; raises what the client raises.

        `subject` identifies the input over several requests. `size` is that of an image in bytes, 0
        if there is none.

        Raises ServerStuckError in place of a timeout that says nothing about the image: no request
        sent after it has been answered either. Raises InputUnservedError in place of an outage that
        met the same input before, while other inputs were answered in between.
        """
        call = self._breakers[kind].enter()
        self._in_flight[kind] += 1
        self._requests[kind] += 1
        number = self._requests[kind]
        try:
            response = await request(self.client)
        except CoreError as error:
            self._record(kind, call, number, error)
            if isinstance(error, ServerLimitError) and size:
                self._set_limit(
                    kind, (min(size, self._limit[0] if self._limit else size), str(error))
                )
            if type(error) is ServerTimeoutError and self._is_stuck(kind, number):
                raise ServerStuckError(str(error), code=error.code) from error
            if isinstance(error, ServerLostError | ServerForbiddenError):
                self._raise_if_input_is_cause(kind, subject, error)
            raise
        else:
            self._note_answer(kind, number)
            call.success()
            if self._limit is not None and size >= self._limit[0]:
                self._set_limit(kind, None)
            return response
        finally:
            self._in_flight[kind] -= 1
            call.abandon()

    def set_health(self, health: ServerHealth | None) -> None:
        """Record the result of a health poll, None if it failed.

        The breaker closes only for a component that was seen to be away and is ready again. A
        server that reports ready while a stage cannot use it, as behind a proxy that refuses
        images, is left to the breaker.
        """
        before = {kind: self.component_state(kind) for kind in JobKind}
        self._health = health
        if health is not None:
            own = self._in_flight[JobKind.DETECT]
            self._foreign_images = max(0, (health.detector.images_in_flight or 0) - own)
        for kind in JobKind:
            state = self.component_state(kind)
            if state is before[kind]:
                continue
            if state is ComponentState.READY:
                self._busy_until[kind] = 0.0
                self._breakers[kind].close()
            self._on_change(kind)

    def _set_limit(self, kind: JobKind, limit: tuple[int, str] | None) -> None:
        before, self._limit = self.limit, limit
        if self.limit != before:
            self._on_change(kind)

    def _is_stuck(self, kind: JobKind, number: int) -> bool:
        """Return whether a timeout may be the server's fault: it answered no later request.

        A language model may need too long for one event alone.
        """
        return kind is JobKind.DETECT and self._answered[kind] <= number

    def _raise_if_input_is_cause(self, kind: JobKind, subject: Hashable, error: CoreError) -> None:
        if self._suspects[kind].accuse(subject):
            raise InputUnservedError(
                f"{error} It was the same before, and others were answered in between.",
                may_stop_server=isinstance(error, ServerLostError),
            ) from error

    def _note_answer(self, kind: JobKind, number: int) -> None:
        self._answered[kind] = max(self._answered[kind], number)
        self._suspects[kind].note_answer()

    def _record(self, kind: JobKind, call: Call, number: int, error: CoreError) -> None:
        match error:
            case ServerRejectedInputError() | AssessorAbsentError() | AssessorAnswerError():
                self._note_answer(kind, number)
                call.success()
            case ServerLimitError():
                call.success()  # something answered, if not the server
            case ServerAuthError():
                call.trip(error.code)
                self._on_failure(self, error)
            case ServerBusyError(retry_after=retry_after):
                pause = _BUSY_PAUSE if retry_after is None else retry_after
                self._busy_until[kind] = self._clock() + min(pause, self._recovery)
                call.failure(error.code, retry_after=retry_after)
            case ClientError():
                self._failed_at[kind] = self._clock()
                call.failure(error.code)
                self._on_failure(self, error)
