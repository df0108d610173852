"""Adds another inference server to an installation, and changes its address or token."""

from collections.abc import Mapping
from typing import Any

from homeassistant.config_entries import ConfigSubentryFlow, SubentryFlowResult
from homeassistant.const import CONF_URL
from yarl import URL

from ..bridge import with_shared_token
from ..const import CONF_FINGERPRINT, SUBENTRY_SERVER
from ..core.inference.certificate import format_fingerprint
from ..core.inference.url import normalize_url
from . import forms
from .validation import CheckFailedError, UnknownCertificateError, async_check_server


class ServerSubentryFlow(ConfigSubentryFlow):
    """A server that shares the work with the one the installation was set up with."""

    def __init__(self) -> None:
        """Start with nothing typed."""
        self._unconfirmed = ""  # fingerprint that a person is asked about
        self._typed: dict[str, Any] = {}  # in the step that goes on once it is confirmed

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask where it is, and try it."""
        errors: dict[str, str] = {}
        if user_input is not None:
            try:
                instance_id = await self._async_identify(user_input)
            except UnknownCertificateError as err:
                return self._async_ask("certificate", user_input, err)
            except CheckFailedError as err:
                errors = err.errors
            else:
                return self.async_create_entry(
                    title=_title(user_input), data=user_input, unique_id=instance_id
                )
        return self.async_show_form(
            step_id="user",
            data_schema=self.add_suggested_values_to_schema(forms.SERVER, user_input),
            errors=errors,
        )

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask for another address or token; a token left empty stays as it is."""
        errors: dict[str, str] = {}
        server = self._get_reconfigure_subentry()
        if user_input is not None:
            data = {**server.data, **user_input}
            if CONF_FINGERPRINT not in user_input:  # one confirmed before was of what was there
                data.pop(CONF_FINGERPRINT, None)
            try:
                instance_id = await self._async_identify(data, but=server.subentry_id)
            except UnknownCertificateError as err:
                return self._async_ask("reconfigure_certificate", user_input, err)
            except CheckFailedError as err:
                errors = err.errors
            else:
                return self.async_update_and_abort(
                    self._get_entry(),
                    server,
                    title=_title(data),
                    data=data,
                    unique_id=instance_id,
                )
        shown = user_input or {CONF_URL: server.data[CONF_URL]}
        return self.async_show_form(
            step_id="reconfigure",
            data_schema=self.add_suggested_values_to_schema(forms.SERVER, shown),
            errors=errors,
        )

    async def async_step_certificate(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask whether the certificate shown is the server's own."""
        if user_input is not None:
            return await self.async_step_user(self._confirmed())
        return self._certificate_form("certificate")

    async def async_step_reconfigure_certificate(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask whether the certificate shown is the server's own."""
        if user_input is not None:
            return await self.async_step_reconfigure(self._confirmed())
        return self._certificate_form("reconfigure_certificate")

    def _async_ask(
        self, step: str, typed: dict[str, Any], err: UnknownCertificateError
    ) -> SubentryFlowResult:
        """Show a certificate that nobody vouches for, and keep what was typed meanwhile."""
        self._typed, self._unconfirmed = typed, err.fingerprint
        return self._certificate_form(step)

    def _certificate_form(self, step: str) -> SubentryFlowResult:
        return self.async_show_form(
            step_id=step,
            description_placeholders={"fingerprint": format_fingerprint(self._unconfirmed)},
        )

    def _confirmed(self) -> dict[str, Any]:
        """Return what was typed, with the certificate that a person has confirmed."""
        return {**self._typed, CONF_FINGERPRINT: self._unconfirmed}

    async def _async_identify(self, data: Mapping[str, Any], *, but: str | None = None) -> str:
        """Return which installation of the server it is; raises CheckFailedError for one known."""
        entry = self._get_entry()
        health = await async_check_server(self.hass, with_shared_token(entry, data))
        others = [
            server
            for server in entry.get_subentries_of_type(SUBENTRY_SERVER)
            if server.subentry_id != but
        ]
        addresses = [entry.data[CONF_URL], *(server.data[CONF_URL] for server in others)]
        instance_id = str(health.instance_id)
        if (
            normalize_url(data[CONF_URL]) in map(normalize_url, addresses)
            or instance_id == entry.unique_id
            or instance_id in {server.unique_id for server in others}
        ):
            raise CheckFailedError(CONF_URL, "server_taken")
        return instance_id


def _title(data: Mapping[str, Any]) -> str:
    return f"Inference server {URL(normalize_url(data[CONF_URL])).authority}"
