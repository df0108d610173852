"""Download the language model on request in the background."""

import asyncio
import contextlib
from dataclasses import dataclass, replace
from enum import StrEnum
import logging

from inference_server.assessment.assessor_service import AssessorService
from inference_server.assessment.base import Downloader, DownloadProgress
from inference_server.errors import ProblemError, cause_of

_LOG = logging.getLogger(__name__)


class DownloadState(StrEnum):
    """State of a download."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"  # with the error


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadStatus:
    """The last requested download; `total_bytes` is 0 until the size is known."""

    state: DownloadState
    model: str
    completed_bytes: int = 0
    total_bytes: int = 0
    error: str | None = None


class ModelDownload:
    """Run one download at a time, of the configured model only."""

    def __init__(self, assessor_service: AssessorService) -> None:
        self._assessor_service = assessor_service
        self._task: asyncio.Task[None] | None = None
        self._status: DownloadStatus | None = None

    @property
    def status(self) -> DownloadStatus | None:
        """The last download; None if there was none."""
        return self._status

    def start(self) -> DownloadStatus:
        """Start a download unless one is running; raises ProblemErrors."""
        if self._status and self._status.state is DownloadState.RUNNING:
            return self._status
        model, download = self._assessor_service.downloader()
        self._status = DownloadStatus(state=DownloadState.RUNNING, model=model)
        self._task = asyncio.create_task(self._download(self._status, download), name="pull")
        return self._status

    async def stop(self) -> None:
        """Cancel the download; the runtime keeps completed parts."""
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _download(self, status: DownloadStatus, download: Downloader) -> None:
        def note(progress: DownloadProgress) -> None:
            nonlocal status
            status = self._status = replace(
                status,
                completed_bytes=progress.completed_bytes,
                total_bytes=progress.total_bytes,
            )

        _LOG.info("Downloading the language model %s", status.model)
        try:
            await download(note)
        except ProblemError as err:
            _LOG.warning("The download of the language model failed: %s", err.detail)
            self._status = replace(status, state=DownloadState.FAILED, error=err.detail)
        except Exception as err:  # noqa: BLE001 - a bug must not look like a long download
            _LOG.exception("The download of the language model failed")
            self._status = replace(
                status,
                state=DownloadState.FAILED,
                error=f"The download of {status.model} failed: {cause_of(err)}",
            )
        else:
            _LOG.info("Downloaded the language model %s", status.model)
            self._status = replace(status, state=DownloadState.DONE)
            self._assessor_service.recheck()
