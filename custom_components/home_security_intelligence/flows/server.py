"""Subentry flow: add an inference server, or change its address or token."""

from collections.abc import Mapping
from typing import Any

from homeassistant.config_entries import ConfigSubentryFlow, SubentryFlowResult
from homeassistant.const import CONF_URL
from yarl import URL

from ..bridge import with_shared_token
from ..const import CONF_FINGERPRINT, SUBENTRY_SERVER
from ..core.domain.inference import ServerHealth
from ..core.inference.url import normalize_url
from . import forms
from .validation import (
    CheckFailedError,
    PendingCertificate,
    UnknownCertificateError,
    async_check_server,
    check_detector,
)


class ServerSubentryFlow(ConfigSubentryFlow):
    """A server that shares the work with the entry's first server."""

    def __init__(self) -> None:
        """Start without input."""
        self._certificate = PendingCertificate(user_input={}, fingerprint="")

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask for the address and token."""
        errors: dict[str, str] = {}
        placeholders: Mapping[str, str] = {}
        if user_input is not None:
            try:
                health = await self._async_identify(user_input)
                check_detector(health)
            except UnknownCertificateError as err:
                return self._ask_to_confirm("certificate", user_input, err)
            except CheckFailedError as err:
                errors, placeholders = err.errors, err.placeholders
            else:
                return self.async_create_entry(
                    title=_title(user_input), data=user_input, unique_id=str(health.instance_id)
                )
        return self.async_show_form(
            step_id="user",
            data_schema=self.add_suggested_values_to_schema(forms.SERVER, user_input),
            errors=errors,
            description_placeholders=placeholders,
        )

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask for the new address or token; an empty token keeps the stored one."""
        errors: dict[str, str] = {}
        server = self._get_reconfigure_subentry()
        if user_input is not None:
            data = {**server.data, **user_input}
            if CONF_FINGERPRINT not in user_input:  # belongs to the previous server
                data.pop(CONF_FINGERPRINT, None)
            try:
                health = await self._async_identify(data, except_id=server.subentry_id)
            except UnknownCertificateError as err:
                return self._ask_to_confirm("reconfigure_certificate", user_input, err)
            except CheckFailedError as err:
                errors = err.errors
            else:
                return self.async_update_and_abort(
                    self._get_entry(),
                    server,
                    title=_title(data),
                    data=data,
                    unique_id=str(health.instance_id),
                )
        suggested = user_input or {CONF_URL: server.data[CONF_URL]}
        return self.async_show_form(
            step_id="reconfigure",
            data_schema=self.add_suggested_values_to_schema(forms.SERVER, suggested),
            errors=errors,
        )

    async def async_step_certificate(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask to confirm the server's certificate."""
        if user_input is not None:
            return await self.async_step_user(self._certificate.confirmed_input)
        return self._show_certificate("certificate")

    async def async_step_reconfigure_certificate(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask to confirm the server's certificate."""
        if user_input is not None:
            return await self.async_step_reconfigure(self._certificate.confirmed_input)
        return self._show_certificate("reconfigure_certificate")

    def _ask_to_confirm(
        self, step: str, user_input: dict[str, Any], err: UnknownCertificateError
    ) -> SubentryFlowResult:
        """Keep the input and ask to confirm the server's untrusted certificate."""
        self._certificate = PendingCertificate(user_input=user_input, fingerprint=err.fingerprint)
        return self._show_certificate(step)

    def _show_certificate(self, step: str) -> SubentryFlowResult:
        return self.async_show_form(
            step_id=step, description_placeholders=self._certificate.placeholders
        )

    async def _async_identify(
        self, data: Mapping[str, Any], *, except_id: str | None = None
    ) -> ServerHealth:
        """Return the server's health; raises CheckFailedError if the entry already uses it."""
        entry = self._get_entry()
        health = await async_check_server(self.hass, with_shared_token(entry, data))
        others = [
            server
            for server in entry.get_subentries_of_type(SUBENTRY_SERVER)
            if server.subentry_id != except_id
        ]
        addresses = [entry.data[CONF_URL], *(server.data[CONF_URL] for server in others)]
        instance_id = str(health.instance_id)
        if (
            normalize_url(data[CONF_URL]) in map(normalize_url, addresses)
            or instance_id == entry.unique_id
            or instance_id in {server.unique_id for server in others}
        ):
            raise CheckFailedError(CONF_URL, "server_taken")
        return health


def _title(data: Mapping[str, Any]) -> str:
    return f"Inference server {URL(normalize_url(data[CONF_URL])).authority}"
