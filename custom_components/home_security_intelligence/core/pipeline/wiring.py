"""The running pipeline: its parts, wired to each other, and its background tasks."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from uuid import uuid4

from sqlalchemy.ext.asyncio import AsyncEngine

from ..aio.file_executor import FileExecutor
from ..aio.health_board import HealthBoard
from ..aio.publisher import Publisher
from ..aio.request_tracker import RequestTracker
from ..aio.supervisor import Supervisor
from ..domain.context import Home
from ..domain.machine_clock import MachineClock
from ..domain.models import Camera
from ..domain.settings import Settings
from ..domain.shared_settings import Configured
from ..events.activity_counter import INTERVAL, ActivityCounter
from ..events.closer import EventCloser
from ..events.context_provider import ContextProvider
from ..events.event_judge import EventJudge
from ..events.feedback import Feedback
from ..events.grouper import EventGrouper
from ..files.camera_root import CameraRoot
from ..files.image_loader import ImageLoader
from ..files.privacy import PrivacyMasks
from ..inference.client import InferenceClient
from ..inference.server_set import ServerSet, build_servers
from ..queue.dead_letters import DeadLetterService
from ..queue.handler import JobHandler
from ..queue.job_runner import JobRunner
from ..queue.lease_reaper import LeaseReaper
from ..stages.assess import Assess
from ..stages.clean_up import CleanUp
from ..stages.clean_up_schedule import CleanUpSchedule
from ..stages.detect import Detect
from ..stages.image_dating import ImageDating
from ..stages.prompt_images import PromptImages
from ..stages.queue_capacity import QueueCapacity
from ..stages.register import Register
from ..store import clean_ups
from ..store.database import Database
from ..store.outbox import Outbox
from ..watch.deliveries import Deliveries
from ..watch.watcher import FolderWatcher
from .home_recorder import HomeRecorder
from .query_service import QueryService
from .queue_monitor import QueueMonitor
from .restore_monitor import RestoreMonitor
from .settings_monitor import SettingsMonitor
from .update_listener import UpdateListener

_CLOCKS_INTERVAL = 300.0  # seconds until offsets that other workers have learned are read
CLOCK_INTERVAL = 30.0  # seconds between comparisons of the machine's clock with the database's


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningPipeline:
    """The parts that the pipeline's facade exposes, and those that its stop ends."""

    engine: AsyncEngine
    queries: QueryService
    dead_letters: DeadLetterService
    servers: ServerSet
    cleanup: CleanUp
    feedback: Feedback
    home_recorder: HomeRecorder | None
    supervisor: Supervisor
    requests: RequestTracker
    root: CameraRoot
    restore_monitor: RestoreMonitor
    files: FileExecutor
    drain: Callable[[], Awaitable[None]]  # claims no more jobs and finishes the running ones


def start(
    engine: AsyncEngine,
    listen_engine: AsyncEngine | None,
    clients: Sequence[InferenceClient],
    publisher: Publisher,
    board: HealthBoard,
    *,
    root: CameraRoot,
    files: FileExecutor,
    cameras: Sequence[Camera],
    time_zone: tzinfo,
    home: Home | None,
    settings: Settings,
    configured: Configured,
    on_restart_needed: Callable[[], None],
    clock: MachineClock,
    now: Callable[[], datetime],
) -> RunningPipeline:
    """Wire everything and start its tasks; `listen_engine` is None if no connection can listen."""
    requests = RequestTracker()
    outbox = Outbox(publisher, settings=settings, now=now)
    database = Database(engine, board, settings, outbox, requests=requests)

    servers = build_servers(
        clients, board, settings=settings, now=now, on_change=outbox.notify_workers
    )
    grouper = EventGrouper(settings, ContextProvider(time_zone, settings), new_id=uuid4)
    restore_monitor = RestoreMonitor(database, root, settings, on_restored=on_restart_needed)
    judge = EventJudge(
        settings, now=now, worker=root.worker, expected_mark=lambda: restore_monitor.mark
    )
    masks = PrivacyMasks(database)
    loader = ImageLoader(database, root, files, masks, settings=settings, now=now)
    detect = Detect(
        database,
        servers.pool,
        grouper,
        judge,
        loader=loader,
        settings=settings,
        now=now,
    )
    assess = Assess(
        database,
        servers.pool,
        judge,
        PromptImages(loader, settings),
        settings=settings,
        now=now,
    )
    queue_monitor = QueueMonitor(database, publisher, outbox.queue_changed, settings)

    settings_monitor = SettingsMonitor(database, settings, configured, on_restart_needed)
    update_listener = UpdateListener(
        database,
        board,
        settings=settings,
        outbox=outbox,
        on_settings=settings_monitor.notify,
        engine=listen_engine,
    )
    deliveries = Deliveries(now=now)
    watcher = FolderWatcher(
        root.path,
        cameras,
        deliveries,
        files=files,
        health=board,
        publisher=publisher,
        settings=settings,
        now=now,
    )
    dating = ImageDating(database, board, root=root, files=files, time_zone=time_zone, clock=clock)
    register = Register(
        database,
        deliveries,
        QueueCapacity(database, board, deliveries, settings),
        cameras=[camera.folder for camera in cameras],
        dating=dating,
        root=root,
        clock=clock,
        now=now,
    )
    event_closer = EventCloser(
        database, judge, is_awaited=deliveries.is_awaited, settings=settings, now=now
    )
    clean_up = CleanUp(database, board, clock, root=root, files=files, settings=settings, now=now)
    schedule = CleanUpSchedule(clean_up, hour=settings.cleanup_hour, time_zone=time_zone, now=now)
    reaper = LeaseReaper(
        database,
        {handler.kind: handler for handler in (detect, assess)},
        settings=settings,
    )

    async def compare_clocks() -> None:
        database_now, _ = await database.run_statement(clean_ups.read_clock)
        clock.observe(database=database_now)

    supervisor = Supervisor(settings)
    board.database_answered()
    supervisor.keep_running("register", register.register_deliveries)
    supervisor.keep_running("watch", watcher.watch)
    supervisor.keep_running("listen", update_listener.listen)
    supervisor.keep_running("forward updates", update_listener.forward)
    for poller in servers.pollers:
        supervisor.keep_running("server", poller.poll_forever)
    supervisor.keep_running("queue", queue_monitor.publish_changes)
    supervisor.keep_running("settings", settings_monitor.watch)
    supervisor.keep_running("camera root", restore_monitor.watch)
    supervisor.repeat("camera clocks", dating.load, every=_CLOCKS_INTERVAL)
    supervisor.repeat("clock", compare_clocks, every=CLOCK_INTERVAL)
    supervisor.keep_running("clean up", schedule.run_daily)
    activity_counter = ActivityCounter(database, time_zone=time_zone, settings=settings, now=now)
    supervisor.repeat("count hours", activity_counter.count, every=INTERVAL)
    home_recorder = None
    if home is not None:
        home_recorder = HomeRecorder(database, home, settings=settings, clock=clock)
        supervisor.keep_running("home", home_recorder.record)
    supervisor.keep_running("close events", event_closer.close_due_events)
    supervisor.repeat(
        "reap leases", reaper.reap, every=min(settings.lease / 6, settings.poll_interval)
    )

    def runner_of[Result](handler: JobHandler[Result], concurrency: int) -> JobRunner[Result]:
        return JobRunner(
            database,
            handler,
            servers.gates[handler.kind],
            outbox.jobs[handler.kind],
            concurrency=concurrency * len(clients),
            settings=settings,
            on_lease_lost=update_listener.resync,
        )

    detecting = runner_of(detect, settings.detect_concurrency)
    loader.slow_reads.on_change(detecting.set_blocked)
    assessing = runner_of(assess, settings.assess_concurrency)
    supervisor.keep_running("detect", detecting.run_jobs)
    supervisor.keep_running("assess", assessing.run_jobs)

    async def drain() -> None:
        await asyncio.gather(detecting.drain(), assessing.drain())

    return RunningPipeline(
        engine=engine,
        queries=QueryService(database, root.path, files, masks, settings, now=now),
        dead_letters=DeadLetterService(database, requeue_limit=settings.requeue_limit),
        servers=servers,
        cleanup=clean_up,
        feedback=Feedback(database, settings=settings, now=now),
        home_recorder=home_recorder,
        supervisor=supervisor,
        requests=requests,
        root=root,
        restore_monitor=restore_monitor,
        files=files,
        drain=drain,
    )
