"""The server's process with a detector that claims a GPU; it is lost once the file LOSE_GPU exists.

A fault in a GPU cannot be made without one. test_gpu_guard.py holds the probe against a real one.
"""

from collections.abc import Sequence
from dataclasses import replace
import os
from pathlib import Path

from inference_server import __main__ as program, serve as serving
from inference_server.detection import service
from inference_server.detection.base import Detector, DetectorInfo, ImageResult, PreparedImage
from inference_server.detection.loading import load_detector
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


if __name__ == "__main__":
    serving.load_detector = _load
    serving.probe_gpu = lambda: f"AcceleratorError: {_ERROR}" if _LOST.exists() else None
    service._FIRST_RELOAD = 0.3
    program.run_and_exit()
