"""Sets up, repairs and changes an installation; every step is checked against the real thing."""

from collections.abc import Mapping
from operator import itemgetter
from typing import Any, override

from homeassistant.config_entries import (
    ConfigEntry,
    ConfigFlow,
    ConfigFlowResult,
    ConfigSubentryData,
    ConfigSubentryFlow,
    OptionsFlow,
)
from homeassistant.const import CONF_HOST, CONF_NAME, CONF_PASSWORD, CONF_PORT, CONF_TOKEN, CONF_URL
from homeassistant.core import callback
from homeassistant.helpers.service_info.zeroconf import ZeroconfServiceInfo
import voluptuous as vol

from .camera_folders import humanised
from .const import (
    CONF_CAMERA_ROOT,
    CONF_CAMERAS,
    CONF_DATABASE,
    CONF_FINGERPRINT,
    CONF_FOLDER,
    DEFAULT_TITLE,
    DOMAIN,
    SUBENTRY_CAMERA,
    SUBENTRY_SERVER,
)
from .coordinator import images_waiting
from .core.inference.certificate import format_fingerprint
from .discovery import Announced, async_follow, known_servers
from .flows import forms
from .flows.camera import CameraSubentryFlow
from .flows.options import HsiOptionsFlow
from .flows.server import ServerSubentryFlow
from .flows.validation import (
    CheckFailedError,
    UnknownCertificateError,
    async_check_camera_root,
    async_check_server,
    async_check_store,
)

_SECRETS = (CONF_TOKEN, CONF_PASSWORD)


class HsiConfigFlow(ConfigFlow, domain=DOMAIN):
    """Server, then database, then folder, then cameras."""

    VERSION = 1
    MINOR_VERSION = 1

    def __init__(self) -> None:
        """Start with nothing typed."""
        self._data: dict[str, Any] = {}
        self._folders: list[str] = []
        self._unconfirmed = ""  # fingerprint that a person is asked about
        self._typed: dict[str, Any] = {}  # in the step that goes on once it is confirmed
        self._confirmed_now: dict[str, Any] = {}  # fingerprint that a person has agreed to

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry[Any]) -> OptionsFlow:
        """Return the flow that tunes detection and events."""
        return HsiOptionsFlow()

    @classmethod
    @callback
    @override
    def async_get_supported_subentry_types(
        cls, config_entry: ConfigEntry[Any]
    ) -> dict[str, type[ConfigSubentryFlow]]:
        """Return the flows that add and change cameras and further inference servers."""
        return {SUBENTRY_CAMERA: CameraSubentryFlow, SUBENTRY_SERVER: ServerSubentryFlow}

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask where the inference server is."""
        errors: dict[str, str] = {}
        if user_input is not None:
            try:
                await self._async_identify(user_input)
            except UnknownCertificateError as err:
                return self._async_ask("certificate", user_input, err)
            except CheckFailedError as err:
                errors = err.errors
            else:
                self._abort_if_unique_id_configured()
                self._data |= user_input
                return await self.async_step_database()
        return self._form("user", forms.SERVER, user_input, errors)

    @override
    async def async_step_zeroconf(self, discovery_info: ZeroconfServiceInfo) -> ConfigFlowResult:
        """Offer a server that announces itself; follow a known one that has moved."""
        try:
            found = Announced.read(discovery_info)
        except ValueError:
            return self.async_abort(reason="invalid_discovery")
        if found.instance_id in known_servers(self.hass):
            return self.async_abort(reason="already_configured")
        entry = await self.async_set_unique_id(found.instance_id)
        if entry is not None:
            await async_follow(self.hass, entry, found.url)
            return self.async_abort(reason="already_configured")
        self.context["title_placeholders"] = {"address": found.url}
        return self._form("user", forms.SERVER, {CONF_URL: found.url}, {})

    async def async_step_certificate(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask whether the certificate shown is the server's own."""
        if user_input is not None:
            return await self.async_step_user(self._confirmed())
        return self._certificate_form("certificate")

    async def async_step_database(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask where the database is."""
        errors: dict[str, str] = {}
        if user_input is not None:
            try:
                self._refuse_shared(user_input)
                await async_check_store(user_input)
            except CheckFailedError as err:
                errors = err.errors
            else:
                self._data |= user_input
                return await self.async_step_folder()
        return self._form("database", forms.DATABASE, user_input, errors)

    async def async_step_folder(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask which folder the cameras upload to."""
        errors: dict[str, str] = {}
        if user_input is not None:
            try:
                self._folders = await async_check_camera_root(self.hass, user_input)
            except CheckFailedError as err:
                errors = err.errors
            else:
                self._data |= user_input
                return await self.async_step_cameras()
        return self._form("folder", forms.CAMERA_ROOT, user_input, errors)

    async def async_step_cameras(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask which of the folders found are cameras."""
        errors: dict[str, str] = {}
        if user_input is not None:
            if user_input[CONF_CAMERAS]:
                return self.async_create_entry(
                    title=DEFAULT_TITLE,
                    data=self._data,
                    subentries=[_camera(folder) for folder in user_input[CONF_CAMERAS]],
                )
            errors[CONF_CAMERAS] = "no_camera"
        return self._form("cameras", forms.cameras(self._folders), user_input, errors)

    async def async_step_reauth(self, entry_data: Mapping[str, Any]) -> ConfigFlowResult:
        """Ask for the secret that is not accepted any more, or whether a new certificate is right."""
        if str(entry_data[CONF_URL]).startswith("https"):
            try:
                await async_check_server(self.hass, entry_data)
            except UnknownCertificateError as err:
                return self._async_ask("reauth_certificate", {}, err)
            except CheckFailedError:
                pass
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_certificate(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask whether the certificate shown is the server's own."""
        if user_input is not None:
            self._confirmed_now = {CONF_FINGERPRINT: self._unconfirmed}
            return await self.async_step_reauth_confirm({})
        return self._certificate_form("reauth_certificate")

    async def async_step_reauth_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Check the secrets that were typed; what was left empty stays as it is."""
        errors: dict[str, str] = {}
        if user_input is not None:
            entry = self._get_reauth_entry()
            # One confirmed a step ago counts, too, where a token had to be corrected since.
            user_input = {**self._confirmed_now, **user_input}
            data = {**entry.data, **user_input}
            try:
                # Only what was typed: one part must be correctable while the other is down.
                if {CONF_TOKEN, CONF_FINGERPRINT} & user_input.keys():
                    await self._async_identify(data)
                if CONF_PASSWORD in user_input:
                    await async_check_store(data)
            except CheckFailedError as err:
                errors = {
                    field if field in _SECRETS else "base": reason
                    for field, reason in err.errors.items()
                }
            else:
                if user_input:
                    return self._finish(entry, user_input)
                errors["base"] = "nothing_typed"
        return self._form("reauth_confirm", forms.SECRETS, user_input, errors)

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask what to change."""
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
            if entry.data.get(CONF_FINGERPRINT):  # of the server that was there before
                user_input = {CONF_FINGERPRINT: None, **user_input}
            try:
                await self._async_identify({**entry.data, **user_input})
            except UnknownCertificateError as err:
                return self._async_ask("reconfigure_certificate", user_input, err)
            except CheckFailedError as err:
                errors = err.errors
            else:
                return self._finish(entry, user_input)
        shown = user_input or _without_secrets(entry.data)
        return self._form("reconfigure_server", forms.SERVER, shown, errors)

    async def async_step_reconfigure_certificate(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask whether the certificate shown is the server's own."""
        if user_input is not None:
            return await self.async_step_reconfigure_server(self._confirmed())
        return self._certificate_form("reconfigure_certificate")

    async def async_step_reconfigure_database(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Change the database or its login."""
        errors: dict[str, str] = {}
        entry = self._get_reconfigure_entry()
        if user_input is not None:
            try:
                self._refuse_shared(user_input, but=entry)
                await async_check_store({**entry.data, **user_input})
            except CheckFailedError as err:
                errors = err.errors
            else:
                return self._finish(entry, user_input)
        shown = user_input or _without_secrets(entry.data)
        return self._form("reconfigure_database", forms.STORED_DATABASE, shown, errors)

    async def async_step_reconfigure_folder(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Change the folder the cameras upload to."""
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
        shown = user_input or self._data or entry.data
        return self._form("reconfigure_folder", forms.CAMERA_ROOT, shown, errors)

    async def async_step_reconfigure_waiting(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Say how many pictures wait in the present folder."""
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
        """Change the folder although pictures still wait in the present one."""
        return self._finish(self._get_reconfigure_entry(), self._data)

    def _async_ask(
        self, step: str, typed: dict[str, Any], err: UnknownCertificateError
    ) -> ConfigFlowResult:
        """Show a certificate that nobody vouches for, and keep what was typed meanwhile."""
        self._typed, self._unconfirmed = typed, err.fingerprint
        return self._certificate_form(step)

    def _certificate_form(self, step: str) -> ConfigFlowResult:
        return self.async_show_form(
            step_id=step,
            description_placeholders={"fingerprint": format_fingerprint(self._unconfirmed)},
        )

    def _confirmed(self) -> dict[str, Any]:
        """Return what was typed, with the certificate that a person has confirmed."""
        return {**self._typed, CONF_FINGERPRINT: self._unconfirmed}

    async def _async_identify(self, data: Mapping[str, Any]) -> None:
        """Check the server and make its identity the flow's; another one's ends a correction."""
        health = await async_check_server(self.hass, data)
        # The same server may have been found, too; its card goes once this is done.
        await self.async_set_unique_id(str(health.instance_id), raise_on_progress=False)
        self._abort_if_unique_id_mismatch()

    def _refuse_shared(
        self, data: Mapping[str, Any], *, but: ConfigEntry[Any] | None = None
    ) -> None:
        """Refuse another installation's database: each would take the other's pictures for its own."""
        where = itemgetter(CONF_HOST, CONF_PORT, CONF_DATABASE)
        others = (entry for entry in self._async_current_entries() if entry is not but)
        if any(where(entry.data) == where(data) for entry in others):
            raise CheckFailedError(CONF_DATABASE, "database_taken")

    def _form(
        self,
        step: str,
        schema: vol.Schema,
        shown: Mapping[str, Any] | None,
        errors: dict[str, str],
    ) -> ConfigFlowResult:
        """Show a form with what was typed before, so that an error loses nothing."""
        return self.async_show_form(
            step_id=step,
            data_schema=self.add_suggested_values_to_schema(schema, shown),
            errors=errors,
        )

    def _finish(self, entry: ConfigEntry[Any], updates: dict[str, Any]) -> ConfigFlowResult:
        """Store what changed; the entry reloads by its listener, or here where it has none."""
        if entry.update_listeners:
            return self.async_update_and_abort(entry, data_updates=updates)
        return self.async_update_reload_and_abort(entry, data_updates=updates)


def _camera(folder: str) -> ConfigSubentryData:
    name = humanised(folder)
    return ConfigSubentryData(
        data={CONF_FOLDER: folder, CONF_NAME: name},
        subentry_type=SUBENTRY_CAMERA,
        title=name,
        unique_id=folder,
    )


def _without_secrets(data: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in data.items() if key not in _SECRETS}
