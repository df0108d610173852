"""Tunes detection and events, how long things are kept and how pictures are found."""

from typing import Any

from homeassistant.config_entries import ConfigFlowResult, OptionsFlow

from ..bridge import bands_of
from ..const import CONF_EVENT_IDLE, CONF_EVENT_WINDOW
from ..core.domain.errors import RiskBandsError
from . import forms


class HsiOptionsFlow(OptionsFlow):
    """One form; what is stored takes effect by a reload."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for everything; what may stay as it is lies in sections."""
        errors: dict[str, str] = {}
        if user_input is not None:
            if user_input[CONF_EVENT_IDLE] > user_input[CONF_EVENT_WINDOW]:
                errors[CONF_EVENT_IDLE] = "idle_exceeds_window"
            try:
                bands_of(user_input)
            except RiskBandsError:
                errors["base"] = "levels_out_of_order"
            if not errors:
                return self.async_create_entry(data=user_input)
        return self.async_show_form(
            step_id="init",
            data_schema=self.add_suggested_values_to_schema(
                forms.OPTIONS, user_input or self.config_entry.options
            ),
            errors=errors,
        )
