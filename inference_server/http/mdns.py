"""Announce the server in the local network by mDNS, so that Home Assistant discovers it."""

import asyncio
from ipaddress import ip_address
import logging
import socket
from typing import TYPE_CHECKING, Self
from uuid import UUID

from inference_server import __version__

if TYPE_CHECKING:
    from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf

_LOG = logging.getLogger(__name__)
SERVICE_TYPE = "_hsi-server._tcp.local."


class MdnsService:
    """An announced service."""

    def __init__(self, network: "AsyncZeroconf", service: "AsyncServiceInfo") -> None:
        self._network = network
        self._service = service

    @classmethod
    async def register(cls, host: str, port: int, *, instance_id: UUID, tls: bool) -> Self | None:
        """Announce the server that listens there; log why and return None if that is impossible."""
        try:
            from zeroconf import InterfaceChoice  # noqa: PLC0415 - an optional package
            from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf  # noqa: PLC0415
        except ImportError:
            _LOG.info("The server is not announced: the package zeroconf is not installed")
            return None
        addresses = await asyncio.to_thread(_addresses, host)
        if not addresses:
            _LOG.warning("The server is not announced: %s is not reachable from outside", host)
            return None
        service = AsyncServiceInfo(
            SERVICE_TYPE,
            f"Home Security Intelligence {str(instance_id)[:8]}.{SERVICE_TYPE}",
            port=port,
            parsed_addresses=addresses,
            properties={"id": str(instance_id), "version": __version__, "tls": str(int(tls))},
            server=f"hsi-{instance_id}.local.",
        )
        every = host in {"0.0.0.0", "::"}  # noqa: S104 - only compared
        try:
            network = AsyncZeroconf(interfaces=InterfaceChoice.All if every else addresses)
            await (await network.async_register_service(service))  # once checked, once broadcast
        except Exception as err:  # noqa: BLE001 - the server works without multicast
            _LOG.warning("The server is not announced: %s", err or type(err).__name__)
            return None
        _LOG.info("Announced as %s at %s", service.name, ", ".join(addresses))
        return cls(network, service)

    async def unregister(self) -> None:
        """Announce that the server stops."""
        await (await self._network.async_unregister_service(self._service))
        await self._network.async_close()


def _addresses(host: str) -> list[str]:
    """Return the addresses at which others reach a listener; blocks."""
    try:
        address = ip_address(host)
    except ValueError:
        try:
            return [str(socket.gethostbyname(host))]
        except OSError:
            return []
    if not address.is_unspecified:
        return [str(address)]
    import ifaddr  # noqa: PLC0415 - comes with zeroconf

    found = (ip.ip for adapter in ifaddr.get_adapters() for ip in adapter.ips)
    plain = [ip_address(ip) for ip in found if isinstance(ip, str)]
    return [str(ip) for ip in plain if not (ip.is_loopback or ip.is_link_local)]
