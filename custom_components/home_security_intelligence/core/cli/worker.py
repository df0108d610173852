"""The headless worker: the pipeline without Home Assistant, configured by the environment."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
import logging
import os
from pathlib import Path
import signal

import aiohttp

from ..domain.declarations import Value
from ..domain.errors import CoreError, SettingsConflictError
from ..domain.models import Camera
from ..domain.settings import DECLARATIONS, Settings
from ..domain.shared_settings import Configured
from ..inference.client import InferenceClient
from ..pipeline.pipeline import Pipeline, PipelineConfig
from ..store import cameras, clean_ups
from ..store.engine import begin, connect
from ..watch.ignored_names import IgnoredNames
from .environment import (
    ConfiguredSettings,
    Environment,
    UsageError,
    parse_arguments,
    read_environment,
    read_settings,
)

_LOGGER = logging.getLogger(__name__)
_EXIT_FAILED = 1  # a restart may help
_EXIT_USAGE = 2  # the configuration has to be changed


async def work(
    environment: Environment,
    configured: ConfiguredSettings,
    *,
    store_settings: bool = False,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> None:
    """Run the pipeline until SIGTERM or SIGINT; raises CoreError if it cannot start.

    If shared settings change in the database, or it is restored, the pipeline is restarted.
    """
    stopping, interrupted = asyncio.Event(), asyncio.Event()

    def stop() -> None:
        stopping.set()
        interrupted.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop)
    replaces = store_settings  # at the first start only, or two such workers would alternate
    async with aiohttp.ClientSession() as session:
        while not stopping.is_set():
            interrupted.clear()
            config = PipelineConfig(
                database_url=environment.database_url,
                database_fingerprint=environment.database_fingerprint,
                direct_database_url=environment.direct_database_url,
                camera_root=environment.camera_root,
                cameras=await _cameras(
                    environment, IgnoredNames(configured.settings.ignored_names)
                ),
                settings=configured.settings,
                configured=Configured(names=configured.names, replaces=replaces),
            )
            clients = _clients(session, environment, configured.settings)
            pipeline = Pipeline(config, *clients, now=now, on_restart_needed=interrupted.set)
            await pipeline.start()
            try:
                _log_stored(configured.settings, pipeline.settings)
                _LOGGER.info(
                    "working for %d cameras with %d inference servers",
                    len(config.cameras),
                    len(clients),
                )
                await interrupted.wait()
            finally:
                if stopping.is_set():
                    _LOGGER.info("stopping: finishing running jobs")
                else:
                    _LOGGER.info("restarting")
                await pipeline.stop(drain=configured.settings.drain_timeout)
            replaces = False


async def confirm_clean_ups(environment: Environment) -> None:
    """Confirm every clean-up that waits, and show them; raises StoreError."""
    engine = await connect(environment.database_url, application_name="hsi worker")
    try:
        async with begin(engine) as connection:
            confirmed = await clean_ups.confirm_all(connection)
    finally:
        await engine.dispose()
    if not confirmed:
        _LOGGER.info("no clean-up waits for a confirmation")
    for each in confirmed:
        waiting = each.waiting
        _LOGGER.info(
            "confirmed the clean-up of %s on %s, which waited because %s: %d of %d image records "
            "and %d of %d image files are deleted within a minute",
            each.path,
            each.host,
            waiting.reason,
            waiting.images,
            waiting.stored_images,
            waiting.files,
            waiting.stored_files,
        )


def main(environ: Mapping[str, str], arguments: Sequence[str]) -> int:
    """Run the worker; returns the exit status."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    try:
        command = parse_arguments(environ, arguments)
        environment = read_environment(command.environ)
        if command.confirm_clean_up:
            asyncio.run(confirm_clean_ups(environment))
            return 0
        configured = read_settings(command.environ)
        asyncio.run(work(environment, configured, store_settings=command.store_settings))
    except UsageError as error:
        _LOGGER.error("%s", error)
        return _EXIT_USAGE
    except SettingsConflictError as error:
        _LOGGER.error("cannot work with the settings in the database: %s", error)
        return _EXIT_USAGE
    except CoreError as error:
        _LOGGER.error("cannot start: %s", error)
        return _EXIT_FAILED
    return 0


def _clients(
    session: aiohttp.ClientSession, environment: Environment, settings: Settings
) -> list[InferenceClient]:
    return [
        InferenceClient(
            session,
            server.url,
            server.token,
            settings=settings,
            fingerprint=server.fingerprint,
        )
        for server in environment.servers
    ]


def _log_stored(own: Settings, agreed: Settings) -> None:
    for name, declaration in DECLARATIONS.items():
        value: Value = getattr(agreed, name)
        if value != getattr(own, name):
            _LOGGER.info("%s is %s, as stored in the database", name, declaration.format(value))


async def _cameras(environment: Environment, ignored: IgnoredNames) -> tuple[Camera, ...]:
    """Return the cameras in the database; if it has none, one for each folder."""
    engine = await connect(
        environment.database_url,
        fingerprint=environment.database_fingerprint,
        application_name="hsi worker",
    )
    try:
        async with begin(engine) as connection:
            known = await cameras.list_all(connection)
    finally:
        await engine.dispose()
    return known or await asyncio.to_thread(_folders, environment.camera_root, ignored)


def _folders(root: Path, ignored: IgnoredNames) -> tuple[Camera, ...]:
    if not root.is_dir():
        return ()
    with os.scandir(root) as entries:  # it asks no file system that is mounted below
        names = sorted(entry.name for entry in entries if entry.is_dir())
    return tuple(Camera(folder=name, name=name) for name in names if name not in ignored)
