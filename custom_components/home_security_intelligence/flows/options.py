"""The options: how the core detects, groups, assesses, keeps and watches."""

from collections.abc import Iterator
from typing import Any, Final

from homeassistant.config_entries import ConfigFlowResult, OptionsFlow
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    BooleanSelector,
    EntitySelector,
    EntitySelectorConfig,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    TextSelector,
    TextSelectorConfig,
)
import voluptuous as vol

from ..bridge import settings_from
from ..const import (
    ASLEEP_DOMAINS,
    CONF_ALARM,
    CONF_ASLEEP,
    CONF_ENTITIES,
    CONF_RESIDENTS,
    CONF_VISITORS,
    RESIDENT_DOMAINS,
    SECTION_HOME,
    VISITOR_DOMAINS,
)
from ..core.domain.declarations import Declaration, Option
from ..core.domain.errors import EventLengthError, LevelBoundsError
from ..core.domain.settings import (
    DECLARATIONS,
    SECTION_LEVELS,
    SECTION_RETENTION,
    SECTION_WATCHING,
)
from . import forms

type _Input = BooleanSelector | TextSelector | vol.All[Any]

_HOME = vol.Schema(
    {
        vol.Optional(CONF_ALARM): EntitySelector(
            EntitySelectorConfig(domain="alarm_control_panel")
        ),
        vol.Optional(CONF_RESIDENTS): EntitySelector(
            EntitySelectorConfig(domain=RESIDENT_DOMAINS, multiple=True)
        ),
        vol.Optional(CONF_ASLEEP): EntitySelector(
            EntitySelectorConfig(domain=ASLEEP_DOMAINS, multiple=True)
        ),
        vol.Optional(CONF_ENTITIES): forms.LINKED_ENTITIES,
        vol.Optional(CONF_VISITORS): EntitySelector(
            EntitySelectorConfig(domain=VISITOR_DOMAINS, multiple=True)
        ),
    }
)


def _selector(declaration: Declaration, option: Option) -> _Input:
    """Return the input for values of this kind, range and unit."""
    if isinstance(declaration.default, frozenset):
        return TextSelector(TextSelectorConfig(multiple=True))
    if isinstance(declaration.default, bool) or declaration.allowed is None:
        return BooleanSelector()
    low, high = declaration.allowed
    config = NumberSelectorConfig(
        min=low,
        max=high,
        step=option.step,
        mode=NumberSelectorMode.SLIDER if option.slider else NumberSelectorMode.BOX,
    )
    if declaration.unit is not None:
        config["unit_of_measurement"] = declaration.unit
    return vol.All(NumberSelector(config), vol.Coerce(type(declaration.default)))


def _fields(section_name: str | None) -> Iterator[tuple[vol.Required, _Input]]:
    for declaration in DECLARATIONS.values():
        option = declaration.option
        if option is not None and option.section == section_name:
            key = vol.Required(option.key, default=declaration.to_json(declaration.default))
            yield key, _selector(declaration, option)


OPTIONS: Final = vol.Schema(
    {
        **dict(_fields(None)),
        vol.Required(SECTION_HOME): section(_HOME, {"collapsed": True}),
        **{
            vol.Required(name): section(vol.Schema(dict(_fields(name))), {"collapsed": True})
            for name in (SECTION_LEVELS, SECTION_RETENTION, SECTION_WATCHING)
        },
    }
)


class HsiOptionsFlow(OptionsFlow):
    """One form; saving it reloads the entry."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show the form; settings that rarely change are in sections."""
        errors: dict[str, str] = {}
        if user_input is not None:
            try:
                settings_from(user_input)
            except EventLengthError:
                errors["event_idle"] = "idle_exceeds_window"
            except LevelBoundsError:
                errors["base"] = "levels_out_of_order"
            if not errors:
                return self.async_create_entry(data=user_input)
        return self.async_show_form(
            step_id="init",
            data_schema=self.add_suggested_values_to_schema(
                OPTIONS, user_input or self.config_entry.options
            ),
            errors=errors,
        )
