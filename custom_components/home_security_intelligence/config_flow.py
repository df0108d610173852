"""Config flow: the steps and the flows of options and subentries, each from its module."""

from typing import Any, override

from homeassistant.config_entries import ConfigEntry, ConfigSubentryFlow, OptionsFlow
from homeassistant.core import callback

from .const import DOMAIN, SUBENTRY_CAMERA, SUBENTRY_SERVER
from .flows.camera import CameraSubentryFlow
from .flows.discovery import DiscoverySteps
from .flows.options import HsiOptionsFlow
from .flows.reauth import ReauthSteps
from .flows.reconfigure import ReconfigureSteps
from .flows.server import ServerSubentryFlow
from .flows.setup import SetupSteps


class HsiConfigFlow(SetupSteps, DiscoverySteps, ReauthSteps, ReconfigureSteps, domain=DOMAIN):
    """Set up an installation, keep it signed in, and change it."""

    VERSION = 1
    MINOR_VERSION = 1

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry[Any]) -> OptionsFlow:
        """Return the options flow."""
        return HsiOptionsFlow()

    @classmethod
    @callback
    @override
    def async_get_supported_subentry_types(
        cls, config_entry: ConfigEntry[Any]
    ) -> dict[str, type[ConfigSubentryFlow]]:
        """Return the flows of cameras and added inference servers."""
        return {SUBENTRY_CAMERA: CameraSubentryFlow, SUBENTRY_SERVER: ServerSubentryFlow}
