"""One inference server and the books about it: what it has in hand, and whether to ask it."""

from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
import math
import time

from ..aio.circuit_breaker import Breaker, Call
from ..domain.errors import (
    AssessorAbsentError,
    AssessorAnswerError,
    ClientError,
    CoreError,
    ServerAuthError,
    ServerBusyError,
    ServerRejectedInputError,
)
from ..domain.inference import PartState, ServerHealth
from ..domain.models import JobKind
from ..domain.settings import Settings
from ..domain.updates import BreakerStatus
from .client import InferenceClient

_BUSY_PAUSE = 1.0  # seconds that a server without room is left alone unless it says how long


class Server:
    """Asks one server, and notes what comes of it; each stage has a breaker of its own.

    `on_change` hears of each stage for which a breaker or the part it needs has changed,
    `on_failure` of each error that makes it worth asking the server how it is.
    """

    def __init__(
        self,
        client: InferenceClient,
        *,
        settings: Settings,
        now: Callable[[], datetime],
        clock: Callable[[], float] = time.monotonic,
        on_change: Callable[[Server, JobKind], None],
        on_failure: Callable[[Server, CoreError], None],
    ) -> None:
        self.client = client
        self.asked_last = 0  # the pool's count of questions when it was last asked
        self._now = now
        self._clock = clock
        self._on_change = on_change
        self._on_failure = on_failure
        self._recovery = settings.breaker_recovery
        self._breakers = {
            kind: Breaker(
                failures=settings.breaker_failures, recovery=settings.breaker_recovery, clock=clock
            )
            for kind in JobKind
        }
        self._status = dict.fromkeys(JobKind, BreakerStatus())
        self._told: dict[JobKind, float | None] = dict.fromkeys(JobKind)  # open until
        self._in_hand: Counter[JobKind] = Counter()
        self._of_others = 0  # pictures of other clients when it was last asked
        self._busy_until = dict.fromkeys(JobKind, 0.0)
        self._failed_at = dict.fromkeys(JobKind, -math.inf)  # other than for want of room
        self._health: ServerHealth | None = None  # None: it could not be asked, or not yet

    @property
    def url(self) -> str:
        """The server's address, by which it is known."""
        return self.client.url

    def status(self, kind: JobKind) -> BreakerStatus:
        """Return how a stage's breaker stands."""
        return self._status[kind]

    def failures(self, kind: JobKind) -> int:
        """Return how many failures of a stage came in a row."""
        return self._breakers[kind].failures

    def is_open(self, kind: JobKind) -> bool:
        """Tell whether a stage's breaker is open."""
        return self._breakers[kind].is_open

    def part(self, kind: JobKind) -> PartState | None:
        """Return how the part that a stage needs is; None where that is not known."""
        if self._health is None:
            return None
        health = self._health
        return health.detector.state if kind is JobKind.DETECT else health.assessor.state

    @property
    def misses_model(self) -> bool:
        """Whether it said that its language model is not there."""
        return self._health is not None and self._health.assessor.model_missing

    @property
    def sees(self) -> bool:
        """Whether it said that its language model sees pictures."""
        return self._health is not None and self._health.assessor.vision is True

    def load(self, kind: JobKind) -> int:
        """Return how much it has to do, as far as is known here.

        Failures count as well for a while: who fails at once would seem to have nothing to do.
        """
        others = self._of_others if kind is JobKind.DETECT else 0
        lately = self._clock() < self._failed_at[kind] + self._recovery
        return self._in_hand[kind] + others + (self.failures(kind) if lately else 0)

    def wait(self, kind: JobKind) -> float:
        """Return for how many seconds it is to be left alone."""
        return max(self._breakers[kind].wait(), self._busy_until[kind] - self._clock(), 0.0)

    async def ask[T](self, kind: JobKind, question: Callable[[InferenceClient], Awaitable[T]]) -> T:
        """Ask it, when there is nothing to wait for; raises what the client raises."""
        call = self._breakers[kind].enter()
        self._in_hand[kind] += 1
        try:
            answer = await question(self.client)
        except CoreError as error:
            self._note(kind, call, error)
            raise
        else:
            call.success()
            return answer
        finally:
            self._in_hand[kind] -= 1
            call.abandon()
            self._tell(kind)

    def answered(self, health: ServerHealth) -> None:
        """Take in how it says it is; what was away and is ready again may be asked at once."""
        before = {kind: self.part(kind) for kind in JobKind}
        self._take_in(health)
        self._of_others = max(0, (health.detector.pictures or 0) - self._in_hand[JobKind.DETECT])
        for kind in JobKind:
            # Only what was seen to be away returns: a server that says it is well while a stage
            # cannot use it, as behind a proxy that lets no picture through, is left to the breaker.
            if self.part(kind) is PartState.READY is not before[kind]:
                self._busy_until[kind] = 0.0
                self._breakers[kind].close()
                self._tell(kind)

    def failed(self) -> None:
        """Take in that it could not be asked how it is."""
        self._take_in(None)

    def _take_in(self, health: ServerHealth | None) -> None:
        before = {kind: self.part(kind) for kind in JobKind}
        self._health = health
        for kind in JobKind:
            if self.part(kind) is not before[kind]:
                self._on_change(self, kind)

    def _note(self, kind: JobKind, call: Call, error: CoreError) -> None:
        match error:
            case ServerRejectedInputError() | AssessorAbsentError() | AssessorAnswerError():
                # It answered.
                call.success()
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

    def _tell(self, kind: JobKind) -> None:
        """Say how a breaker stands, where that is news."""
        breaker = self._breakers[kind]
        if breaker.open_until == self._told[kind]:
            return
        self._told[kind] = breaker.open_until
        self._status[kind] = (
            BreakerStatus(
                open_until=self._now() + timedelta(seconds=breaker.wait()), reason=breaker.reason
            )
            if breaker.is_open
            else BreakerStatus()
        )
        self._on_change(self, kind)
