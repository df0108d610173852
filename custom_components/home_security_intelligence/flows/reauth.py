"""Reauthenticate: a refused token or password, or a changed certificate."""

from collections.abc import Mapping
from typing import Any

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.const import CONF_PASSWORD, CONF_SSL, CONF_TOKEN, CONF_URL

from ..const import CONF_DATABASE_FINGERPRINT, CONF_FINGERPRINT
from . import forms
from .base import SECRETS, BaseFlow
from .validation import (
    CheckFailedError,
    UnknownCertificateError,
    async_check_server,
    async_check_store,
)


class ReauthSteps(BaseFlow):
    """Ask for the refused secret, or to confirm the server's new certificate."""

    _confirmed_certificate: Mapping[str, Any] = {}

    async def async_step_reauth(self, entry_data: Mapping[str, Any]) -> ConfigFlowResult:
        """Find out which of them is needed."""
        self.context["title_placeholders"] = {"address": str(entry_data[CONF_URL])}
        if str(entry_data[CONF_URL]).startswith("https"):
            try:
                await async_check_server(self.hass, entry_data)
            except UnknownCertificateError as err:
                return self._ask_to_confirm("reauth_certificate", {}, err)
            except CheckFailedError:
                pass
        if entry_data[CONF_SSL]:
            try:
                await async_check_store(entry_data)
            except UnknownCertificateError as err:
                return self._ask_to_confirm("reauth_database_certificate", {}, err)
            except CheckFailedError:
                pass
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_certificate(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask to confirm the server's certificate."""
        if user_input is not None:
            self._confirmed_certificate = self._certificate.confirmed_input
            return await self.async_step_reauth_confirm({})
        return self._show_certificate("reauth_certificate")

    async def async_step_reauth_database_certificate(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask to confirm the database's certificate."""
        if user_input is not None:
            self._confirmed_certificate = self._certificate.confirmed_input
            return await self.async_step_reauth_confirm({})
        return self._show_certificate("reauth_database_certificate")

    async def async_step_reauth_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Check the secrets that were entered; empty fields keep the stored value."""
        errors: dict[str, str] = {}
        if user_input is not None:
            entry = self._get_reauth_entry()
            # A confirmed certificate stays confirmed while the token is corrected.
            user_input = {**self._confirmed_certificate, **user_input}
            data = {**entry.data, **user_input}
            try:
                # Check only what was entered: the other part may be down at the moment.
                if {CONF_TOKEN, CONF_FINGERPRINT} & user_input.keys():
                    await self._async_identify(data)
                if {CONF_PASSWORD, CONF_DATABASE_FINGERPRINT} & user_input.keys():
                    await async_check_store(data)
            except CheckFailedError as err:
                errors = {
                    field if field in SECRETS else "base": reason
                    for field, reason in err.errors.items()
                }
            else:
                if user_input:
                    return self._finish(entry, user_input)
                errors["base"] = "nothing_typed"
        return self._show_form("reauth_confirm", forms.SECRETS, user_input, errors)
