"""Open connections are limited, from their first byte on."""

import asyncio
from collections.abc import AsyncIterator, Iterator
import contextlib
import os
from pathlib import Path
import resource
import socket
import ssl
import subprocess
import sys
from typing import Self

from aiohttp import web
import pytest

from inference_server.http.connection_limiter import ConnectionLimiter, client_of
from inference_server.http.listener import listen
from inference_server.http.open_files import max_connections
from inference_server.http.problems import problem_details
from inference_server.http.runner import create_runner
from inference_server.http.security import bearer
from inference_server.http.tls import load_tls
from inference_server.observability.metrics import Metrics
from inference_server.settings import Settings
from testbed.services.inference_server import InferenceServer
from tests.server.support import ROOT

Address = tuple[str, int]
TOKEN = "a-token-for-tests"
USUAL_SOFT_LIMIT = 1024  # open files of a process
FLOOD_FILES = 2048  # for the flood and the test runner, with reserve


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    tls = load_tls(Settings(state_dir=tmp_path_factory.mktemp("tls"), tls_self_signed=True))
    assert tls
    return tls.context


@pytest.fixture(params=["http", "https"])
async def address(
    request: pytest.FixtureRequest, certificate: ssl.SSLContext
) -> AsyncIterator[Address]:
    """Listen for three connections of one address, and five in all."""
    limiter = ConnectionLimiter(total=5, per_client=3)
    guard = bearer([TOKEN], open_paths=(), on_authorized=limiter.exempt)
    runner = create_runner(web.Application(middlewares=[problem_details(Metrics()), guard]))
    await runner.setup()
    tls = certificate if request.param == "https" else None
    await listen(runner, "127.0.0.1", 0, tls, limiter=limiter)
    yield runner.addresses[0]
    await runner.cleanup()


def unverified() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class Client:
    """A client with a source address."""

    def __init__(self, address: Address, source: str, tls: ssl.SSLContext | None) -> None:
        self._address, self._source, self._tls = address, source, tls

    async def connect(self) -> Self:
        self._reader, self._writer = await asyncio.open_connection(
            *self._address, local_addr=(self._source, 0), ssl=self._tls
        )
        return self

    async def is_answered(self, *, token: str | None = None) -> bool:
        """Return whether the server responds once more."""
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


async def is_served(
    address: Address, source: str, tls: ssl.SSLContext | None, token: str | None = None
) -> bool:
    """Return whether a new client from `source` gets a response."""
    client = Client(address, source, tls)
    try:
        await client.connect()
        return await client.is_answered(token=token)
    except OSError:
        return False
    finally:
        with contextlib.suppress(AttributeError):
            await client.close()


async def open_idle(address: Address, source: str) -> Client:
    """Open a connection and send nothing."""
    return await Client(address, source, None).connect()


@pytest.fixture
def tls(request: pytest.FixtureRequest) -> ssl.SSLContext | None:
    return unverified() if "https" in request.node.name else None


async def test_the_oldest_connection_of_the_client_with_the_most_is_evicted(
    address: Address, tls: ssl.SSLContext | None, caplog: pytest.LogCaptureFixture
) -> None:
    first, second, third = [await open_idle(address, "127.0.0.1") for _ in range(3)]
    assert await is_served(address, "127.0.0.1", tls)  # evicts its own oldest
    assert await first.is_cut_off()
    assert "127.0.0.1 replaced an older one: 3 are open" in caplog.text
    others = [await open_idle(address, f"127.0.0.{number}") for number in (2, 3, 4)]
    for number in range(
        2, 6
    ):  # the first evicts the client with the most; each then frees its place
        assert await is_served(address, f"127.0.0.{number}", tls)
    assert await second.is_cut_off()
    assert len(caplog.messages) == 1  # at most one a minute
    for client in (first, second, third, *others):
        await client.close()


async def test_a_connection_with_a_valid_token_is_not_evicted(
    address: Address, tls: ssl.SSLContext | None
) -> None:
    known = [await Client(address, "127.0.0.1", tls).connect() for _ in range(3)]
    for client in known:
        assert await client.is_answered(token=TOKEN)
    assert not await is_served(address, "127.0.0.1", tls)
    for source in ("127.0.0.2", "127.0.0.3"):
        known.append(await Client(address, source, tls).connect())
        assert await known[-1].is_answered(token=TOKEN)
    assert not await is_served(address, "127.0.0.4", tls, TOKEN)  # none is left to evict
    for client in known:
        assert await client.is_answered(token=TOKEN)
    for client in known:
        await client.close()
    async with asyncio.timeout(60):
        while not await is_served(address, "127.0.0.1", tls):  # noqa: ASYNC110 - the server notices later
            await asyncio.sleep(0.01)


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
    assert (client_of(one) == client_of(other)) is same


async def test_every_address_of_a_host_is_served_and_an_address_in_use_is_an_error() -> None:
    runner = create_runner(web.Application())
    await runner.setup()
    await listen(runner, "", 0)
    ports = {address[1] for address in runner.addresses}
    assert await is_served(("127.0.0.1", runner.addresses[0][1]), "127.0.0.1", None)
    with pytest.raises(OSError, match="Address already in use"):
        await listen(runner, "", ports.pop())
    with pytest.raises(OSError, match="Cannot assign requested address"):
        await listen(runner, "192.0.2.1", 0)
    await runner.cleanup()


@pytest.fixture
def many_open_files() -> Iterator[None]:
    """Raise this process's soft limit of open files: the flood opens more than 1,024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < FLOOD_FILES:
        if hard < FLOOD_FILES:
            pytest.skip(f"needs a hard limit of {FLOOD_FILES} open files")
        resource.setrlimit(resource.RLIMIT_NOFILE, (FLOOD_FILES, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.usefixtures("many_open_files")
def test_a_flooded_server_serves_authorized_clients_and_its_health_check(tmp_path: Path) -> None:
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
        known = connect("127.0.0.2")  # the flood's address, as behind one router
        known = stack.enter_context(unverified().wrap_socket(known))
        for more in (514, 1):
            known.sendall(ask.encode())
            assert known.recv(12) == b"HTTP/1.1 200"
            known.recv(65_536)
            flood(more)
        assert len(list(Path(f"/proc/{server.pid}/fd").iterdir())) < USUAL_SOFT_LIMIT
        check = [sys.executable, "-m", "inference_server.healthcheck"]
        subprocess.run(check, env={**os.environ, **environ, "PORT": str(port)}, check=True)


def test_a_low_limit_of_open_files_reduces_the_connections_and_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert max_connections(USUAL_SOFT_LIMIT) == 512
    assert not caplog.messages
    assert max_connections(500) == 116
    assert "at most 116 connections at a time instead of 512" in caplog.text
    assert "Raise its hard limit of open files to 896" in caplog.text


@pytest.mark.parametrize(("soft", "hard", "raised"), [(256, 300, 300), (1024, 9999, 4096)])
def test_the_soft_limit_of_open_files_is_raised(soft: int, hard: int, raised: int) -> None:
    program = (
        "import resource as r; from inference_server.http.open_files import raise_open_file_limit;"
        f"r.setrlimit(r.RLIMIT_NOFILE, ({soft}, {hard}));"
        "print(raise_open_file_limit(), r.getrlimit(r.RLIMIT_NOFILE)[0])"
    )
    printed = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert printed.split() == [str(raised)] * 2
