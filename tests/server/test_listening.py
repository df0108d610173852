"""How many connections there are is bounded, from their first byte on."""

import asyncio
from collections.abc import AsyncIterator
import contextlib
from pathlib import Path
import socket
import ssl
import sys

from aiohttp import web
import pytest

from inference_server import listening
from inference_server.serve import create_runner
from inference_server.settings import Settings
from inference_server.tls import load_tls
from testbed.inference_server import InferenceServer

Address = tuple[str, int]


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    tls = load_tls(Settings(state_dir=tmp_path_factory.mktemp("tls"), tls_self_signed=True))
    assert tls
    return tls.context


@pytest.fixture(params=["http", "https"])
async def address(
    request: pytest.FixtureRequest, certificate: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Address]:
    """Listen for three connections of one address, and four in all."""
    monkeypatch.setattr(listening, "_OF_ONE", 3)
    monkeypatch.setattr(listening, "_OF_ALL", 4)
    async with serving(certificate if request.param == "https" else None) as address:
        yield address


@contextlib.asynccontextmanager
async def serving(tls: ssl.SSLContext | None) -> AsyncIterator[Address]:
    runner = create_runner(web.Application())
    await runner.setup()
    await listening.listen(runner, "127.0.0.1", 0, tls)
    yield runner.addresses[0]
    await runner.cleanup()


def trusting() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


async def answers(address: Address, source: str, tls: ssl.SSLContext | None) -> bool:
    """Tell whether somebody who comes from `source` is answered."""
    try:
        reader, writer = await asyncio.open_connection(*address, local_addr=(source, 0), ssl=tls)
    except OSError:
        return False
    try:
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        return (await reader.readline()).startswith(b"HTTP/1.1 404")
    except OSError:
        return False
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def hold(address: Address, source: str) -> asyncio.StreamWriter:
    """Open a connection and send nothing."""
    _, writer = await asyncio.open_connection(*address, local_addr=(source, 0))
    return writer


async def test_nobody_takes_every_connection(
    address: Address, request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture
) -> None:
    tls = trusting() if "https" in request.node.name else None
    held = [await hold(address, "127.0.0.1") for _ in range(3)]
    assert not await answers(address, "127.0.0.1", tls)
    assert not await answers(address, "127.0.0.1", tls)
    assert len([line for line in caplog.messages if "127.0.0.1 was refused: 3 are" in line]) == 1
    for _ in range(5):  # each gives its place back
        assert await answers(address, "127.0.0.2", tls)
    held.append(await hold(address, "127.0.0.2"))
    assert not await answers(address, "127.0.0.3", tls)
    for connection in held:
        connection.close()
    async with asyncio.timeout(10):
        while not await answers(address, "127.0.0.1", tls):  # noqa: ASYNC110 - it hears of it later
            await asyncio.sleep(0.01)


async def test_who_never_agrees_on_tls_is_not_waited_for(
    certificate: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "_HANDSHAKE", 0.3)
    monkeypatch.setattr(listening, "_OF_ONE", 2)
    async with serving(certificate) as address:
        for begun in (b"", b"\x16\x03\x01\x02\x00\x01"):  # a handshake that breaks off
            reader, writer = await asyncio.open_connection(*address)
            writer.write(begun)
            async with asyncio.timeout(10):
                with contextlib.suppress(ConnectionResetError):
                    assert await reader.read() == b""
            writer.close()
        assert await answers(address, "127.0.0.1", trusting())


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("fe80::1%eth0", "fe80::2%eth0", True),
    ],
)
def test_an_ipv6_network_is_one_client(one: str, other: str, same: bool) -> None:
    assert (listening._client_of(one) == listening._client_of(other)) is same


async def test_a_name_may_have_several_addresses_and_one_in_use_is_told() -> None:
    runner = create_runner(web.Application())
    await runner.setup()
    await listening.listen(runner, "", 0)
    ports = {address[1] for address in runner.addresses}
    assert await answers(("127.0.0.1", runner.addresses[0][1]), "127.0.0.1", None)
    with pytest.raises(OSError, match="Address already in use"):
        await listening.listen(runner, "", ports.pop())
    with pytest.raises(OSError, match="Cannot assign requested address"):
        await listening.listen(runner, "192.0.2.1", 0)
    await runner.cleanup()


def test_a_server_that_is_flooded_before_tls_serves_others(tmp_path: Path) -> None:
    server = InferenceServer(
        tmp_path,
        detector=tmp_path / "none",
        python=Path(sys.executable),
        environ={"TLS_SELF_SIGNED": "true"},
    )
    server.start(wait_ready=False)
    host, port = "127.0.0.1", int(server.url.rpartition(":")[2])
    with contextlib.ExitStack() as stack:
        stack.callback(server.stop)
        held = [
            stack.enter_context(socket.create_connection((host, port), timeout=10))
            for _ in range(257)
        ]
        with contextlib.suppress(ConnectionResetError):
            assert held[-1].recv(1) == b""
        held[-2].setblocking(False)
        with pytest.raises(BlockingIOError):
            held[-2].recv(1)
        other = stack.enter_context(
            socket.create_connection((host, port), timeout=10, source_address=("127.0.0.2", 0))
        )
        with trusting().wrap_socket(other) as connection:
            connection.sendall(b"GET /v1/live HTTP/1.1\r\nHost: a\r\n\r\n")
            assert connection.recv(12) == b"HTTP/1.1 200"
