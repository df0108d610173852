"""Inference servers discovered by zeroconf."""

from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Self, override
from uuid import UUID

from homeassistant.config_entries import ConfigEntry, ConfigFlowResult
from homeassistant.const import CONF_TOKEN, CONF_URL
from homeassistant.core import HomeAssistant
from homeassistant.helpers.service_info.zeroconf import ZeroconfServiceInfo
from yarl import URL

from ..const import DOMAIN, SUBENTRY_SERVER
from . import forms
from .base import BaseFlow
from .validation import CheckFailedError, async_check_server


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoveredServer:
    """A server's announcement, which is not verified yet."""

    instance_id: str
    url: str

    @classmethod
    def from_zeroconf(cls, info: ZeroconfServiceInfo) -> Self:
        """Return the announced server; raises ValueError for an invalid announcement."""
        instance_id = str(UUID(info.properties.get("id") or ""))
        scheme = "https" if info.properties.get("tls") == "1" else "http"
        url = URL.build(scheme=scheme, host=info.host, port=info.port)
        return cls(instance_id=instance_id, url=str(url))


class DiscoverySteps(BaseFlow):
    """Offer a discovered server, or update the address of a known one."""

    @override
    async def async_step_zeroconf(self, discovery_info: ZeroconfServiceInfo) -> ConfigFlowResult:
        """Show the server form for an unknown server."""
        try:
            found = DiscoveredServer.from_zeroconf(discovery_info)
        except ValueError:
            return self.async_abort(reason="invalid_discovery")
        if found.instance_id in subentry_servers(self.hass):
            return self.async_abort(reason="already_configured")
        entry = await self.async_set_unique_id(found.instance_id)
        if entry is not None:
            await async_update_address(self.hass, entry, found.url)
            return self.async_abort(reason="already_configured")
        self.context["title_placeholders"] = {"address": found.url}
        return self._show_form("user", forms.SERVER, {CONF_URL: found.url}, {})


def subentry_servers(hass: HomeAssistant) -> set[str]:
    """Return the instance ids of the servers that are subentries."""
    return {
        str(server.unique_id)
        for entry in hass.config_entries.async_entries(DOMAIN)
        for server in entry.get_subentries_of_type(SUBENTRY_SERVER)
    }


async def async_update_address(hass: HomeAssistant, entry: ConfigEntry[Any], url: str) -> None:
    """Store a server's new address if it has left the old one and responds at the new one.

    Announcements are not authenticated, so an address that still responds is kept, even if it
    refuses the token: the token is then sent nowhere else. A host name is kept too, because it
    follows the server by itself and may be part of the certificate.
    """
    if not _is_ip_address(entry.data[CONF_URL]) or _scheme(entry.data[CONF_URL]) != _scheme(url):
        return
    if await _async_still_responds(hass, entry):
        return
    moved = {**entry.data, CONF_URL: url}
    try:
        health = await async_check_server(hass, moved)
    except CheckFailedError:
        return
    if str(health.instance_id) == entry.unique_id:
        hass.config_entries.async_update_entry(entry, data=moved)


async def _async_still_responds(hass: HomeAssistant, entry: ConfigEntry[Any]) -> bool:
    """Return whether the server may still be at its stored address."""
    try:
        health = await async_check_server(hass, entry.data)
    except CheckFailedError as err:
        return CONF_TOKEN in err.errors
    return str(health.instance_id) == entry.unique_id


def _is_ip_address(url: str) -> bool:
    try:
        ip_address(URL(url).host or "")
    except ValueError:
        return False
    return True


def _scheme(url: str) -> str:
    return URL(url).scheme
