"""A throwaway Home Assistant: the real one, on a loopback port, onboarded, without the internet.

    async with HomeAssistant(folder, media=camera_root) as home:
        states = await home.client.states()

Runs with the interpreter that has Home Assistant installed, by default this process's own.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
import json
import os
from pathlib import Path
import secrets
import shutil
import signal
import subprocess
import sys
import time
from types import TracebackType
from typing import IO, Self

import aiohttp

from testbed.services.home_assistant_client import HomeAssistantClient, HomeAssistantError
from testbed.services.ports import free_port

REPOSITORY = Path(__file__).parents[2]
START_TIMEOUT = 180.0  # seconds until it answers HTTP
STOP_TIMEOUT = 40.0  # seconds for a clean shutdown
LOG_FILE = "hass.log"
OUTPUT_FILE = "hass.out"  # output before the log is set up
# Signs of an error, of a blocked event loop, and of a deprecated function.
SIGNS = (" ERROR ", " CRITICAL ", "Detected blocking call", "Detected that custom integration")
# These set themselves up by default.
ASKING_THE_INTERNET = ("analytics", "marketplace")
# The parts of default_config that neither discover devices nor use the internet, so that this
# integration meets what it shares a home with.
CONFIGURATION = """\
homeassistant:
  name: Home
  latitude: 52.3731
  longitude: 4.8903
  elevation: 2
  unit_system: metric
  time_zone: {time_zone}
  country: NL
  currency: EUR
  media_dirs:
    local: {media}
frontend:
config:
api:
websocket_api:
person:
zone:
sun:
history:
logbook:
lovelace:
system_log:
assist_pipeline:
automation:
conversation:
energy:
media_source:
mobile_app:
my:
usage_prediction:
webhook:
recorder:
  commit_interval: 1
logger:
  default: warning
  logs:
    custom_components.home_security_intelligence: info
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """The owner's login."""

    user: str = "owner"
    password: str = field(default_factory=lambda: secrets.token_urlsafe(9))


class HomeAssistant:
    """One Home Assistant process with its own configuration folder.

    `start()` after `stop()` starts it again with the same data on the same port.
    """

    def __init__(self, folder: Path, *, media: Path, port: int = 0, time_zone: str = "UTC") -> None:
        """Port 0 takes any free one; `media` is the folder whose images it may read."""
        self.folder = folder
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.login = Login()
        self._media = media
        self._time_zone = time_zone
        self._token: str | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._output: IO[bytes] | None = None
        self._session: aiohttp.ClientSession | None = None
        self._client: HomeAssistantClient | None = None

    @property
    def client(self) -> HomeAssistantClient:
        """The owner's client; only while it runs."""
        if self._client is None:
            raise HomeAssistantError("Home Assistant is not running")
        return self._client

    async def start(self) -> HomeAssistantClient:
        """Start, create the owner's account the first time, and wait until everything is set up."""
        if self._token is None:
            self._write_configuration()
        process = self._launch()
        self._session = aiohttp.ClientSession()
        await self._wait_for_http(self._session, process)
        if self._token is None:
            self._token = await self._onboard(self._session)
        self._client = HomeAssistantClient(self._session, self.url, self._token)
        await self._client.wait_until_started()
        return self._client

    async def stop(self) -> None:
        """Shut it down, by SIGKILL at the limit; the configuration folder stays."""
        if self._session is not None:
            await self._session.close()
            self._session = self._client = None
        if self._process is not None:
            await asyncio.to_thread(_end, self._process)
            self._process = None
        if self._output is not None:
            self._output.close()
            self._output = None

    def kill(self) -> None:
        """Kill the process, as a power cut would; `stop()` must still be called."""
        if self._process is not None:
            self._process.kill()

    def log(self) -> str:
        """Return its log since its configuration folder was created."""
        files = sorted(self.folder.glob(f"{LOG_FILE}*"), reverse=True)
        return "".join(file.read_text(errors="replace") for file in files)

    def complaints(self) -> list[str]:
        """Return the log's lines with errors, blocking calls and deprecations."""
        signs = [line for line in self.log().splitlines() if any(sign in line for sign in SIGNS)]
        if shutil.which("ffmpeg") is None:  # optional here: no image needs it
            return [line for line in signs if "[haffmpeg.core]" not in line]
        return signs

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.stop()

    def _write_configuration(self) -> None:
        storage = self.folder / ".storage"
        storage.mkdir(parents=True, exist_ok=True)
        (self.folder / "configuration.yaml").write_text(
            CONFIGURATION.format(
                time_zone=json.dumps(self._time_zone), media=json.dumps(str(self._media))
            )
        )
        # Only the owner's step is left open: the others would set up
        # integrations that use the internet.
        _seed(storage, "onboarding", version=4, data={"done": ["core_config", "analytics", "integration"]})  # fmt: skip
        # In YAML this would be a trial that the user has to confirm within five minutes; the
        # first storage version counts as confirmed.
        _seed(storage, "http", version=1, data={"server_host": ["127.0.0.1"], "server_port": self.port})  # fmt: skip
        entries = [_turned_off(domain) for domain in ASKING_THE_INTERNET]
        _seed(storage, "core.config_entries", version=1, minor=5, data={"entries": entries})
        components = self.folder / "custom_components"
        if not components.exists():
            components.symlink_to(REPOSITORY / "custom_components")

    def _launch(self) -> subprocess.Popen[bytes]:
        self._output = (self.folder / OUTPUT_FILE).open("ab")
        process = self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "homeassistant", "--config", str(self.folder)),
                # Everything is installed, so a missing package must be an error, not a download.
                *("--skip-pip", "--log-no-color", "--log-file", str(self.folder / LOG_FILE)),
            ],
            # It must find custom components in its own folder only.
            env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=self._output,
            # A Ctrl-C at the terminal must reach only this process, which stops its parts in order.
            start_new_session=True,
        )
        return process

    async def _wait_for_http(
        self, session: aiohttp.ClientSession, process: subprocess.Popen[bytes]
    ) -> None:
        deadline = time.monotonic() + START_TIMEOUT
        while True:
            if process.poll() is not None or time.monotonic() > deadline:
                output = (self.folder / OUTPUT_FILE).read_text(errors="replace")
                raise HomeAssistantError(f"Home Assistant did not start:\n{output[-2000:]}")
            try:
                # Responds with 404 after the onboarding.
                async with session.get(f"{self.url}/api/onboarding") as answer:
                    if answer.status in {200, 404}:
                        return
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(0.1)

    async def _onboard(self, session: aiohttp.ClientSession) -> str:
        """Create the owner's account; return a long-lived access token."""
        client_id = f"{self.url}/"
        account = {
            "client_id": client_id,
            "name": "Owner",
            "username": self.login.user,
            "password": self.login.password,
            "language": "en",
        }
        async with session.post(f"{self.url}/api/onboarding/users", json=account) as answer:
            answer.raise_for_status()
            code = str((await answer.json())["auth_code"])
        grant = {"grant_type": "authorization_code", "code": code, "client_id": client_id}
        async with session.post(f"{self.url}/auth/token", data=grant) as answer:
            answer.raise_for_status()
            access_token = str((await answer.json())["access_token"])
        short_lived = HomeAssistantClient(session, self.url, access_token)
        token = await short_lived.command(
            "auth/long_lived_access_token", client_name="Test bed", lifespan=3650
        )
        return str(token)


def local_time_zone() -> str:
    """Return this machine's time zone; UTC if it is unknown."""
    target = os.path.realpath("/etc/localtime")
    name = target.partition("/zoneinfo/")[2]
    return name if name and not name.startswith(("posix", "right", "Etc")) else "UTC"


def _turned_off(domain: str) -> dict[str, object]:
    """Return the stored entry of a disabled integration."""
    long_ago = "2026-01-01T00:00:00+00:00"
    return {
        "created_at": long_ago,
        "data": {},
        "disabled_by": "user",
        "discovery_keys": {},
        "domain": domain,
        "entry_id": f"01KDT8XE00{domain.upper():0>16.16}",
        "minor_version": 1,
        "modified_at": long_ago,
        "options": {},
        "pref_disable_new_entities": False,
        "pref_disable_polling": False,
        "source": "system",
        "subentries": [],
        "title": "",
        "unique_id": None,
        "version": 1,
    }


def _seed(
    storage: Path, key: str, *, version: int, data: dict[str, object], minor: int = 1
) -> None:
    """Write one of Home Assistant's own storage files."""
    stored = {"version": version, "minor_version": minor, "key": key, "data": data}
    (storage / key).write_text(json.dumps(stored))


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the process and its children."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(STOP_TIMEOUT)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
