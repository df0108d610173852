"""What a detector is, whatever runtime it works with; nothing here imports a heavy package."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol

from inference_server.observability.component_status import Reason

if TYPE_CHECKING:
    import torch


class DetectorLoadError(Exception):
    """The detector cannot be loaded; the message says what to do."""

    reason: ClassVar[Reason] = Reason.LOAD_FAILED


class GpuLostError(DetectorLoadError):
    """The GPU is lost to this process, not to another one."""

    reason = Reason.GPU_LOST


class RuntimeUnavailableError(Exception):
    """A way to compute is not to be had here; the message is a sentence that says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parity:
    """How near a runtime came to the reference; parity.py says what would have been too far."""

    pictures: int
    objects: int  # that both are sure of in them
    score_difference: float  # the largest, 0-1
    least_iou: float  # of the boxes of the same candidate


def join_sentences(*sentences: str | None) -> str | None:
    """Return what a detector had to fall back from, all of it; None where it is nothing."""
    return " ".join(filter(None, sentences)) or None


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorInfo:
    """What a loaded detector really is and where it really runs."""

    model: str
    device: str
    runtime: str
    precision: str  # the numbers it computes with: fp32, fp16 ...
    labels: tuple[str, ...]
    test_model: bool  # only knows drawn scenes
    parity: Parity | None = None  # None for the reference itself
    best_batch: int = 1  # pictures at once, beyond which nothing is gained
    fallback: str | None = None  # what it had to fall back from, as a sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """One object; the box is x1, y1, x2, y2 in 0-1 of the upright picture."""

    label: str
    confidence: float
    box: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedImage:
    """One picture ready for the detector; moments are of time.perf_counter."""

    pixels: torch.Tensor  # uint8 as the detector takes them: an RT-DETRv2's (3, height, width)
    width: int  # of the upright picture
    height: int
    started_at: float
    decode_ms: float
    preprocess_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageResult:
    """What the detector found in one picture; times are of the whole batch it was in."""

    detections: tuple[Detection, ...]
    started_at: float
    batch: int  # pictures
    infer_ms: float
    postprocess_ms: float


class Detector(Protocol):
    """A loaded detector; both methods block and are called from threads."""

    @property
    def info(self) -> DetectorInfo:
        """Say what is loaded."""
        ...

    def prepare(self, data: bytes) -> PreparedImage:
        """Decode and resize one picture; raises the ProblemErrors of detection.decode."""
        ...

    def detect(
        self, pictures: Sequence[PreparedImage], thresholds: Sequence[float]
    ) -> list[ImageResult]:
        """Look at a batch of pictures, each with its own lowest confidence."""
        ...
