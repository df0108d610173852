"""The server's process with a decoder that does not return from an image of one pixel."""

from collections.abc import Sequence
from functools import partial
from threading import Event

from inference_server.__main__ import run_and_exit
from inference_server.detection.base import Detector, DetectorInfo, ImageResult, PreparedImage
from inference_server.detection.decoding.headers import read_header
from inference_server.detection.loading import load_detector
from inference_server.serve import serve
from inference_server.settings import Settings

DECODE_LIMIT = 2.0  # seconds


class _Stuck:
    def __init__(self, detector: Detector) -> None:
        self._detector = detector

    @property
    def info(self) -> DetectorInfo:
        return self._detector.info

    def prepare(self, data: bytes) -> PreparedImage:
        if read_header(data).pixels == 1:
            Event().wait()
        return self._detector.prepare(data)

    def detect(
        self, images: Sequence[PreparedImage], thresholds: Sequence[float]
    ) -> list[ImageResult]:
        return self._detector.detect(images, thresholds)


def _load(settings: Settings) -> Detector:
    return _Stuck(load_detector(settings))


if __name__ == "__main__":
    run_and_exit(partial(serve, load=_load, decode_limit=DECODE_LIMIT))
