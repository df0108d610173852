"""Keeps the language model's runtime connected, and says how it is."""

import asyncio
from collections.abc import Callable
import contextlib
from datetime import UTC, datetime
import logging
from time import monotonic

from inference_server.assessment.base import AssessmentResult, Assessor, Pull
from inference_server.assessment.facts import Facts
from inference_server.assessment.gpu_residency import PlacementWatch
from inference_server.errors import (
    AssessorAbsentError,
    AssessorFailedError,
    AssessorModelMissingError,
    AssessorTimeoutError,
    AssessorUnavailableError,
    ProblemError,
)
from inference_server.observability.component_status import ComponentState, ComponentStatus

_LOG = logging.getLogger(__name__)
_CHECK_INTERVAL = 30.0  # seconds between looks at a runtime that works
_FIRST_RETRY = 1.0  # seconds, doubles up to the check interval
PROVE_EVERY = 60.0  # seconds
_TIMEOUTS = 3  # events in a row without an answer: with one always in hand, nothing else proves it
_CLIENT_RETRY = 5.0  # seconds a client should wait for a runtime that is not there

_ABSENT = "This server runs without a language model (LLM_BACKEND=none)."


class AssessorKeeper:
    """Starts the assessor in the background, again and again until it is there."""

    def __init__(
        self,
        create: Callable[[], Assessor | None],
        *,
        timeout: float,
        prove_every: float = PROVE_EVERY,
    ) -> None:
        """`create` may raise AssessorUnavailableError; `timeout` is for one assessment.

        A model that gave no answer for `prove_every` seconds is made to give a tiny one; 0 leaves
        that out.
        """
        self._create = create
        self._timeout = timeout
        self._prove_every = prove_every
        self._in_hand = 0
        self._timeouts = 0  # in a row
        self._proven: tuple[float, datetime] | None = None  # by the monotonic clock and the wall's
        self._gpu = PlacementWatch()
        self._gpu_lost: str | None = None
        self._digest: str | None = None  # of the model that the GPU's watch is about
        self._assessor: Assessor | None = None
        self._started = False
        self._problem: ProblemError | None = None
        self._status = ComponentStatus(state=ComponentState.LOADING)
        self._look_now = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def status(self) -> ComponentStatus:
        """The assessor's state."""
        return self._status

    @property
    def backend(self) -> str | None:
        """The kind of runtime, None where there is none."""
        return self._assessor.backend if self._assessor else None

    @property
    def model(self) -> str | None:
        """The model's name, None where there is none."""
        return self._assessor.model if self._assessor else None

    @property
    def model_digest(self) -> str | None:
        """The sha256 of the model, None where nobody knows."""
        return self._assessor.model_digest if self._assessor else None

    @property
    def vision(self) -> bool | None:
        """Whether the model sees pictures, None where nobody knows."""
        return self._assessor.vision if self._assessor else None

    @property
    def problem(self) -> str | None:
        """The code of what keeps it from being ready."""
        return self._problem.code if self._problem else None

    @property
    def proven_at(self) -> datetime | None:
        """When the model was last seen to answer."""
        return self._proven[1] if self._proven else None

    @property
    def gpu_share(self) -> float | None:
        """The part of the model that is on the GPU, 0-1; None where the runtime does not tell."""
        return self._gpu.share

    @property
    def tokens_per_second(self) -> float | None:
        """How fast the last answer was written; None where nobody knows."""
        return self._gpu.tokens_per_second

    @property
    def fallback(self) -> str | None:
        """What was lost since the model was loaded, such as its GPU."""
        return self._gpu_lost

    def pull(self) -> tuple[str, Pull]:
        """Return the model's name and how to download it; raises where nothing can be."""
        if self._assessor is None:
            raise self._problem or AssessorAbsentError(_ABSENT)
        return self._assessor.model, self._assessor.pull()

    def look_again(self) -> None:
        """Look at the model now; what was wrong with it before may no longer be."""
        if self._status.state is ComponentState.FAILED:
            self._problem = None
            self._status = self._status.then(ComponentState.LOADING)
        self._look_now.set()

    def start(self) -> None:
        """Begin to connect; returns at once."""
        try:
            self._assessor = self._create()
        except ProblemError as err:
            self._note(err)
            return
        if self._assessor is None:
            self._status = ComponentStatus(state=ComponentState.ABSENT)
            return
        self._task = asyncio.create_task(self._watch(self._assessor), name="assessor")

    async def stop(self) -> None:
        """Let go of the runtime."""
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        if self._assessor:
            await self._assessor.close()

    async def assess(self, facts: Facts) -> AssessmentResult:
        """Assess one event; raises ProblemErrors."""
        assessor = self._usable()
        self._in_hand += 1
        try:
            async with asyncio.timeout(self._timeout):
                result = await assessor.assess(facts)
        except TimeoutError as err:
            problem = AssessorTimeoutError(
                f"{assessor.model} gave no answer within {self._timeout:g} s "
                "(NEMOTRON_READ_TIMEOUT)."
            )
            self._timeouts += 1
            if self._timeouts >= _TIMEOUTS:
                self._doubt(problem)
            raise problem from err
        except (AssessorUnavailableError, AssessorModelMissingError, AssessorFailedError) as err:
            self._doubt(err)
            raise
        finally:
            self._in_hand -= 1
        self._note_answer(result.tokens_per_second)
        self._note_ready(assessor)
        return result

    def _doubt(self, problem: ProblemError) -> None:
        """Take it for failed; to be ready again, it has to answer."""
        self._note(problem)
        self._proven = None
        self._look_now.set()

    def _usable(self) -> Assessor:
        if self._assessor and self._started:
            return self._assessor
        if self._status.state is ComponentState.ABSENT:
            raise AssessorAbsentError(_ABSENT)
        self._look_now.set()  # someone is waiting for it
        if self._problem is None:
            raise AssessorUnavailableError(
                "The language model is being started.", retry_after_s=_CLIENT_RETRY
            )
        raise type(self._problem)(self._problem.detail, retry_after_s=_CLIENT_RETRY)

    async def _watch(self, assessor: Assessor) -> None:
        retry = _FIRST_RETRY
        while True:
            self._look_now.clear()
            if await self._look(assessor):
                retry, pause = _FIRST_RETRY, _CHECK_INTERVAL
            else:
                pause, retry = retry, min(retry * 2, _CHECK_INTERVAL)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._look_now.wait()

    async def _look(self, assessor: Assessor) -> bool:
        try:
            if self._started:
                await assessor.check()
            else:
                await assessor.start()
                self._started = True
            await self._prove(assessor)
        except ProblemError as err:
            self._note(err)
            return False
        except Exception as err:  # noqa: BLE001 - a bug there must not end the watch over it
            _LOG.exception("The language model failed to start")
            self._note(
                AssessorUnavailableError(
                    f"The language model failed to start ({type(err).__name__}); see the log."
                )
            )
            return False
        self._note_ready(assessor)
        return True

    async def _prove(self, assessor: Assessor) -> None:
        """See the model answer where that was not seen for a while; raises ProblemErrors."""
        if assessor.model_digest != self._digest:
            self._digest = assessor.model_digest
            self._gpu = PlacementWatch()  # another model is another size
        due = self._proven is None or monotonic() >= self._proven[0] + self._prove_every
        if not self._prove_every or not due:
            return
        if self._in_hand:
            if self._problem and self._proven is None:
                raise self._problem  # what is in hand has to show that it is over
            return
        try:
            proof = await assessor.prove()
        except ProblemError:
            self._proven = None
            raise
        if proof is None:
            return
        self._gpu.place(proof.gpu_share)
        self._note_answer(proof.tokens_per_second)

    def _note_answer(self, tokens_per_second: float | None) -> None:
        self._proven, self._timeouts = (monotonic(), datetime.now(UTC)), 0
        self._gpu.answer(tokens_per_second)
        if (lost := self._gpu.lost) is None and self._gpu_lost is not None:
            _LOG.info("The language model runs as it did before")
        elif lost is not None and self._gpu_lost is None:
            _LOG.warning("%s", lost)
        self._gpu_lost = lost

    def _note_ready(self, assessor: Assessor) -> None:
        if self._status.state is not ComponentState.READY:
            _LOG.info("Language model %s is ready (%s)", assessor.model, assessor.backend)
        self._problem = None
        self._status = self._status.then(ComponentState.READY)

    def _note(self, problem: ProblemError) -> None:
        if self._status.error != problem.detail:
            _LOG.warning("The language model is not available: %s", problem.detail)
        self._problem = problem
        self._status = self._status.then(ComponentState.FAILED, problem.detail)
