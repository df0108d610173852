"""The server is discovered by mDNS, and unregistered when it stops."""

import asyncio
import sys
from uuid import uuid4

import pytest
from zeroconf import ServiceStateChange
from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

from inference_server.http.mdns import SERVICE_TYPE, MdnsService

LOOPBACK = "127.0.0.1"


async def test_it_is_discovered_and_unregistered() -> None:
    instance_id = uuid4()
    seen: asyncio.Queue[tuple[str, ServiceStateChange]] = asyncio.Queue()
    network = AsyncZeroconf(interfaces=[LOOPBACK])

    def record(
        zeroconf: object, service_type: str, name: str, state_change: ServiceStateChange
    ) -> None:
        if str(instance_id)[:8] in name:
            seen.put_nowait((name, state_change))

    browser = AsyncServiceBrowser(network.zeroconf, [SERVICE_TYPE], handlers=[record])
    service = await MdnsService.register(LOOPBACK, 8090, instance_id=instance_id, tls=True)
    assert service
    async with asyncio.timeout(60):
        name, change = await seen.get()
    assert change is ServiceStateChange.Added
    info = AsyncServiceInfo(SERVICE_TYPE, name)
    assert await info.async_request(network.zeroconf, 30_000)
    assert info.parsed_addresses() == [LOOPBACK]
    assert info.port == 8090
    assert info.decoded_properties["id"] == str(instance_id)
    assert info.decoded_properties["tls"] == "1"

    await service.unregister()
    async with asyncio.timeout(60):
        while change is not ServiceStateChange.Removed:
            _, change = await seen.get()
    await browser.async_cancel()
    await network.async_close()


async def test_without_the_package_the_log_says_why_it_is_not_announced(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    monkeypatch.setitem(sys.modules, "zeroconf", None)
    assert await MdnsService.register(LOOPBACK, 8090, instance_id=uuid4(), tls=False) is None
    assert "is not installed" in caplog.text
