"""Accept images for detection up to a limit, and detect the objects in them."""

from collections.abc import Iterator
import contextlib
from dataclasses import dataclass
import math
from time import perf_counter

from inference_server.deadline import NEVER, Deadline
from inference_server.detection.base import Detection
from inference_server.detection.detector_manager import DetectorManager
from inference_server.errors import OverloadedError

_SAFE = 0.8  # share of the remaining time: processing times are estimates


@dataclass(frozen=True, slots=True, kw_only=True)
class Timings:
    """Time spent on one image by stage, in milliseconds."""

    queue: float
    decode: float
    preprocess: float
    infer: float
    postprocess: float
    total: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectionResult:
    """Detections in one image with the model used; width and height are of the upright image."""

    model: str
    test_model: bool
    width: int
    height: int
    detections: tuple[Detection, ...]
    timings: Timings
    damage: str | None = None  # what is wrong with the image's file, although it can be shown


class DetectionService:
    """Detect objects in images with the runner in use."""

    def __init__(self, detectors: DetectorManager, *, queue_limit: int) -> None:
        """`queue_limit` is the maximum number of images being received, waiting or processed."""
        self.detectors = detectors
        self._queue_limit = queue_limit
        self._admitted = 0

    @property
    def waiting(self) -> int:
        """Number of images being received, waiting or being processed."""
        return self._admitted

    def check_capacity(self, deadline: Deadline = NEVER) -> None:
        """Raise DetectorUnavailableError or OverloadedError if detect() would raise it at once."""
        each = self.detectors.require_runner().throughput.seconds_per_image
        wait = self._admitted * each
        too_late = self._admitted > 0 and wait + each > deadline.remaining * _SAFE
        if self._admitted >= self._queue_limit or too_late:
            raise OverloadedError(
                f"{self._admitted} images are waiting already.",
                retry_after_s=math.ceil(wait) or 1,
            )

    @contextlib.contextmanager
    def admit(self, deadline: Deadline = NEVER) -> Iterator[None]:
        """Reserve a place in the queue; raises the errors of check_capacity()."""
        self.check_capacity(deadline)
        self._admitted += 1
        try:
            yield
        finally:
            self._admitted -= 1

    async def detect(
        self, data: bytes, threshold: float, deadline: Deadline = NEVER
    ) -> DetectionResult:
        """Detect the objects in one image; raises ProblemErrors."""
        with self.admit(deadline):
            return await self.detect_admitted(data, threshold, deadline)

    async def detect_admitted(
        self, data: bytes, threshold: float, deadline: Deadline = NEVER
    ) -> DetectionResult:
        """Detect within an admit() context; raises ProblemErrors."""
        runner = self.detectors.require_runner()
        with runner.use():
            started = perf_counter()
            image = await runner.prepare(data, deadline)
            prepared = perf_counter()
            found = await runner.detect(image, threshold, deadline)
            finished = perf_counter()
        waited = (image.started_at - started) + (found.started_at - prepared)
        return DetectionResult(
            model=runner.info.model,
            test_model=runner.info.test_model,
            width=image.width,
            height=image.height,
            detections=found.detections,
            timings=Timings(
                queue=max(0.0, waited * 1000),
                decode=image.decode_ms,
                preprocess=image.preprocess_ms,
                infer=found.infer_ms,
                postprocess=found.postprocess_ms,
                total=(finished - started) * 1000,
            ),
            damage=image.damage,
        )
