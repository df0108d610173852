"""How many connections there are is bounded, from their first byte on."""

import asyncio
from collections.abc import AsyncIterator
import contextlib
import os
from pathlib import Path
import socket
import ssl
import subprocess
import sys
from typing import Self

from aiohttp import web
import pytest

from inference_server.http import connection_limiter, listener
from inference_server.http.problems import problem_details
from inference_server.http.security import bearer
from inference_server.http.tls import load_tls
from inference_server.observability.metrics import NO_METRICS
from inference_server.serve import create_runner
from inference_server.settings import Settings
from testbed.services.inference_server import InferenceServer

Address = tuple[str, int]
TOKEN = "a-token-for-tests"


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    tls = load_tls(Settings(state_dir=tmp_path_factory.mktemp("tls"), tls_self_signed=True))
    assert tls
    return tls.context


@pytest.fixture(params=["http", "https"])
async def address(
    request: pytest.FixtureRequest, certificate: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Address]:
    """Listen for three connections of one address, and five in all."""
    monkeypatch.setattr(connection_limiter, "_OF_ONE", 3)
    monkeypatch.setattr(connection_limiter, "_OF_ALL", 5)
    async with serving(certificate if request.param == "https" else None) as address:
        yield address


@contextlib.asynccontextmanager
async def serving(tls: ssl.SSLContext | None) -> AsyncIterator[Address]:
    connections = connection_limiter.Places()
    guard = bearer([TOKEN], open_paths=(), on_pass=connections.keep)
    runner = create_runner(web.Application(middlewares=[problem_details(NO_METRICS), guard]))
    await runner.setup()
    await listener.listen(runner, "127.0.0.1", 0, tls, places=connections)
    yield runner.addresses[0]
    await runner.cleanup()


def trusting() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class Client:
    """Somebody who comes from some address."""

    def __init__(self, address: Address, source: str, tls: ssl.SSLContext | None) -> None:
        self._address, self._source, self._tls = address, source, tls

    async def connect(self) -> Self:
        self._reader, self._writer = await asyncio.open_connection(
            *self._address, local_addr=(self._source, 0), ssl=self._tls
        )
        return self

    async def is_answered(self, *, token: str | None = None) -> bool:
        """Tell whether the server answers once more."""
        sent = f"Authorization: Bearer {token}\r\n" if token else ""
        try:
            self._writer.write(f"GET / HTTP/1.1\r\nHost: a\r\n{sent}\r\n".encode())
            head = await self._reader.readuntil(b"\r\n\r\n")
            length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
            await self._reader.readexactly(int(length))
        except (OSError, asyncio.IncompleteReadError):
            return False
        return head.startswith((b"HTTP/1.1 401", b"HTTP/1.1 404"))

    async def is_cut_off(self) -> bool:
        with contextlib.suppress(ConnectionResetError):
            return await self._reader.read() == b""
        return True

    async def close(self) -> None:
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()


async def answers(
    address: Address, source: str, tls: ssl.SSLContext | None, token: str | None = None
) -> bool:
    """Tell whether somebody who comes from `source` is answered."""
    client = Client(address, source, tls)
    try:
        await client.connect()
        return await client.is_answered(token=token)
    except OSError:
        return False
    finally:
        with contextlib.suppress(AttributeError):
            await client.close()


async def hold(address: Address, source: str) -> Client:
    """Open a connection and send nothing."""
    return await Client(address, source, None).connect()


@pytest.fixture
def tls(request: pytest.FixtureRequest) -> ssl.SSLContext | None:
    return trusting() if "https" in request.node.name else None


async def test_the_oldest_connection_of_who_has_most_gives_way(
    address: Address, tls: ssl.SSLContext | None, caplog: pytest.LogCaptureFixture
) -> None:
    first, second, third = [await hold(address, "127.0.0.1") for _ in range(3)]
    assert await answers(address, "127.0.0.1", tls)  # at its own cost
    assert await first.is_cut_off()
    assert "127.0.0.1 took the place of another: 3 are open" in caplog.text
    others = [await hold(address, f"127.0.0.{number}") for number in (2, 3, 4)]
    for number in range(2, 6):  # once at the cost of who has most; each gives its place back
        assert await answers(address, f"127.0.0.{number}", tls)
    assert await second.is_cut_off()
    assert len(caplog.messages) == 1  # a minute
    for client in (first, second, third, *others):
        await client.close()


async def test_who_has_sent_a_valid_token_gives_way_to_nobody(
    address: Address, tls: ssl.SSLContext | None
) -> None:
    known = [await Client(address, "127.0.0.1", tls).connect() for _ in range(3)]
    for client in known:
        assert await client.is_answered(token=TOKEN)
    assert not await answers(address, "127.0.0.1", tls)
    for source in ("127.0.0.2", "127.0.0.3"):
        known.append(await Client(address, source, tls).connect())
        assert await known[-1].is_answered(token=TOKEN)
    assert not await answers(address, "127.0.0.4", tls, TOKEN)  # nobody is left to give way
    for client in known:
        assert await client.is_answered(token=TOKEN)
    for client in known:
        await client.close()
    async with asyncio.timeout(60):
        while not await answers(address, "127.0.0.1", tls):  # noqa: ASYNC110 - it hears of it later
            await asyncio.sleep(0.01)


async def test_who_never_agrees_on_tls_is_not_waited_for(
    certificate: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener, "_HANDSHAKE", 0.3)
    monkeypatch.setattr(connection_limiter, "_OF_ONE", 2)
    async with serving(certificate) as address:
        for begun in (b"", b"\x16\x03\x01\x02\x00\x01"):  # a handshake that breaks off
            reader, writer = await asyncio.open_connection(*address)
            writer.write(begun)
            async with asyncio.timeout(60):
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
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
    ],
)
def test_an_ipv6_network_is_one_client(one: str, other: str, same: bool) -> None:
    assert (connection_limiter.client_of(one) == connection_limiter.client_of(other)) is same


async def test_a_name_may_have_several_addresses_and_one_in_use_is_told() -> None:
    runner = create_runner(web.Application())
    await runner.setup()
    await listener.listen(runner, "", 0)
    ports = {address[1] for address in runner.addresses}
    assert await answers(("127.0.0.1", runner.addresses[0][1]), "127.0.0.1", None)
    with pytest.raises(OSError, match="Address already in use"):
        await listener.listen(runner, "", ports.pop())
    with pytest.raises(OSError, match="Cannot assign requested address"):
        await listener.listen(runner, "192.0.2.1", 0)
    await runner.cleanup()


def test_a_flooded_server_serves_who_has_the_token_and_its_health_check(tmp_path: Path) -> None:
    environ = {"TLS_SELF_SIGNED": "true"}
    server = InferenceServer(
        tmp_path, detector=tmp_path / "none", python=Path(sys.executable), environ=environ
    )
    server.start(wait_ready=False)
    host, port = "127.0.0.1", int(server.url.rpartition(":")[2])
    ask = f"GET /v1/health HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {server.token}\r\n\r\n"
    with contextlib.ExitStack() as stack:
        stack.callback(server.stop)

        def connect(source: str) -> socket.socket:
            return stack.enter_context(
                socket.create_connection((host, port), timeout=60, source_address=(source, 0))
            )

        def flood(connections: int) -> None:
            for number in range(connections):
                connect(f"127.0.0.{2 + number % 2}")

        flood(514)
        known = connect("127.0.0.2")  # where the flood comes from, as behind one router
        known = stack.enter_context(trusting().wrap_socket(known))
        for more in (514, 1):
            known.sendall(ask.encode())
            assert known.recv(12) == b"HTTP/1.1 200"
            known.recv(65_536)
            flood(more)
        check = [sys.executable, "-m", "inference_server.healthcheck"]
        subprocess.run(check, env={**os.environ, **environ, "PORT": str(port)}, check=True)
