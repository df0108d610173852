"""The server's process with a detector that claims a GPU, which is lost once the file LOSE_GPU exists.

A GPU's fault cannot be produced without a GPU. test_gpu_guard.py checks the probe on a real one.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
import os
from pathlib import Path

from inference_server.__main__ import run_and_exit
from inference_server.detection.base import Detector, DetectorInfo, ImageResult, PreparedImage
from inference_server.detection.loading import load_detector
from inference_server.serve import serve
from inference_server.settings import Settings

_ERROR = "CUDA error: an illegal memory access was encountered"
_LOST = Path(os.environ["LOSE_GPU"])


class _OnGpu:
    def __init__(self, detector: Detector) -> None:
        self._detector = detector

    @property
    def info(self) -> DetectorInfo:
        return replace(self._detector.info, device="cuda:0 (not really)")

    def prepare(self, data: bytes) -> PreparedImage:
        return self._detector.prepare(data)

    def detect(
        self, images: Sequence[PreparedImage], thresholds: Sequence[float]
    ) -> list[ImageResult]:
        if _LOST.exists():
            raise RuntimeError(_ERROR)
        return self._detector.detect(images, thresholds)


def _load(settings: Settings) -> Detector:
    return _OnGpu(load_detector(settings))


def _probe() -> str | None:
    return f"AcceleratorError: {_ERROR}" if _LOST.exists() else None


if __name__ == "__main__":
    run_and_exit(partial(serve, load=_load, probe=_probe, retry_delay=0.3))
