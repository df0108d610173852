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
from .core.pipeline.pipeline import Pipeline
from .flows.model_download import ModelMissingFlow
from .issues import DATA_ENTRY_ID, MODEL_MISSING


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, str | int | float | None] | None
) -> RepairsFlow:
    """Return the flow for an issue."""
    entry_id = str(data[DATA_ENTRY_ID]) if data else ""
    if issue_id.startswith(MODEL_MISSING):
        return ModelMissingFlow(entry_id)
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
        """Requeue all dead letters."""
        return await self._async_finish(lambda pipeline: pipeline.dead_letters.requeue())

    async def async_step_discard(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Discard all dead letters."""
        return await self._async_finish(lambda pipeline: pipeline.dead_letters.discard())

    async def _async_finish(
        self, action: Callable[[Pipeline], Awaitable[object]]
    ) -> RepairsFlowResult:
        entry: HsiConfigEntry | None = self.hass.config_entries.async_get_entry(self._entry_id)
        if entry is None or entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="not_loaded")
        try:
            await action(entry.runtime_data.pipeline)
        except StoreError as err:
            return self.async_abort(
                reason="database_failed", description_placeholders={"error": str(err)}
            )
        return self.async_create_entry(data={})
