"""Listens until a signal asks the process to end."""

import asyncio
import logging
import os
import signal

from aiohttp import web

from .announcement import Announcement
from .app import create_app
from .assessment import create_assessor
from .assessor_keeper import AssessorKeeper
from .detection.loading import load_detector
from .detection.service import DetectionService
from .gpu import load_nvml
from .gpu_watch import GpuWatch
from .identity import load_instance_id
from .listening import listen
from .metrics import create_metrics
from .runner import ProblemRunner
from .security import is_loopback
from .settings import Settings
from .tls import load_tls
from .tracing import create_tracing

_LOG = logging.getLogger(__name__)
_IDLE = 75.0  # seconds a connection may take to begin a request, the first or the next
_DRAIN = 4.0  # seconds for requests underway; aiohttp may take it twice, runtimes kill after 10


async def serve(settings: Settings) -> None:
    """Run the server; raises SettingsError, and OSError where the address cannot be listened on."""
    tls = load_tls(settings)
    metrics = create_metrics()
    instance_id = load_instance_id(settings.state_dir)
    tracing = create_tracing(settings, str(instance_id))
    app = create_app(
        settings,
        instance_id=instance_id,
        detection=DetectionService(
            lambda: load_detector(settings),
            queue_limit=settings.queue_limit,
            batch_max=settings.batch_max,
            batch_wait=settings.batch_wait_ms / 1000,
            canary_interval=settings.canary_interval,
            metrics=metrics,
        ),
        keeper=AssessorKeeper(
            lambda: create_assessor(settings),
            timeout=settings.assess_timeout,
            prove_every=settings.llm_canary_interval,
        ),
        gpu=GpuWatch(load_nvml(), visible=os.environ.get("CUDA_VISIBLE_DEVICES")),
        metrics=metrics,
        tracing=tracing,
    )
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    runner = create_runner(app)
    await runner.setup()
    try:
        await listen(runner, settings.host, settings.port, tls.context if tls else None)
        scheme = "https" if tls else "http"
        print(f"listening on {scheme}://{_address(settings.host, runner)}", flush=True)  # noqa: T201 - for whoever started it
        if tls:
            print(f"certificate's sha256 fingerprint {tls.fingerprint}", flush=True)  # noqa: T201
        announcement = None
        if settings.zeroconf and not is_loopback(settings.host):
            announcement = await Announcement.make(
                settings.host, runner.addresses[0][1], instance_id=instance_id, tls=bool(tls)
            )
        await stopping.wait()
        if announcement:
            await announcement.withdraw()
        _LOG.info("Stopping; requests underway have %g s", _DRAIN)
    finally:
        await runner.cleanup()
        await asyncio.to_thread(tracing.close)


def create_runner(app: web.Application) -> web.AppRunner:
    """Return what serves the application's connections."""
    return ProblemRunner(app, idle_timeout=_IDLE, shutdown_timeout=_DRAIN)


def _address(host: str, runner: web.AppRunner) -> str:
    port = runner.addresses[0][1]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
