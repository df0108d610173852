"""Keeps the language model's runtime connected, and says how it is."""

import asyncio
from collections.abc import Callable
import contextlib
import logging

from .assessment import AssessmentResult, Assessor, Facts
from .errors import (
    AssessorAbsentError,
    AssessorFailedError,
    AssessorModelMissingError,
    AssessorTimeoutError,
    AssessorUnavailableError,
    ProblemError,
)
from .parts import PartState, PartStatus

_LOG = logging.getLogger(__name__)
_CHECK_INTERVAL = 30.0  # seconds between looks at a runtime that works
_FIRST_RETRY = 1.0  # seconds, doubles up to the check interval
_CLIENT_RETRY = 5.0  # seconds a client should wait for a runtime that is not there


class AssessorKeeper:
    """Starts the assessor in the background, again and again until it is there."""

    def __init__(self, create: Callable[[], Assessor | None], *, timeout: float) -> None:
        """`create` may raise AssessorUnavailableError; `timeout` is for one assessment."""
        self._create = create
        self._timeout = timeout
        self._assessor: Assessor | None = None
        self._started = False
        self._problem: ProblemError | None = None
        self._status = PartStatus(state=PartState.LOADING)
        self._look_now = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def status(self) -> PartStatus:
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

    def start(self) -> None:
        """Begin to connect; returns at once."""
        try:
            self._assessor = self._create()
        except ProblemError as err:
            self._note(err)
            return
        if self._assessor is None:
            self._status = PartStatus(state=PartState.ABSENT)
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
        try:
            async with asyncio.timeout(self._timeout):
                result = await assessor.assess(facts)
        except TimeoutError as err:
            raise AssessorTimeoutError(
                f"{assessor.model} gave no answer within {self._timeout:g} s "
                "(NEMOTRON_READ_TIMEOUT)."
            ) from err
        except (AssessorUnavailableError, AssessorModelMissingError, AssessorFailedError) as err:
            self._note(err)
            self._look_now.set()
            raise
        self._note_ready(assessor)
        return result

    def _usable(self) -> Assessor:
        if self._assessor and self._started:
            return self._assessor
        if self._status.state is PartState.ABSENT:
            raise AssessorAbsentError(
                "This server runs without a language model (LLM_BACKEND=none)."
            )
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

    def _note_ready(self, assessor: Assessor) -> None:
        if self._status.state is not PartState.READY:
            _LOG.info("Language model %s is ready (%s)", assessor.model, assessor.backend)
        self._problem = None
        self._status = self._status.then(PartState.READY)

    def _note(self, problem: ProblemError) -> None:
        if self._status.error != problem.detail:
            _LOG.warning("The language model is not available: %s", problem.detail)
        self._problem = problem
        self._status = self._status.then(PartState.FAILED, problem.detail)
