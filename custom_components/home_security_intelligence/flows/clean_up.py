"""Fix flow for a clean-up that waits: it would delete much, or the clock is in doubt."""

from typing import Any

from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntryState
from homeassistant.helpers import issue_registry as ir

from ..const import DOMAIN
from ..coordinator import HsiConfigEntry
from ..core.domain.errors import StoreError


class CleanUpFlow(RepairsFlow):
    """Confirm a clean-up that would delete much; it then runs in the background."""

    def __init__(self, entry_id: str) -> None:
        """Keep the entry's id."""
        self._entry_id = entry_id

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Begin with the question."""
        return await self.async_step_confirm()

    async def async_step_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Say what would be deleted and why that is asked; confirm it."""
        issue = ir.async_get(self.hass).async_get_issue(DOMAIN, self.issue_id)
        if user_input is None:
            return self.async_show_form(
                step_id="confirm",
                description_placeholders=issue.translation_placeholders if issue else None,
            )
        entry: HsiConfigEntry | None = self.hass.config_entries.async_get_entry(self._entry_id)
        if entry is None or entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="not_loaded")
        try:
            await entry.runtime_data.pipeline.cleanup.confirm()
        except StoreError as err:
            return self.async_abort(
                reason="database_failed", description_placeholders={"error": str(err)}
            )
        return self.async_create_entry(data={})
