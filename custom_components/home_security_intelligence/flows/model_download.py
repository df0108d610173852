"""Fix flow for a missing language model: the inference server downloads it."""

import asyncio
from typing import Any

from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import callback
from homeassistant.helpers import issue_registry as ir

from ..assessors import missing_models, pulls
from ..const import DOMAIN
from ..coordinator import HsiConfigEntry
from ..core.domain.errors import CoreError
from ..core.domain.inference import DownloadState, ModelDownload
from ..core.pipeline.pipeline import Pipeline
from ..markdown import escape_markdown

POLL_INTERVAL = 1.0  # seconds between progress requests


class ModelMissingFlow(RepairsFlow):
    """Start the download and show its progress; closing the dialog does not stop it."""

    def __init__(self, entry_id: str) -> None:
        """Keep the entry's id."""
        self._entry_id = entry_id
        self._download: asyncio.Task[str | None] | None = None

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Start with the confirmation."""
        return await self.async_step_confirm()

    async def async_step_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Ask for confirmation, because the download may be several gigabytes."""
        if user_input is not None:
            return await self.async_step_download()
        issue = ir.async_get(self.hass).async_get_issue(DOMAIN, self.issue_id)
        return self.async_show_form(
            step_id="confirm",
            description_placeholders=issue.translation_placeholders if issue else None,
        )

    async def async_step_download(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Show the progress until the download ends."""
        if self._download is None:
            entry: HsiConfigEntry | None = self.hass.config_entries.async_get_entry(self._entry_id)
            if entry is None or entry.state is not ConfigEntryState.LOADED:
                return self.async_abort(reason="not_loaded")
            pipeline = entry.runtime_data.pipeline
            # A tracked task would delay Home Assistant's start until the download ends.
            self._download = self.hass.async_create_background_task(
                self._async_download(pipeline), "language model download"
            )
        if not self._download.done():
            return self.async_show_progress(
                step_id="download", progress_action="download", progress_task=self._download
            )
        return self.async_show_progress_done(next_step_id="finish")

    async def async_step_finish(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Finish, or show the error."""
        error = self._download.result() if self._download else None
        if error is not None:
            return self.async_abort(
                reason="download_failed", description_placeholders={"error": escape_markdown(error)}
            )
        return self.async_create_entry(data={})

    @callback
    def async_remove(self) -> None:
        """Stop polling; the inference server continues the download."""
        if self._download is not None:
            self._download.cancel()

    async def _async_download(self, pipeline: Pipeline) -> str | None:
        """Return None once the model is installed, otherwise the error."""
        try:
            await pipeline.pull_models()
            while running := self._running(pipeline):
                share = min(each.share or 0.0 for each in running)
                self.async_update_progress(share)
                await asyncio.sleep(POLL_INTERVAL)
                await pipeline.refresh_health()
        except CoreError as err:
            return str(err)
        errors = [pull.error for pull in pulls(pipeline.health) if pull.error]
        if not errors and missing_models(pipeline.health):
            return "The inference server stopped the download."
        return errors[0] if errors else None

    def _running(self, pipeline: Pipeline) -> list[ModelDownload]:
        return [pull for pull in pulls(pipeline.health) if pull.state is DownloadState.RUNNING]
