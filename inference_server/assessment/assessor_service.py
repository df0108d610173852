"""Connect to the language model's runtime and monitor it."""

import asyncio
from collections import Counter
from collections.abc import Callable
import contextlib
from datetime import UTC, datetime
import logging
from time import monotonic

from inference_server.assessment.base import AssessmentResult, Assessor, Downloader
from inference_server.assessment.facts import Facts
from inference_server.assessment.gpu_residency import GpuResidency
from inference_server.errors import (
    AssessorAbsentError,
    AssessorCrashedError,
    AssessorFailedError,
    AssessorModelMissingError,
    AssessorTimeoutError,
    AssessorUnavailableError,
    ProblemError,
    cause_of,
)
from inference_server.observability.component_status import ComponentState, ComponentStatus

_LOG = logging.getLogger(__name__)
_CHECK_INTERVAL = 30.0  # seconds between checks of a working runtime
_FIRST_RETRY = 1.0  # seconds, doubles up to the check interval
SELF_TEST_INTERVAL = 60.0  # seconds
_TIMEOUTS = 3  # consecutive timeouts; while requests run there is no self-test
_CRASHES = 3  # on one event that count as a lack of capacity, not as the event's fault
_EVENTS_REMEMBERED = 256  # whose crashes are counted
_CLIENT_RETRY = 5.0  # seconds a client should wait for an unavailable runtime

_ABSENT = "This server runs without a language model (LLM_BACKEND=none)."


class AssessorService:
    """Start the assessor in the background, retrying until it is available."""

    def __init__(
        self,
        create: Callable[[], Assessor | None],
        *,
        timeout: float,
        self_test_interval: float = SELF_TEST_INTERVAL,
    ) -> None:
        """`create` may raise AssessorUnavailableError; `timeout` is for one assessment.

        A model without an answer for `self_test_interval` seconds is asked for a short one; 0 disables
        that.
        """
        self._create = create
        self._timeout = timeout
        self._prove_every = self_test_interval
        self._running = 0
        self._timeouts = 0  # consecutive
        self._crashes: Counter[int] = Counter()  # by event, the latest last
        self._verified: tuple[float, datetime] | None = None  # monotonic and wall-clock time
        self._gpu = GpuResidency()
        self._gpu_lost: str | None = None
        self._digest: str | None = None  # of the model that _gpu describes
        self._assessor: Assessor | None = None
        self._started = False
        self._problem: ProblemError | None = None
        self._status = ComponentStatus(state=ComponentState.LOADING)
        self._recheck_now = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def status(self) -> ComponentStatus:
        """The assessor's state."""
        return self._status

    @property
    def backend(self) -> str | None:
        """The kind of runtime; None if there is none."""
        return self._assessor.backend if self._assessor else None

    @property
    def model(self) -> str | None:
        """The model's name; None if there is none."""
        return self._assessor.model if self._assessor else None

    @property
    def model_digest(self) -> str | None:
        """The sha256 of the model; None if unknown."""
        return self._assessor.model_digest if self._assessor else None

    @property
    def vision(self) -> bool | None:
        """Whether the model accepts images; None if unknown."""
        return self._assessor.vision if self._assessor else None

    @property
    def problem(self) -> str | None:
        """The code of the current problem; None if there is none."""
        return self._problem.code if self._problem else None

    @property
    def verified_at(self) -> datetime | None:
        """Time of the model's last answer."""
        return self._verified[1] if self._verified else None

    @property
    def gpu_share(self) -> float | None:
        """Share (0-1) of the model in GPU memory; None if unknown."""
        return self._gpu.share

    @property
    def tokens_per_second(self) -> float | None:
        """Generation speed of the last answer; None if unknown."""
        return self._gpu.tokens_per_second

    @property
    def fallback(self) -> str | None:
        """What was lost since the model was loaded, such as the GPU; None if nothing."""
        return self._gpu_lost

    def downloader(self) -> tuple[str, Downloader]:
        """Return the model's name and a function that downloads it; raises ProblemErrors."""
        if self._assessor is None:
            raise self._problem or AssessorAbsentError(_ABSENT)
        return self._assessor.model, self._assessor.downloader()

    def recheck(self) -> None:
        """Check the model now; an earlier problem may be solved."""
        if self._status.state is ComponentState.FAILED:
            self._problem = None
            self._status = self._status.then(ComponentState.LOADING)
        self._recheck_now.set()

    def start(self) -> None:
        """Start connecting in the background."""
        try:
            self._assessor = self._create()
        except ProblemError as err:
            self._record_failure(err)
            return
        if self._assessor is None:
            self._status = ComponentStatus(state=ComponentState.ABSENT)
            return
        self._task = asyncio.create_task(self._monitor(self._assessor), name="assessor")

    async def stop(self) -> None:
        """Disconnect from the runtime."""
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        if self._assessor:
            await self._assessor.close()

    async def assess(self, facts: Facts) -> AssessmentResult:
        """Assess one event; raises ProblemErrors."""
        assessor = self._ready_assessor()
        self._running += 1
        try:
            async with asyncio.timeout(self._timeout):
                result = await assessor.assess(facts)
        except TimeoutError as err:
            problem = AssessorTimeoutError(
                f"{assessor.model} did not answer within {self._timeout:g} s "
                "(NEMOTRON_READ_TIMEOUT)."
            )
            self._timeouts += 1
            if self._timeouts >= _TIMEOUTS:
                self._mark_failed(problem)
            raise problem from err
        except AssessorCrashedError as err:
            self._mark_failed(err)
            if self._count_crash(facts) > _CRASHES:
                raise
            raise AssessorUnavailableError(err.detail, retry_after_s=_CLIENT_RETRY) from err
        except (AssessorUnavailableError, AssessorModelMissingError, AssessorFailedError) as err:
            self._mark_failed(err)
            raise
        finally:
            self._running -= 1
        self._record_answer(result.tokens_per_second)
        self._mark_ready(assessor)
        return result

    def _count_crash(self, facts: Facts) -> int:
        """Return how often the model's process ended on this event."""
        event = hash((facts.camera, facts.started_at))
        self._crashes[event] = self._crashes.pop(event, 0) + 1
        while len(self._crashes) > _EVENTS_REMEMBERED:
            del self._crashes[next(iter(self._crashes))]
        return self._crashes[event]

    def _mark_failed(self, problem: ProblemError) -> None:
        """Mark the model as failed until it answers again."""
        self._record_failure(problem)
        self._verified = None
        self._recheck_now.set()

    def _ready_assessor(self) -> Assessor:
        if self._assessor and self._started:
            return self._assessor
        if self._status.state is ComponentState.ABSENT:
            raise AssessorAbsentError(_ABSENT)
        self._recheck_now.set()  # a client is waiting
        if self._problem is None:
            raise AssessorUnavailableError(
                "The language model is starting.", retry_after_s=_CLIENT_RETRY
            )
        raise type(self._problem)(self._problem.detail, retry_after_s=_CLIENT_RETRY)

    async def _monitor(self, assessor: Assessor) -> None:
        retry = _FIRST_RETRY
        while True:
            self._recheck_now.clear()
            if await self._check(assessor):
                retry, pause = _FIRST_RETRY, _CHECK_INTERVAL
            else:
                pause, retry = retry, min(retry * 2, _CHECK_INTERVAL)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._recheck_now.wait()

    async def _check(self, assessor: Assessor) -> bool:
        try:
            if self._started:
                await assessor.check()
            else:
                await assessor.start()
                self._started = True
            await self._self_test(assessor)
        except ProblemError as err:
            self._record_failure(err)
            return False
        except Exception as err:  # noqa: BLE001 - a bug must not end the monitoring
            _LOG.exception("The language model failed to start")
            self._record_failure(
                AssessorUnavailableError(
                    f"The language model {assessor.model} failed to start: {cause_of(err)}"
                )
            )
            return False
        self._mark_ready(assessor)
        return True

    async def _self_test(self, assessor: Assessor) -> None:
        """Ask for a short answer if there was none recently; raises ProblemErrors."""
        if assessor.model_digest != self._digest:
            self._digest = assessor.model_digest
            self._gpu = GpuResidency()  # its values are per model
        due = self._verified is None or monotonic() >= self._verified[0] + self._prove_every
        if not self._prove_every or not due:
            return
        if self._running:
            if self._problem and self._verified is None:
                raise self._problem  # a running request will show whether it is solved
            return
        try:
            result = await assessor.self_test()
        except ProblemError:
            self._verified = None
            raise
        if result is None:
            return
        self._gpu.record_share(result.gpu_share)
        self._record_answer(result.tokens_per_second)

    def _record_answer(self, tokens_per_second: float | None) -> None:
        self._verified, self._timeouts = (monotonic(), datetime.now(UTC)), 0
        self._gpu.record_speed(tokens_per_second)
        if (lost := self._gpu.lost) is None and self._gpu_lost is not None:
            _LOG.info("The language model is back on the GPU")
        elif lost is not None and self._gpu_lost is None:
            _LOG.warning("%s", lost)
        self._gpu_lost = lost

    def _mark_ready(self, assessor: Assessor) -> None:
        if self._status.state is not ComponentState.READY:
            _LOG.info("Language model %s is ready (%s)", assessor.model, assessor.backend)
        self._problem = None
        self._status = self._status.then(ComponentState.READY)

    def _record_failure(self, problem: ProblemError) -> None:
        if self._status.error != problem.detail:
            _LOG.warning("The language model is not available: %s", problem.detail)
        self._problem = problem
        self._status = self._status.then(ComponentState.FAILED, problem.detail)
