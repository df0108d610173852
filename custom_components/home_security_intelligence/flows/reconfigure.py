"""Reconfigure an installation: server, database or camera root."""

from collections.abc import Mapping
from typing import Any

from homeassistant.config_entries import ConfigFlowResult

from ..const import (
    CONF_CAMERA_ROOT,
    CONF_DATABASE_FINGERPRINT,
    CONF_FINGERPRINT,
    CONF_PARAMETERS,
)
from ..coordinator import images_waiting
from . import forms
from .base import BaseFlow, without_secrets
from .database_input import complete
from .validation import (
    CheckFailedError,
    UnknownCertificateError,
    async_check_camera_root,
    async_check_store,
)


class ReconfigureSteps(BaseFlow):
    """Change one part; what it is changed to is checked first."""

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask which part to change."""
        return self.async_show_menu(
            step_id="reconfigure",
            menu_options=["reconfigure_server", "reconfigure_database", "reconfigure_folder"],
        )

    async def async_step_reconfigure_server(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Change the inference server's address or token."""
        errors: dict[str, str] = {}
        entry = self._get_reconfigure_entry()
        if user_input is not None:
            if entry.data.get(CONF_FINGERPRINT):  # belongs to the previous server
                user_input = {CONF_FINGERPRINT: None, **user_input}
            try:
                await self._async_identify({**entry.data, **user_input})
            except UnknownCertificateError as err:
                return self._ask_to_confirm("reconfigure_certificate", user_input, err)
            except CheckFailedError as err:
                errors = err.errors
            else:
                return self._finish(entry, user_input)
        suggested = user_input or without_secrets(entry.data)
        return self._show_form("reconfigure_server", forms.SERVER, suggested, errors)

    async def async_step_reconfigure_certificate(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask to confirm the server's certificate."""
        if user_input is not None:
            return await self.async_step_reconfigure_server(self._certificate.confirmed_input)
        return self._show_certificate("reconfigure_certificate")

    async def async_step_reconfigure_database(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Change the database or its login."""
        errors: dict[str, str] = {}
        placeholders: Mapping[str, str] = {}
        entry = self._get_reconfigure_entry()
        if user_input is not None:
            # The fingerprint belongs to the previous database, and an empty field is not sent.
            stored = {CONF_DATABASE_FINGERPRINT, CONF_PARAMETERS} & entry.data.keys()
            try:
                user_input = {**dict.fromkeys(stored), **complete(user_input)}
                self._refuse_shared_database(user_input, except_entry=entry)
                await async_check_store({**entry.data, **user_input})
            except UnknownCertificateError as err:
                return self._ask_to_confirm("reconfigure_database_certificate", user_input, err)
            except CheckFailedError as err:
                errors, placeholders = err.errors, err.placeholders
            else:
                return self._finish(entry, user_input)
        suggested = user_input or without_secrets(entry.data)
        return self._show_form(
            "reconfigure_database", forms.DATABASE, suggested, errors, placeholders
        )

    async def async_step_reconfigure_database_certificate(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask to confirm the database's certificate."""
        if user_input is not None:
            return await self.async_step_reconfigure_database(self._certificate.confirmed_input)
        return self._show_certificate("reconfigure_database_certificate")

    async def async_step_reconfigure_folder(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Change the camera root."""
        errors: dict[str, str] = {}
        entry = self._get_reconfigure_entry()
        if user_input is not None:
            try:
                await async_check_camera_root(self.hass, user_input)
            except CheckFailedError as err:
                errors = err.errors
            else:
                self._data = user_input
                moves = user_input[CONF_CAMERA_ROOT] != entry.data[CONF_CAMERA_ROOT]
                if moves and images_waiting(entry):
                    return await self.async_step_reconfigure_waiting()
                return self._finish(entry, user_input)
        suggested = user_input or self._data or entry.data
        return self._show_form("reconfigure_folder", forms.CAMERA_ROOT, suggested, errors)

    async def async_step_reconfigure_waiting(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Warn of images that still wait in the present folder."""
        entry = self._get_reconfigure_entry()
        return self.async_show_menu(
            step_id="reconfigure_waiting",
            menu_options=["reconfigure_folder_now", "reconfigure_folder"],
            description_placeholders={
                "count": str(images_waiting(entry)),
                "folder": entry.data[CONF_CAMERA_ROOT],
            },
        )

    async def async_step_reconfigure_folder_now(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Change the camera root although images wait in the present one."""
        return self._finish(self._get_reconfigure_entry(), self._data)
