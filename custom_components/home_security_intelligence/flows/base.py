"""What all steps of the config flow share."""

from collections.abc import Mapping
from operator import itemgetter
from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigFlow, ConfigFlowResult
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_PORT, CONF_TOKEN
from homeassistant.helpers.typing import UNDEFINED, UndefinedType
import voluptuous as vol

from ..const import CONF_DATABASE
from ..core.domain.inference import ServerHealth
from .validation import (
    CheckFailedError,
    PendingCertificate,
    UnknownCertificateError,
    async_check_server,
)

SECRETS = (CONF_TOKEN, CONF_PASSWORD)


class BaseFlow(ConfigFlow):
    """Show forms, identify the server and store the result."""

    def __init__(self) -> None:
        """Start without input."""
        self._data: dict[str, Any] = {}
        self._certificate = PendingCertificate(user_input={}, fingerprint="")

    def _show_form(
        self,
        step: str,
        schema: vol.Schema,
        suggested: Mapping[str, Any] | None,
        errors: dict[str, str],
        placeholders: Mapping[str, str] | None = None,
    ) -> ConfigFlowResult:
        """Show a form filled with the earlier input, so that an error loses nothing."""
        return self.async_show_form(
            step_id=step,
            data_schema=self.add_suggested_values_to_schema(schema, suggested),
            errors=errors,
            description_placeholders=placeholders,
        )

    def _ask_to_confirm(
        self, step: str, user_input: dict[str, Any], err: UnknownCertificateError
    ) -> ConfigFlowResult:
        """Keep the input and ask to confirm the untrusted certificate."""
        self._certificate = PendingCertificate(
            user_input=user_input, fingerprint=err.fingerprint, stored_as=err.stored_as
        )
        return self._show_certificate(step)

    def _show_certificate(self, step: str) -> ConfigFlowResult:
        return self.async_show_form(
            step_id=step, description_placeholders=self._certificate.placeholders
        )

    async def _async_identify(self, data: Mapping[str, Any]) -> ServerHealth:
        """Return the server's health and set its id; aborts if the entry has another server."""
        health = await async_check_server(self.hass, data)
        # A discovery flow of the same server ends when this flow does.
        await self.async_set_unique_id(str(health.instance_id), raise_on_progress=False)
        self._abort_if_unique_id_mismatch()
        return health

    def _refuse_shared_database(
        self, data: Mapping[str, Any], *, except_entry: ConfigEntry[Any] | None = None
    ) -> None:
        """Raise CheckFailedError for another entry's database: each entry needs its own."""
        address = itemgetter(CONF_HOST, CONF_PORT, CONF_DATABASE)
        entries = self._async_current_entries(include_ignore=False)
        others = (entry for entry in entries if entry is not except_entry)
        if any(address(entry.data) == address(data) for entry in others):
            raise CheckFailedError(CONF_DATABASE, "database_taken")

    def _finish(
        self,
        entry: ConfigEntry[Any],
        updates: dict[str, Any],
        *,
        reason: str | UndefinedType = UNDEFINED,
    ) -> ConfigFlowResult:
        """Store the changes; an entry without update listener is reloaded here."""
        finish = (
            self.async_update_and_abort
            if entry.update_listeners
            else self.async_update_reload_and_abort
        )
        return finish(entry, data_updates=updates, reason=reason)


def without_secrets(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that a form may show."""
    return {key: value for key, value in data.items() if key not in SECRETS}
