"""Serve until a signal stops the process."""

import asyncio
from collections.abc import Callable
import contextlib
import logging
import os
import signal

from aiohttp import web

from inference_server.app import create_app
from inference_server.assessment.assessor_service import AssessorService
from inference_server.assessment.factory import create_assessor
from inference_server.detection.base import Detector
from inference_server.detection.decoding.decoder_pool import DecoderPool
from inference_server.detection.detector_manager import RETRY_DELAY, DetectorManager
from inference_server.detection.gpu_guard import GpuGuard, probe_gpu
from inference_server.detection.loading import load_detector
from inference_server.detection.service import DetectionService
from inference_server.gpu.gpu_monitor import GpuMonitor
from inference_server.gpu.nvml import load_nvml
from inference_server.http.connection_limiter import ConnectionLimiter
from inference_server.http.drain import Drain
from inference_server.http.listener import listen
from inference_server.http.mdns import MdnsService
from inference_server.http.open_files import max_connections, raise_open_file_limit
from inference_server.http.runner import create_runner
from inference_server.http.security import is_loopback
from inference_server.http.tls import load_tls
from inference_server.identity import load_instance_id
from inference_server.observability.metrics import Metrics
from inference_server.observability.tracing import create_tracing
from inference_server.settings import Settings

_LOG = logging.getLogger(__name__)
_LOST_DRAIN = 30.0  # seconds, if the server stops by itself and no supervisor kills it
_DRAIN = 7.0  # seconds for requests in progress; container runtimes kill after 10
_LAST_SPANS = 2.0  # seconds to send them
_GPU_LOST = "This process has lost the GPU; start the server again."
_DECODER_STUCK = "An image decoder does not return; start the server again."


class RestartError(Exception):
    """A new process could continue, this one cannot; the message says why."""


async def serve(
    settings: Settings,
    *,
    load: Callable[[Settings], Detector] = load_detector,
    probe: Callable[[], str | None] = probe_gpu,
    retry_delay: float = RETRY_DELAY,
    decode_limit: float | None = None,
) -> None:
    """Run the server until a signal ends it.

    `load` and `probe` load a detector and check the GPU; `retry_delay` and `decode_limit` are in
    seconds.

    Raises SettingsError, OSError if the address cannot be bound, and RestartError once the requests
    in progress are answered.
    """
    tls = load_tls(settings)
    metrics = Metrics()
    instance_id = load_instance_id(settings.state_dir)
    tracing = create_tracing(settings, str(instance_id))
    stopping = asyncio.Event()
    restart_reasons: list[str] = []
    loop = asyncio.get_running_loop()

    def restart(reason: str) -> None:
        restart_reasons.append(reason)
        loop.call_soon_threadsafe(stopping.set)  # may be called from a thread

    guard = GpuGuard(load, on_lost=lambda: restart(_GPU_LOST), probe=probe)
    limiter = ConnectionLimiter(total=max_connections(raise_open_file_limit()))
    drain = Drain()
    detectors = DetectorManager(
        lambda: guard.load(settings),
        batch_max=settings.batch_max,
        batch_wait=settings.batch_wait_ms / 1000,
        self_test_interval=settings.self_test_interval,
        retry_delay=retry_delay,
        decoders=DecoderPool(
            max_pixels=settings.max_pixels,
            time_limit=decode_limit,
            on_stuck=lambda: restart(_DECODER_STUCK),
        ),
        metrics=metrics,
    )
    app = create_app(
        settings,
        instance_id=instance_id,
        detection=DetectionService(detectors, queue_limit=settings.queue_limit),
        assessor_service=AssessorService(
            lambda: create_assessor(settings),
            timeout=settings.assess_timeout,
            self_test_interval=settings.llm_self_test_interval,
        ),
        gpu=GpuMonitor(load_nvml(), visible=os.environ.get("CUDA_VISIBLE_DEVICES")),
        metrics=metrics,
        tracing=tracing,
        load=guard.load,
        drain=drain,
        on_authorized=limiter.exempt,
    )
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    runner = create_runner(app)
    await runner.setup()
    try:
        context = tls.context if tls else None
        await listen(runner, settings.host, settings.port, context, limiter=limiter)
        scheme = "https" if tls else "http"
        print(f"listening on {scheme}://{_address(settings.host, runner)}", flush=True)  # noqa: T201 - scripts read the address
        if tls:
            print(f"certificate's SHA-256 fingerprint {tls.fingerprint}", flush=True)  # noqa: T201
        mdns = None
        if settings.zeroconf and not is_loopback(settings.host):
            mdns = await MdnsService.register(
                settings.host, runner.addresses[0][1], instance_id=instance_id, tls=bool(tls)
            )
        await stopping.wait()
        timeout = _LOST_DRAIN if restart_reasons else _DRAIN
        _LOG.info("Stopping; requests in progress have %g s", timeout)
        await asyncio.gather(
            drain.stop(runner, timeout=timeout),
            *([mdns.unregister()] if mdns else []),
        )
    finally:
        await runner.cleanup()
        with contextlib.suppress(TimeoutError):  # the receiver of traces may not answer
            await asyncio.wait_for(asyncio.to_thread(tracing.close), _LAST_SPANS)
    if restart_reasons:
        raise RestartError(restart_reasons[0])


def _address(host: str, runner: web.AppRunner) -> str:
    port = runner.addresses[0][1]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
