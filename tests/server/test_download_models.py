"""scripts/download-models against a real HTTP server that behaves like the model hub."""

from collections.abc import Iterator
import hashlib
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
import random
import resource
import subprocess
import sys
from threading import Thread

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts/download-models"
WEIGHTS = random.Random(5).randbytes(600_000)
FILES = {
    "config.json": b'{"model_type": "rt_detr_v2"}',
    "preprocessor_config.json": b"{}",
    "model.safetensors": WEIGHTS,
}
COMMIT = "0123456789abcdef0123456789abcdef01234567"
REPOSITORY = "PekingU/rtdetr_v2_r18vd"


class Hub(ThreadingHTTPServer):
    """A model hub: large files redirect to a storage with Range support; the hub sends their hash."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), HubHandler)
        self.files = dict(FILES)
        self.sha256 = hashlib.sha256(WEIGHTS).hexdigest()
        self.break_after: int | None = None  # bytes, once
        self.fails_with: HTTPStatus | None = None
        self.requested: list[tuple[str, str | None]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class HubHandler(BaseHTTPRequestHandler):
    server: Hub

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        name = self.path.rsplit("/", 1)[1]
        if self.server.fails_with:
            self.send_error(self.server.fails_with)
        elif self.path.startswith("/storage/"):
            self.send_stored(name)
        elif name == "model.safetensors":
            self.send_response(302)
            self.send_header("Location", f"{self.server.url}/storage/{name}")
            self.send_header("X-Linked-Etag", f'"{self.server.sha256}"')
            self.send_header("X-Linked-Size", str(len(self.server.files[name])))
            self.send_header("X-Repo-Commit", COMMIT)
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            assert self.path in {f"/{REPOSITORY}/resolve/{at}/{name}" for at in ("main", COMMIT)}
            self.send_response(200)
            self.send_header("X-Repo-Commit", COMMIT)
            self.send_header("Content-Length", str(len(self.server.files[name])))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(self.server.files[name])

    def send_stored(self, name: str) -> None:
        content = self.server.files[name]
        wanted = self.headers.get("Range")
        self.server.requested.append((name, wanted))
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
        self.send_response(206 if wanted else 200)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        end, self.server.break_after = self.server.break_after, None
        self.wfile.write(content[start:end])  # shorter than Content-Length if it breaks off

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def hub() -> Iterator[Hub]:
    with Hub() as hub:
        thread = Thread(target=hub.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield hub
        hub.shutdown()
        thread.join()


def download(hub: Hub, folder: Path, *, file_limit: int | None = None) -> tuple[int, str]:
    def limit() -> None:
        if file_limit:
            resource.setrlimit(resource.RLIMIT_FSIZE, (file_limit, file_limit))

    done = subprocess.run(
        [sys.executable, SCRIPT, "--folder", folder],
        env={"HF_ENDPOINT": hub.url},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        preexec_fn=limit,
    )
    return done.returncode, done.stderr


def test_every_file_is_downloaded_and_its_hash_recorded_for_sha256sum(
    hub: Hub, tmp_path: Path
) -> None:
    assert download(hub, tmp_path) == (0, "")
    folder = tmp_path / "rtdetr_v2_r18vd"
    assert {f.name: f.read_bytes() for f in folder.iterdir() if f.name != "SHA256SUMS"} == FILES
    subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=folder, check=True)


def test_a_second_run_requests_nothing(hub: Hub, tmp_path: Path) -> None:
    download(hub, tmp_path)
    hub.fails_with = HTTPStatus.INTERNAL_SERVER_ERROR
    assert download(hub, tmp_path) == (0, "")


def test_a_broken_download_is_resumed(hub: Hub, tmp_path: Path) -> None:
    hub.break_after = 250_000
    assert download(hub, tmp_path) == (0, "")
    assert hub.requested == [("model.safetensors", None), ("model.safetensors", "bytes=250000-")]
    assert (tmp_path / "rtdetr_v2_r18vd/model.safetensors").read_bytes() == WEIGHTS


def test_an_earlier_runs_partial_file_is_resumed(hub: Hub, tmp_path: Path) -> None:
    folder = tmp_path / "rtdetr_v2_r18vd"
    folder.mkdir()
    (folder / "model.safetensors.part").write_bytes(WEIGHTS[:100_000])
    assert download(hub, tmp_path) == (0, "")
    assert hub.requested == [("model.safetensors", "bytes=100000-")]


def test_a_file_with_another_hash_is_refused_and_removed(hub: Hub, tmp_path: Path) -> None:
    hub.sha256 = "0" * 64
    code, message = download(hub, tmp_path)
    assert code == 1
    assert f"expected {'0' * 64}; it was removed" in message
    assert not list((tmp_path / "rtdetr_v2_r18vd").glob("model.safetensors*"))


def test_a_model_that_differs_from_its_recorded_hash_is_refused(hub: Hub, tmp_path: Path) -> None:
    download(hub, tmp_path)
    (tmp_path / "rtdetr_v2_r18vd/model.safetensors").unlink()
    hub.files["model.safetensors"] = WEIGHTS[::-1]
    hub.sha256 = hashlib.sha256(WEIGHTS[::-1]).hexdigest()
    code, message = download(hub, tmp_path)
    assert code == 1
    assert "delete" in message
    assert "SHA256SUMS" in message


def test_weights_without_a_hash_from_the_hub_are_refused(hub: Hub, tmp_path: Path) -> None:
    hub.sha256 = "not-a-hash"
    code, message = download(hub, tmp_path)
    assert code == 1
    assert "names no SHA-256" in message


@pytest.mark.parametrize(
    ("status", "expected"),
    [(HTTPStatus.NOT_FOUND, "HTTP 404"), (HTTPStatus.SERVICE_UNAVAILABLE, "HTTP 503")],
)
def test_an_http_error_is_one_line(
    hub: Hub, tmp_path: Path, status: HTTPStatus, expected: str
) -> None:
    hub.fails_with = status
    code, message = download(hub, tmp_path)
    assert code == 1
    assert expected in message
    assert len(message.splitlines()) == 1


def test_a_write_error_is_one_line_and_the_next_run_resumes(hub: Hub, tmp_path: Path) -> None:
    code, message = download(hub, tmp_path, file_limit=200_000)
    assert code == 1
    assert len(message.splitlines()) == 1
    assert "File too large" in message
    assert download(hub, tmp_path) == (0, "")
    assert hub.requested[-1][1] is not None


@pytest.mark.parametrize("garbled", ["nothing", "\n", "0" * 63 + "  config.json", "\xff\xfe  x"])
def test_garbled_hashes_are_reported_and_nothing_is_downloaded(
    hub: Hub, tmp_path: Path, garbled: str
) -> None:
    download(hub, tmp_path)
    sums = tmp_path / "rtdetr_v2_r18vd/SHA256SUMS"
    sums.write_bytes(sums.read_bytes() + garbled.encode("latin-1"))
    hub.fails_with = HTTPStatus.INTERNAL_SERVER_ERROR
    code, message = download(hub, tmp_path)
    assert code == 1
    assert f"{sums} is garbled in line {len(FILES) + 1}. Delete it" in message
    assert "Traceback" not in message
