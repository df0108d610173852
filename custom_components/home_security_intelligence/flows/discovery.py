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

from ..const import CONF_FINGERPRINT, DOMAIN, SUBENTRY_SERVER
from ..core.inference.url import normalize_url
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """An installation whose server does not respond, and the address where it may be now."""

    entry: ConfigEntry[Any]
    url: str

    @property
    def placeholders(self) -> dict[str, str]:
        """Return the placeholders of the confirmation form."""
        return {"title": self.entry.title, "old": self.entry.data[CONF_URL], "new": self.url}


class DiscoverySteps(BaseFlow):
    """Offer a discovered server, or ask whether a known one has a new address.

    Announcements are not authenticated: anyone on the network can repeat a server's id. The token is
    sent to an announced address only if a person confirms it, or if the address proves itself by the
    confirmed certificate before a request is sent.
    """

    _moved: Moved

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
        self.context["title_placeholders"] = {"address": found.url}
        if entry is None:
            return self._show_form("user", forms.SERVER, {CONF_URL: found.url}, {})
        if not await _async_may_have_moved(self.hass, entry, found.url):
            return self.async_abort(reason="already_configured")
        self._moved = Moved(entry=entry, url=found.url)
        if entry.data.get(CONF_FINGERPRINT):
            return await self._async_follow()
        # Not the entry's own id: if this flow is ignored, the entry of that id is replaced.
        await self.async_set_unique_id(f"{found.instance_id} {found.url}")
        self._abort_if_unique_id_configured()
        return self._ask_whether_moved({})

    async def async_step_moved(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Use the confirmed address, unless another server responds there."""
        try:
            return await self._async_use_address()
        except CheckFailedError as err:
            return self._ask_whether_moved({"base": next(iter(err.errors.values()))})

    def _ask_whether_moved(self, errors: dict[str, str]) -> ConfigFlowResult:
        return self.async_show_form(
            step_id="moved", errors=errors, description_placeholders=self._moved.placeholders
        )

    async def _async_follow(self) -> ConfigFlowResult:
        """Use the new address if the confirmed certificate is presented there."""
        try:
            return await self._async_use_address()
        except CheckFailedError:
            return self.async_abort(reason="already_configured")

    async def _async_use_address(self) -> ConfigFlowResult:
        """Store the new address; raises CheckFailedError unless a server responds there."""
        entry, url = self._moved.entry, self._moved.url
        health = await async_check_server(self.hass, {**entry.data, CONF_URL: url})
        if str(health.instance_id) != entry.unique_id:
            return self.async_abort(reason="unique_id_mismatch")
        return self._finish(entry, {CONF_URL: url}, reason="address_changed")


def subentry_servers(hass: HomeAssistant) -> set[str]:
    """Return the instance ids of the servers that are subentries."""
    return {
        str(server.unique_id)
        for entry in hass.config_entries.async_entries(DOMAIN)
        for server in entry.get_subentries_of_type(SUBENTRY_SERVER)
    }


async def _async_may_have_moved(hass: HomeAssistant, entry: ConfigEntry[Any], url: str) -> bool:
    """Return whether a server has left its address, and may be at the announced one.

    An address that still responds is kept, even if it refuses the token. A host name is kept too,
    because it follows the server by itself and may be part of the certificate.
    """
    stored = entry.data[CONF_URL]
    if not _is_ip_address(stored) or _scheme(stored) != _scheme(url):
        return False
    if normalize_url(stored) == normalize_url(url):
        return False
    return not await _async_still_responds(hass, entry)


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
