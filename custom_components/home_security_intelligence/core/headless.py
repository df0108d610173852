"""A worker without Home Assistant: the same pipeline, set up by the environment.

    DATABASE_URL          postgresql://user:password@host/database
    CAMERA_ROOT           the folder with one folder a camera (FOSCAM_BASE_PATH is taken as well)
    INFERENCE_URL         the inference server's address
    INFERENCE_TOKEN       its token, or INFERENCE_TOKEN_FILE with the path of a file that has it
    TZ                    the home's time zone, UTC unless given
    FILE_WATCHER_POLLING  true: look through the folders regularly, whatever the system tells
    FILE_WATCHER_POLLING_INTERVAL  seconds between such looks, 1 unless given
    RETENTION_DAYS        days that events, images and jobs are kept, 30 unless given; 0: for ever

The cameras are those that the database knows; while it knows none, each folder in the camera root
is one. `python path/to/core` runs it; any number may share one database.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
import logging
from pathlib import Path
import signal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import aiohttp

from .client import InferenceClient, normalize_url
from .errors import CoreError
from .models import Camera
from .pipeline import Pipeline, PipelineConfig
from .settings import POLLING_RANGE, RETENTION_RANGE, Settings
from .store import cameras
from .store.engine import begin, connect

_LOGGER = logging.getLogger(__name__)

_FLAGS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


class UsageError(Exception):
    """The environment does not say what is needed, or says it wrongly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """What the environment says."""

    database_url: str
    camera_root: Path
    inference_url: str
    token: str | None
    time_zone: ZoneInfo


def read_environment(environ: Mapping[str, str]) -> Environment:
    """Return what the environment says; raises UsageError with a sentence that names the variable."""
    try:
        return Environment(
            database_url=_needed(environ, "DATABASE_URL"),
            camera_root=Path(_needed(environ, "CAMERA_ROOT", "FOSCAM_BASE_PATH")),
            inference_url=normalize_url(_needed(environ, "INFERENCE_URL")),
            token=_token(environ),
            time_zone=ZoneInfo(environ.get("TZ") or "UTC"),
        )
    except ZoneInfoNotFoundError as error:
        raise UsageError(f"TZ: there is no time zone {environ['TZ']}") from error
    except ValueError as error:
        raise UsageError(f"INFERENCE_URL: {error}") from error


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Return the settings the environment changes; raises UsageError as above."""
    standard = Settings()
    return Settings(
        watch_polling=_flag(environ, "FILE_WATCHER_POLLING", default=standard.watch_polling),
        polling_interval=_number(
            environ,
            "FILE_WATCHER_POLLING_INTERVAL",
            default=standard.polling_interval,
            allowed=POLLING_RANGE,
        ),
        retention_days=_number(
            environ, "RETENTION_DAYS", default=standard.retention_days, allowed=RETENTION_RANGE
        ),
    )


async def run(
    environment: Environment,
    settings: Settings,
    *,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> None:
    """Work until SIGTERM or SIGINT; raises CoreError when it cannot start."""
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    config = PipelineConfig(
        database_url=environment.database_url,
        camera_root=environment.camera_root,
        cameras=await _cameras(environment),
        time_zone=environment.time_zone,
        settings=settings,
    )
    async with aiohttp.ClientSession() as session:
        client = InferenceClient(
            session, environment.inference_url, environment.token, settings=settings
        )
        pipeline = Pipeline(config, client, now=now)
        await pipeline.start()
        try:
            _LOGGER.info("working for %d cameras", len(config.cameras))
            await stopped.wait()
        finally:
            await pipeline.stop()


def main(environ: Mapping[str, str]) -> int:
    """Run the worker; returns the exit status."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    try:
        asyncio.run(run(read_environment(environ), read_settings(environ)))
    except UsageError as error:
        _LOGGER.error("%s", error)
        return 2
    except CoreError as error:
        _LOGGER.error("cannot start: %s", error)
        return 1
    return 0


async def _cameras(environment: Environment) -> tuple[Camera, ...]:
    engine = await connect(environment.database_url, application_name="hsi worker")
    try:
        async with begin(engine) as connection:
            known = await cameras.all_known(connection)
    finally:
        await engine.dispose()
    return known or await asyncio.to_thread(_folders, environment.camera_root)


def _folders(root: Path) -> tuple[Camera, ...]:
    if not root.is_dir():
        return ()
    names = sorted(folder.name for folder in root.iterdir() if folder.is_dir())
    return tuple(Camera(folder=name, name=name) for name in names if not name.startswith("."))


def _needed(environ: Mapping[str, str], *names: str) -> str:
    for name in names:
        if value := environ.get(name):
            return value
    raise UsageError(f"{names[0]} is not set")


def _flag(environ: Mapping[str, str], name: str, *, default: bool) -> bool:
    text = environ.get(name, "").strip().lower()
    if text and text not in _FLAGS:
        raise UsageError(f"{name}: {text!r} is neither true nor false")
    return _FLAGS.get(text, default)


def _number(
    environ: Mapping[str, str], name: str, *, default: float, allowed: tuple[float, float]
) -> float:
    text = environ.get(name, "").strip()
    try:
        number = float(text) if text else default
    except ValueError as error:
        raise UsageError(f"{name}: {text!r} is no number") from error
    low, high = allowed
    if not low <= number <= high:
        raise UsageError(f"{name}: {text} is not between {low:g} and {high:g}")
    return number


def _token(environ: Mapping[str, str]) -> str | None:
    if path := environ.get("INFERENCE_TOKEN_FILE"):
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise UsageError(f"INFERENCE_TOKEN_FILE: {path} cannot be read") from error
    return environ.get("INFERENCE_TOKEN")
