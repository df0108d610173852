"""Set up an installation: server, database, camera root, cameras."""

from collections.abc import Mapping
from typing import Any, override

from homeassistant.config_entries import ConfigFlowResult, ConfigSubentryData
from homeassistant.const import CONF_NAME, CONF_PASSWORD, CONF_USERNAME

from ..camera_folders import default_name
from ..const import CONF_CAMERAS, CONF_FOLDER, DEFAULT_TITLE, SUBENTRY_CAMERA
from . import forms
from .base import BaseFlow
from .database_input import complete
from .validation import (
    CheckFailedError,
    UnknownCertificateError,
    async_check_camera_root,
    async_check_store,
    check_detector,
)


class SetupSteps(BaseFlow):
    """Ask for one part after the other; each is checked before the next."""

    _folders: list[str]

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the inference server."""
        errors: dict[str, str] = {}
        placeholders: Mapping[str, str] = {}
        if user_input is not None:
            try:
                health = await self._async_identify(user_input)
                self._abort_if_unique_id_configured()
                check_detector(health)
            except UnknownCertificateError as err:
                return self._ask_to_confirm("certificate", user_input, err)
            except CheckFailedError as err:
                errors, placeholders = err.errors, err.placeholders
            else:
                self._data |= user_input
                return await self.async_step_database()
        return self._show_form("user", forms.SERVER, user_input, errors, placeholders)

    async def async_step_certificate(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask to confirm the server's certificate."""
        if user_input is not None:
            return await self.async_step_user(self._certificate.confirmed_input)
        return self._show_certificate("certificate")

    async def async_step_database(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the database."""
        errors: dict[str, str] = {}
        placeholders: Mapping[str, str] = {}
        if user_input is not None:
            try:
                user_input = complete(user_input)
                _require_login(user_input)
                self._refuse_shared_database(user_input)
                await async_check_store(user_input)
            except UnknownCertificateError as err:
                return self._ask_to_confirm("database_certificate", user_input, err)
            except CheckFailedError as err:
                errors, placeholders = err.errors, err.placeholders
            else:
                self._data |= user_input
                return await self.async_step_folder()
        return self._show_form("database", forms.DATABASE, user_input, errors, placeholders)

    async def async_step_database_certificate(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask to confirm the database's certificate."""
        if user_input is not None:
            return await self.async_step_database(self._certificate.confirmed_input)
        return self._show_certificate("database_certificate")

    async def async_step_folder(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the camera root."""
        errors: dict[str, str] = {}
        if user_input is not None:
            try:
                self._folders = await async_check_camera_root(self.hass, user_input)
            except CheckFailedError as err:
                errors = err.errors
            else:
                self._data |= user_input
                return await self.async_step_cameras()
        return self._show_form("folder", forms.CAMERA_ROOT, user_input, errors)

    async def async_step_cameras(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask which of the folders are cameras."""
        errors: dict[str, str] = {}
        if user_input is not None:
            if user_input[CONF_CAMERAS]:
                return self.async_create_entry(
                    title=DEFAULT_TITLE,
                    data=self._data,
                    subentries=[_camera(folder) for folder in user_input[CONF_CAMERAS]],
                )
            errors[CONF_CAMERAS] = "no_camera"
        return self._show_form("cameras", forms.cameras(self._folders), user_input, errors)


def _require_login(data: Mapping[str, Any]) -> None:
    if not data.get(CONF_USERNAME):
        raise CheckFailedError(CONF_USERNAME, "username_missing")
    if not data.get(CONF_PASSWORD):
        raise CheckFailedError(CONF_PASSWORD, "password_missing")


def _camera(folder: str) -> ConfigSubentryData:
    name = default_name(folder)
    return ConfigSubentryData(
        data={CONF_FOLDER: folder, CONF_NAME: name},
        subentry_type=SUBENTRY_CAMERA,
        title=name,
        unique_id=folder,
    )
