"""A worker without Home Assistant: the same pipeline, set up by the environment."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
import logging
from pathlib import Path
import signal
from zoneinfo import ZoneInfo

import aiohttp

from ..domain.errors import CoreError
from ..domain.models import Camera
from ..domain.settings import Settings
from ..inference.client import InferenceClient
from ..pipeline.pipeline import Pipeline, PipelineConfig
from ..store import cameras
from ..store.engine import begin, connect
from .environment import Environment, UsageError, read_environment, read_settings, with_arguments

_LOGGER = logging.getLogger(__name__)


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
        time_zone=ZoneInfo(settings.time_zone),
        settings=settings,
    )
    async with aiohttp.ClientSession() as session:
        clients = [
            InferenceClient(
                session,
                server.url,
                server.token,
                settings=settings,
                fingerprint=server.fingerprint,
            )
            for server in environment.servers
        ]
        pipeline = Pipeline(config, *clients, now=now)
        await pipeline.start()
        try:
            _LOGGER.info(
                "working for %d cameras with %d inference servers",
                len(config.cameras),
                len(clients),
            )
            await stopped.wait()
        finally:
            _LOGGER.info("stopping: finishing what is in hand")
            await pipeline.stop(drain=settings.drain_timeout)


def main(environ: Mapping[str, str], arguments: Sequence[str]) -> int:
    """Run the worker; returns the exit status."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    try:
        environ = with_arguments(environ, arguments)
        asyncio.run(run(read_environment(environ), read_settings(environ).settings))
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
            known = await cameras.list_all(connection)
    finally:
        await engine.dispose()
    return known or await asyncio.to_thread(_folders, environment.camera_root)


def _folders(root: Path) -> tuple[Camera, ...]:
    if not root.is_dir():
        return ()
    names = sorted(folder.name for folder in root.iterdir() if folder.is_dir())
    return tuple(Camera(folder=name, name=name) for name in names if not name.startswith("."))
