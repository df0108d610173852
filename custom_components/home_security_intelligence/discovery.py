"""Servers that announce themselves in the network."""

from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Self
from uuid import UUID

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_TOKEN, CONF_URL
from homeassistant.core import HomeAssistant
from homeassistant.helpers.service_info.zeroconf import ZeroconfServiceInfo
from yarl import URL

from .const import DOMAIN, SUBENTRY_SERVER
from .flows.validation import CheckFailedError, async_check_server


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """What a server says of itself in the network; nobody has checked it yet."""

    instance_id: str
    url: str

    @classmethod
    def read(cls, info: ZeroconfServiceInfo) -> Self:
        """Return what was announced; raises ValueError where it is of no use."""
        instance_id = str(UUID(info.properties.get("id") or ""))
        scheme = "https" if info.properties.get("tls") == "1" else "http"
        url = URL.build(scheme=scheme, host=info.host, port=info.port)
        return cls(instance_id=instance_id, url=str(url))


def known_servers(hass: HomeAssistant) -> set[str]:
    """Return the instance ids of the servers that were added to installations."""
    return {
        str(server.unique_id)
        for entry in hass.config_entries.async_entries(DOMAIN)
        for server in entry.get_subentries_of_type(SUBENTRY_SERVER)
    }


async def async_follow(hass: HomeAssistant, entry: ConfigEntry[Any], url: str) -> None:
    """Take a server's new address where it is not at its old one any more, and is at the new one.

    Anybody in the network can announce anything, so a server that answers is left where it is, as
    is one with a name: that follows by itself, and a certificate may be made out to it. What
    refuses the token answers, too: nobody else is shown the token then.
    """
    if not _is_address(entry.data[CONF_URL]) or _scheme(entry.data[CONF_URL]) != _scheme(url):
        return
    if await _async_answers(hass, entry):
        return
    moved = {**entry.data, CONF_URL: url}
    try:
        health = await async_check_server(hass, moved)
    except CheckFailedError:
        return
    if str(health.instance_id) == entry.unique_id:
        hass.config_entries.async_update_entry(entry, data=moved)


async def _async_answers(hass: HomeAssistant, entry: ConfigEntry[Any]) -> bool:
    """Tell whether what is at the old address may well be the server."""
    try:
        health = await async_check_server(hass, entry.data)
    except CheckFailedError as err:
        return CONF_TOKEN in err.errors
    return str(health.instance_id) == entry.unique_id


def _is_address(url: str) -> bool:
    try:
        ip_address(URL(url).host or "")
    except ValueError:
        return False
    return True


def _scheme(url: str) -> str:
    return URL(url).scheme
