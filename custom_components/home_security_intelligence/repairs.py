"""Repairs platform: the fix flows of the fixable issues."""

from collections.abc import Awaitable, Callable
from typing import Any

from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir

from .const import DOMAIN
from .coordinator import HsiConfigEntry
from .core.domain.errors import StoreError
from .core.domain.models import RequeueReport
from .core.pipeline.pipeline import Pipeline
from .flows.clean_up import CleanUpFlow
from .flows.model_download import ModelMissingFlow
from .issues import CLEAN_UP_WAITS, DATA_ENTRY_ID, MODEL_MISSING


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, str | int | float | None] | None
) -> RepairsFlow:
    """Return the flow for an issue."""
    entry_id = str(data[DATA_ENTRY_ID]) if data else ""
    if issue_id.startswith(MODEL_MISSING):
        return ModelMissingFlow(entry_id)
    if issue_id.startswith(CLEAN_UP_WAITS):
        return CleanUpFlow(entry_id)
    return DeadLettersFlow(entry_id)


class DeadLettersFlow(RepairsFlow):
    """Requeue or discard all dead letters of an entry."""

    def __init__(self, entry_id: str) -> None:
        """Keep the entry's id."""
        self._entry_id = entry_id

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Show the choices."""
        issue = ir.async_get(self.hass).async_get_issue(DOMAIN, self.issue_id)
        return self.async_show_menu(
            step_id="init",
            menu_options=["requeue", "discard"],
            description_placeholders=issue.translation_placeholders if issue else None,
        )

    async def async_step_requeue(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Requeue all dead letters; those refused keep the issue."""
        return await self._async_finish(_requeue)

    async def async_step_discard(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Discard all dead letters."""
        return await self._async_finish(_discard)

    async def _async_finish(
        self, action: Callable[[Pipeline], Awaitable[RequeueReport | None]]
    ) -> RepairsFlowResult:
        entry: HsiConfigEntry | None = self.hass.config_entries.async_get_entry(self._entry_id)
        if entry is None or entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="not_loaded")
        try:
            report = await action(entry.runtime_data.pipeline)
        except StoreError as err:
            return self.async_abort(
                reason="database_failed", description_placeholders={"error": str(err)}
            )
        if report is not None and report.refused:
            return self.async_abort(
                reason="requeue_refused",
                description_placeholders={
                    "requeued": str(report.requeued),
                    "refused": str(report.refused),
                    "refusal": report.refusal or "",
                },
            )
        return self.async_create_entry(data={})


async def _requeue(pipeline: Pipeline) -> RequeueReport:
    return await pipeline.dead_letters.requeue()


async def _discard(pipeline: Pipeline) -> None:
    await pipeline.dead_letters.discard()
