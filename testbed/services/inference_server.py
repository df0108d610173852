"""Run the real inference server in its own process, on a loopback port."""

from collections.abc import Mapping
import json
import os
from pathlib import Path
import secrets
import ssl
import subprocess
import time
from typing import Final, Self
import urllib.error
import urllib.request

ROOT: Final = Path(__file__).resolve().parents[2]
PYTHON: Final = ROOT / ".venv/server/bin/python"
TEST_DETECTOR: Final = ROOT / ".models/test-detector"
READY_TIMEOUT: Final = 180.0  # seconds; a cold torch is slow on a busy machine
STOP_TIMEOUT: Final = 20.0  # seconds
POLL_INTERVAL: Final = 0.2  # seconds
_ANY_CERTIFICATE: Final = ssl._create_unverified_context()  # noqa: S323, SLF001 - our own server's
_TOKEN_VARIABLES: Final = frozenset({"API_TOKEN", "API_TOKEN_FILE"})


class InferenceServerError(Exception):
    """The server did not start; the message has the end of its log."""


class InferenceServer:
    """One server process; may be started again on the same address after stop or kill."""

    def __init__(
        self,
        folder: Path,
        *,
        detector: Path = TEST_DETECTOR,
        llm_backend: str = "none",
        environ: Mapping[str, str] | None = None,
        token: str | None = None,
        port: int = 0,
        python: Path = PYTHON,
        module: str = "inference_server",
    ) -> None:
        """Keep log and state in `folder`; `environ` adds to the server's environment.

        `module` is the program to run, with the server's command line and output.
        """
        self.token = token or secrets.token_urlsafe(24)
        self.log_path = folder / "inference_server.log"
        self._command = (str(python), "-m", module)
        self._environ = {
            # The user's own variables must not reach this server.
            **{name: value for name, value in os.environ.items() if name not in _TOKEN_VARIABLES},
            "DETECTOR_MODEL": str(detector),
            "DEVICE": "cpu",
            "DETECTOR_RUNTIME": "torch",  # OpenVINO's conversion of a new model takes many seconds
            "LLM_BACKEND": llm_backend,
            "STATE_DIR": str(folder / "inference_server_state"),
            "TMPDIR": str(folder),  # torch leaves a folder there
            **(environ or {}),
            "API_TOKEN": self.token,
        }
        self._scheme = "http"
        self._port = port
        self._process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        """The server's address, the same over restarts."""
        if not self._port:
            raise InferenceServerError("The inference server has not been started yet.")
        return f"{self._scheme}://127.0.0.1:{self._port}"

    @property
    def process(self) -> subprocess.Popen[str]:
        """The running process."""
        if self._process is None:
            raise InferenceServerError("The inference server is not running.")
        return self._process

    @property
    def pid(self) -> int:
        """The running process's id."""
        return self.process.pid

    def __enter__(self) -> Self:
        """Start, ready to detect."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.stop()

    def start(self, *, wait_ready: bool = True, timeout: float = READY_TIMEOUT) -> None:
        """Start the process; return when it listens, or when its detector is ready."""
        self.log_path.parent.mkdir(parents=True, exist_ok=True)
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                [*self._command, "--host", "127.0.0.1", "--port", str(self._port)],
                cwd=ROOT,
                env=self._environ,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,  # a Ctrl-C at the terminal must not reach it
            )
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line.startswith("listening on "):
            raise self._failed("did not start")
        self._scheme = line.removeprefix("listening on ").partition(":")[0]
        self._port = int(line.rstrip().rpartition(":")[2])
        if wait_ready:
            self.wait_ready(timeout)

    def wait_ready(self, timeout: float = READY_TIMEOUT) -> None:
        """Return when the detector is ready; raise if it failed or the process ended."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            state = self.ready()
            if state.get("ready"):
                return
            if state.get("detector") == "failed" or not self.running:
                break
            time.sleep(POLL_INTERVAL)
        raise self._failed("did not become ready")

    def ready(self) -> dict[str, object]:
        """Return the response of /v1/ready; empty if the server does not respond."""
        try:
            with urllib.request.urlopen(  # noqa: S310 - our own address
                f"{self.url}/v1/ready", timeout=5, context=_ANY_CERTIFICATE
            ) as answer:
                return dict(json.load(answer))
        except urllib.error.HTTPError as answer:
            return dict(json.load(answer))
        except OSError:
            return {}

    @property
    def running(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """Terminate it with SIGTERM; it finishes running requests."""
        if self._process and self.running:
            self._process.terminate()
        self._reap()

    def kill(self) -> None:
        """Kill it with SIGKILL."""
        if self._process and self.running:
            self._process.kill()
        self._reap()

    def _reap(self) -> None:
        if self._process is None:
            return
        try:
            self._process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()
        self._process = None

    def _failed(self, what: str) -> InferenceServerError:
        self.kill()
        tail = "\n".join(self.log_path.read_text(errors="replace").splitlines()[-15:])
        return InferenceServerError(f"The inference server {what}.\n{tail}")
