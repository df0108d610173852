"""The server in its own process, as users run it."""

import asyncio
from collections.abc import Iterator
import gzip
import http.client
from itertools import count
import json
import os
from pathlib import Path
import socket
import subprocess
import sys
import time

from PIL import Image
import pytest

from testbed.services.inference_server import InferenceServer
from tests.server.support import ROOT, check_schema, encode

BASE = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "LLM_BACKEND": "none"}
ADDRESSES = count(1)


def run(*flags: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "inference_server", *flags],
        cwd=ROOT,
        env=BASE | environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--host", "0.0.0.0"], "Refusing to listen on 0.0.0.0 without a token"),
        (["--port", "many"], "PORT 'many': Input should be a valid integer"),
        (["--state-dir", "/dev/null/state"], "STATE_DIR /dev/null/state: Not a directory"),
    ],
)
def test_wrong_settings_exit_with_one_line_and_code_2(flags: list[str], message: str) -> None:
    done = run(*flags)
    assert done.returncode == 2
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""


def test_a_port_in_use_is_reported_in_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run("--port", str(port), "--state-dir", str(tmp_path), "--detector-model", "/none")
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last == f"Cannot listen on 127.0.0.1:{port}: Address already in use"


@pytest.fixture(scope="module")
def server(
    detector_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[InferenceServer]:
    folder = tmp_path_factory.mktemp("process")
    with InferenceServer(folder, detector=detector_folder, python=Path(sys.executable)) as server:
        yield server


def connect(server: InferenceServer) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", int(server.url.rpartition(":")[2]), timeout=30)


def headers(server: InferenceServer, photo: bytes) -> dict[str, str]:
    return {
        "Authorization": f"Bearer {server.token}",
        "Content-Type": "image/jpeg",
        "Content-Length": str(len(photo)),
    }


def ask_health(server: InferenceServer) -> dict[str, object]:
    connection = connect(server)
    connection.request("GET", "/v1/health", headers={"Authorization": f"Bearer {server.token}"})
    return dict(json.load(connection.getresponse()))


def test_the_log_contains_no_secrets_and_no_images(server: InferenceServer, photo: bytes) -> None:
    for token, status in ((server.token, 200), ("a-wrong-token", 401)):
        connection = connect(server)
        given = headers(server, photo) | {"Authorization": f"Bearer {token}"}
        connection.request("POST", "/v1/detect", photo, given)
        response = connection.getresponse()
        assert response.status == status
        check_schema("DetectResponse" if status == 200 else "Problem", json.load(response))
    log = server.log_path.read_text()
    lines = [json.loads(line) for line in log.splitlines()]
    assert {line.get("status") for line in lines} >= {200, 401}
    assert server.token not in log
    assert "a-wrong-token" not in log


def response_to(server: InferenceServer, request: str) -> bytes:
    """Send a raw request; return what the server sends before it closes the connection.

    Each comes from an address of its own, because the server logs one refusal per address.
    """
    port, source = int(server.url.rpartition(":")[2]), f"127.0.1.{next(ADDRESSES)}"
    with socket.create_connection(("127.0.0.1", port), source_address=(source, 0)) as connection:
        connection.settimeout(30)
        connection.sendall(request.encode("utf-8", "surrogateescape"))
        return b"".join(iter(lambda: connection.recv(65_536), b""))


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param("X: a\x01{token}", id="control character"),
        pytest.param("Authorization: Bearer\r\n {token}", id="folded"),
        pytest.param("Content-Length: {token}", id="length"),
        pytest.param("Transfer-Encoding: chunked\r\n\r\n{token}", id="chunk"),
        pytest.param("X: {token}" + "a" * 9000, id="long header"),
        pytest.param("X: {token}\r\n" + "\r\n".join(["Y: z"] * 150), id="many headers"),
        pytest.param(
            "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", id="two lengths"
        ),
    ],
)
def test_a_malformed_request_is_one_log_line_that_does_not_quote_it(
    server: InferenceServer, broken: str
) -> None:
    seen = server.log_path.stat().st_size
    head = (
        "POST /v1/detect HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        f"Authorization: Bearer {server.token}\r\nContent-Type: image/jpeg\r\n"
    )
    response = response_to(server, f"{head}{broken.format(token=server.token)}\r\n\r\n")
    assert response.split()[1] == b"400"
    lines = server.log_path.read_text()[seen:].splitlines()
    assert lines
    for line in lines:
        assert json.loads(line)["level"] == "info"
        assert server.token not in line
        assert "Traceback" not in line


@pytest.mark.parametrize("path", ["/v1/detect", "/v1/assess", "/v1/models/load"])
def test_a_compressed_body_is_refused(server: InferenceServer, path: str) -> None:
    body = gzip.compress(b"{}")
    content_type = "image/jpeg" if path == "/v1/detect" else "application/json"
    connection = connect(server)
    sent = {"Content-Encoding": "gzip", "Content-Type": content_type}
    token = {"Authorization": f"Bearer {server.token}"}
    connection.request("POST", path, body, sent | token)
    response = connection.getresponse()
    problem = json.load(response)
    check_schema("Problem", problem)
    assert (response.status, problem["code"]) == (415, "unsupported_media_type")


def test_a_decompression_bomb_without_a_token_costs_no_cpu_time(server: InferenceServer) -> None:
    bomb = gzip.compress(b"\0" * 300_000_000)
    before = cpu_seconds(server)
    connection = connect(server)
    connection.request("POST", "/v1/detect", bomb, {"Content-Encoding": "gzip"})
    response = connection.getresponse()
    assert response.status == 401
    response.read()
    connection.request("GET", "/v1/live")  # handled after the body was read
    assert connection.getresponse().status == 200
    assert cpu_seconds(server) - before < 0.3


def cpu_seconds(server: InferenceServer) -> float:
    """Return the process's CPU time since its start."""
    fields = Path(f"/proc/{server.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_a_path_cannot_control_a_terminal_that_shows_the_log(server: InferenceServer) -> None:
    seen = server.log_path.stat().st_size
    response_to(server, "POST /%C2%9B2J%1B HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    [line] = server.log_path.read_text()[seen:].splitlines()
    assert line.isascii()
    assert line.isprintable()


def test_a_disconnected_client_is_logged(server: InferenceServer, photo: bytes) -> None:
    seen = server.log_path.stat().st_size
    connection = begin(server, photo)
    connection.close()
    deadline = time.monotonic() + 60
    while "The client disconnected" not in server.log_path.read_text()[seen:]:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def wait_until_refusing(server: InferenceServer) -> None:
    """Wait until the server refuses connections."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            connect(server).connect()
        except OSError:
            return
        time.sleep(0.02)


def begin(server: InferenceServer, photo: bytes) -> socket.socket:
    """Send a request's head; return when the server waits for the image."""
    connection = socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2])))
    connection.settimeout(30)
    head = "".join(f"{name}: {value}\r\n" for name, value in headers(server, photo).items())
    connection.sendall(
        f"POST /v1/detect HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n{head}\r\n".encode()
    )
    assert b"100 Continue" in connection.recv(1000)
    return connection


def test_stopping_does_not_wait_for_loading(detector_folder: Path, tmp_path: Path) -> None:
    server = InferenceServer(tmp_path, detector=detector_folder, python=Path(sys.executable))
    server.start(wait_ready=False)  # loading takes seconds
    process = server.process
    os.kill(server.pid, 15)
    assert process.wait(60) == 0
    server.stop()


def test_stopping_does_not_wait_for_the_receiver_of_traces(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # accepts, and never responds
        server = InferenceServer(
            tmp_path,
            detector=tmp_path / "none",
            python=Path(sys.executable),
            environ={"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{silent.getsockname()[1]}"},
        )
        server.start(wait_ready=False)
        ask_health(server)
        process = server.process
        os.kill(server.pid, 15)
        assert process.wait(8) == 0  # it would be killed after 10 s
        server.stop()


async def test_stopping_finishes_requests_and_a_restart_keeps_the_id(
    server: InferenceServer,
) -> None:
    before = await asyncio.to_thread(ask_health, server)
    large = encode(Image.new("RGB", (1200, 900)), "PNG")
    connections = [begin(server, large) for _ in range(3)]
    for connection in connections[1:]:
        connection.sendall(large)
    os.kill(server.pid, 15)
    await asyncio.to_thread(wait_until_refusing, server)
    connections[0].sendall(large)  # its request began before the stop
    for connection in connections:
        response = http.client.HTTPResponse(connection)
        response.begin()
        assert response.status == 200, response.read()
        check_schema("DetectResponse", json.load(response))
        connection.close()
    await asyncio.to_thread(server.stop)
    url = server.url
    await asyncio.to_thread(server.start, wait_ready=False)
    after = await asyncio.to_thread(ask_health, server)
    assert server.url == url
    assert after["instance_id"] == before["instance_id"]
    await asyncio.to_thread(server.wait_ready)  # for the other tests
