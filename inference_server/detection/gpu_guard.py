"""Detect that this process has lost its GPU, which only a new process can recover."""

from collections.abc import Callable
import logging
from threading import Thread

from inference_server.detection.base import Detector, GpuLostError
from inference_server.settings import Settings

_LOG = logging.getLogger(__name__)
_FAILURES = 3  # in a row; the pauses between them are those between two loads
PROBE_TIMEOUT = 30.0  # seconds; a hanging driver never responds


class GpuGuard:
    """Load detectors, and report when the GPU of an earlier one is lost.

    After a fault CUDA refuses every further call of the process: a detector that is loaded again
    fails or falls back to the CPU, although a new process could use the GPU.
    """

    def __init__(
        self,
        load: Callable[[Settings], Detector],
        *,
        on_lost: Callable[[], None],
        probe: Callable[[], str | None],
        probe_timeout: float = PROBE_TIMEOUT,
    ) -> None:
        """`probe` returns the GPU's error or None; `on_lost` is called from a loading thread.

        A probe that takes longer than `probe_timeout` seconds counts as failed.
        """
        self._load = load
        self._on_lost = on_lost
        self._probe = probe
        self._probe_timeout = probe_timeout
        self._on_gpu = False
        self._failures = 0

    def load(self, settings: Settings) -> Detector:
        """Load a detector, unless the GPU is lost; blocks; raises DetectorLoadError."""
        if self._on_gpu and (error := _within(self._probe_timeout, self._probe)):
            self._failures += 1
            _LOG.error("The GPU failed %d of %d times: %s", self._failures, _FAILURES, error)
            if self._failures >= _FAILURES:
                self._on_lost()
            raise GpuLostError(
                "This process has lost the GPU; the server stops soon, to be restarted."
            )
        self._failures = 0
        detector = self._load(settings)
        self._on_gpu = detector.info.device.startswith("cuda")
        return detector


def probe_gpu() -> str | None:
    """Run a small computation on the GPU; return the error, None if it works."""
    import torch  # noqa: PLC0415 - takes seconds; a detector on the GPU has imported it

    try:
        torch.ones(1, device="cuda:0").add_(1).cpu()
    except torch.OutOfMemoryError:
        return None  # temporary: other processes use it
    except Exception as err:  # noqa: BLE001 - a driver fails in many ways
        reason = str(err).partition("\n")[0]
        return f"{type(err).__name__}: {reason}"
    return None


def _within(seconds: float, probe: Callable[[], str | None]) -> str | None:
    answers: list[str | None] = []
    thread = Thread(target=lambda: answers.append(probe()), name="gpu probe", daemon=True)
    thread.start()
    thread.join(seconds)
    return answers[0] if answers else f"it has not responded for {seconds:g} s"
