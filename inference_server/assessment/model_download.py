"""Downloads the language model on request, in the background, and says how far it is."""

import asyncio
import contextlib
from dataclasses import dataclass, replace
from enum import StrEnum
import logging

from inference_server.assessment.assessor_service import AssessorKeeper
from inference_server.assessment.base import Pull, PullProgress
from inference_server.errors import ProblemError

_LOG = logging.getLogger(__name__)


class PullState(StrEnum):
    """Where a download is."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"  # the error says why


@dataclass(frozen=True, slots=True, kw_only=True)
class PullStatus:
    """The last download that was asked for; `total_bytes` is 0 until anything is known."""

    state: PullState
    model: str
    completed_bytes: int = 0
    total_bytes: int = 0
    error: str | None = None


class AssessorPull:
    """Runs one download at a time, of no other model than the one the server is set up with."""

    def __init__(self, keeper: AssessorKeeper) -> None:
        self._keeper = keeper
        self._task: asyncio.Task[None] | None = None
        self._status: PullStatus | None = None

    @property
    def status(self) -> PullStatus | None:
        """The last download, None where none was asked for."""
        return self._status

    def start(self) -> PullStatus:
        """Begin to download, unless one runs; raises ProblemError where nothing can be."""
        if self._status and self._status.state is PullState.RUNNING:
            return self._status
        model, pull = self._keeper.pull()
        self._status = PullStatus(state=PullState.RUNNING, model=model)
        self._task = asyncio.create_task(self._run(self._status, pull), name="pull")
        return self._status

    async def stop(self) -> None:
        """End the download; what it has brought is kept by the runtime."""
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _run(self, status: PullStatus, pull: Pull) -> None:
        def note(progress: PullProgress) -> None:
            nonlocal status
            status = self._status = replace(
                status,
                completed_bytes=progress.completed_bytes,
                total_bytes=progress.total_bytes,
            )

        _LOG.info("Downloading the language model %s", status.model)
        try:
            await pull(note)
        except ProblemError as err:
            _LOG.warning("The language model was not downloaded: %s", err.detail)
            self._status = replace(status, state=PullState.FAILED, error=err.detail)
        except Exception as err:  # noqa: BLE001 - a bug there must not look like a long download
            _LOG.exception("The language model was not downloaded")
            self._status = replace(
                status,
                state=PullState.FAILED,
                error=f"The download failed ({type(err).__name__}); see the log.",
            )
        else:
            _LOG.info("The language model %s has been downloaded", status.model)
            self._status = replace(status, state=PullState.DONE)
            self._keeper.look_again()
