"""The pipeline's facade: start, stop, and access to its services."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
import os
from pathlib import Path
import socket
import ssl as ssl_module
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from ..aio.file_executor import FileExecutor
from ..aio.health_board import HealthBoard
from ..aio.publisher import Publisher
from ..domain.context import Home, HomeReport
from ..domain.errors import (
    CameraFolderMissingError,
    CameraFolderPermissionError,
    PipelineStoppedError,
    SettingsConflictError,
    StorageAwayError,
    StorageStalledError,
    StoreError,
)
from ..domain.machine_clock import MachineClock
from ..domain.models import Camera
from ..domain.settings import Settings
from ..domain.shared_settings import Configured, agree
from ..domain.updates import Health, Listener
from ..events.feedback import Feedback
from ..files import camera_root
from ..inference.client import InferenceClient
from ..queue.dead_letters import DeadLetterService
from ..stages.clean_up import CleanUp
from ..store import cameras, clean_ups, shared_settings
from ..store.engine import begin, connect, connect_listener, has_pooler
from .home_recorder import HomeRecorder
from .query_service import QueryService
from .wiring import RunningPipeline, start

APPLICATION_NAME = "home_security_intelligence"
_UNREGISTER_TIMEOUT = 2.0  # seconds to unregister this worker in the database
_CLOSE_TIMEOUT = 5.0  # seconds to close the database's connections


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineConfig:
    """Configuration of a pipeline; `host` is this machine's name."""

    database_url: str
    camera_root: Path
    cameras: tuple[Camera, ...]
    settings: Settings = field(default_factory=Settings)
    configured: Configured = field(default_factory=Configured)  # of these settings
    ssl: ssl_module.SSLContext | None = None  # verifies the database's certificate
    database_fingerprint: str | None = None  # SHA-256 (hex) of its only trusted certificate
    direct_database_url: str | None = None  # past a connection pooler; it listens
    host: str = field(default_factory=socket.gethostname)
    home: Home | None = None  # its state at the start; None: this pipeline does not record it


class Pipeline:
    """From files in camera folders to assessed events.

    Each of `clients` belongs to another inference server; the least loaded one is used.
    `on_restart_needed` is called if this pipeline has to be replaced by a new one, because shared
    settings have changed or the database was restored.
    Requests raise StoreError while the database is away, and PipelineStoppedError before the
    start, after the stop and when the stop interrupts them.
    """

    def __init__(
        self,
        config: PipelineConfig,
        *clients: InferenceClient,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        on_restart_needed: Callable[[], None] = lambda: None,
    ) -> None:
        self._config = config
        self._settings = config.settings
        self._on_restart_needed = on_restart_needed
        self._clients = clients
        self._now = now
        self._publisher = Publisher()
        self._board = HealthBoard(self._publisher)
        self._running: RunningPipeline | None = None

    @property
    def health(self) -> Health:
        """The health as last observed."""
        return self._board.health

    @property
    def settings(self) -> Settings:
        """The settings in use; from the start on those that agree with the database."""
        return self._settings

    async def start(self) -> None:
        """Start everything; servers may be unreachable.

        Raises StoreError, WatchError, and SettingsConflictError if the shared settings differ from
        those in the database.
        """
        config = self._config
        files = FileExecutor(stall_limit=config.settings.storage_timeout)
        try:
            await files.call("", "", _check_root, config.camera_root)
            engine = await connect(
                config.database_url,
                ssl=config.ssl,
                fingerprint=config.database_fingerprint,
                application_name=APPLICATION_NAME,
            )
            try:
                async with begin(engine) as connection:
                    await cameras.register(connection, config.cameras)
                    root = await camera_root.register(
                        connection, config.camera_root, config.host, files
                    )
                    # After the root, whose lock admits one starter at a time.
                    settings = await self._agree(connection)
                    clock = MachineClock(self._now)
                    database_now, newest = await clean_ups.read_clock(connection)
                    clock.observe(database=database_now, newest=newest)
                listen_engine = await self._listen_engine(engine)
                time_zone = await asyncio.to_thread(_time_zone, settings.time_zone)
            except BaseException:
                await engine.dispose()
                raise
        except StorageStalledError as error:
            files.close()
            raise StorageAwayError(str(error)) from error
        except BaseException:
            files.close()
            raise
        self._settings = settings
        self._running = start(
            engine,
            listen_engine,
            self._clients,
            self._publisher,
            self._board,
            root=root,
            files=files,
            cameras=config.cameras,
            time_zone=time_zone,
            home=config.home,
            settings=settings,
            configured=config.configured,
            on_restart_needed=self._on_restart_needed,
            clock=clock,
            now=self._now,
        )

    async def stop(self, *, drain: float = 0.0) -> None:
        """Stop everything; a second call does nothing.

        Running jobs may finish for `drain` seconds, unless the database was restored: it may not
        have them. Then their leases are released.
        """
        running, self._running = self._running, None
        if running is None:
            return
        if drain > 0 and not running.restore_monitor.restored:
            with suppress(TimeoutError):
                async with asyncio.timeout(drain):
                    await running.drain()
        await running.supervisor.stop()
        await running.requests.stop()
        running.files.close()
        with suppress(StoreError, TimeoutError):  # its registration expires anyway
            async with asyncio.timeout(_UNREGISTER_TIMEOUT), begin(running.engine) as connection:
                await camera_root.unregister(connection, running.root)
        with suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_TIMEOUT):
                await running.engine.dispose()

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call the listener on the event loop for every update; returns a function to unsubscribe."""
        return self._publisher.subscribe(listener)

    def note_home(self, home: Home) -> None:
        """Record the home's state from now on; events keep the state they started with."""
        self._home_recorder.note(home)

    def note_report(self, report: HomeReport) -> None:
        """Record what the home reports now; open events count it at their next judgement."""
        self._home_recorder.note_report(report)

    @property
    def queries(self) -> QueryService:
        """What is stored: cameras, events, images, dead letters, the queue's numbers."""
        return self._started.queries

    @property
    def dead_letters(self) -> DeadLetterService:
        """Requeue and discard dead letters."""
        return self._started.dead_letters

    @property
    def feedback(self) -> Feedback:
        """Mark events and missed moments."""
        return self._started.feedback

    @property
    def cleanup(self) -> CleanUp:
        """Delete what is older than the retention, or count it."""
        return self._started.cleanup

    async def refresh_health(self) -> Health:
        """Ask the inference servers now; return the health with their answers."""
        running = self._started
        with running.requests.track():
            await running.servers.poll()
        return self.health

    async def pull_models(self) -> None:
        """Have servers without their language model download it; raises ClientError."""
        running = self._started
        with running.requests.track():
            await running.servers.pull_models()

    @property
    def _home_recorder(self) -> HomeRecorder:
        recorder = self._started.home_recorder
        if recorder is None:
            raise RuntimeError("this pipeline was started without a home state")
        return recorder

    async def _listen_engine(self, engine: AsyncEngine) -> AsyncEngine | None:
        """Return the engine of the connection that listens; None if there can be none."""
        config = self._config
        if config.direct_database_url is None:
            return None if has_pooler(engine) else engine
        return await connect_listener(
            config.direct_database_url,
            ssl=config.ssl,
            fingerprint=config.database_fingerprint,
            application_name=APPLICATION_NAME,
        )

    async def _agree(self, connection: AsyncConnection) -> Settings:
        """Return the settings that agree with the database, and store those decided here."""
        config = self._config
        stored = await shared_settings.read(connection)
        agreement = agree(config.settings, config.configured, stored)
        await shared_settings.write(
            connection, agreement.to_store, config.configured.source, config.host
        )
        return agreement.settings

    @property
    def _started(self) -> RunningPipeline:
        if self._running is None:
            raise PipelineStoppedError
        return self._running


def _time_zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise SettingsConflictError(
            f"the time zone {name} is unknown on this machine; install its time zone data (tzdata)"
        ) from error


def _check_root(root: Path) -> None:
    if not root.is_dir():
        raise CameraFolderMissingError(f"the folder {root} does not exist")
    if not os.access(root, os.R_OK | os.X_OK):
        raise CameraFolderPermissionError(f"the folder {root} is not readable")
