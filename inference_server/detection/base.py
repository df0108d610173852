"""Types shared by all detectors; imports no heavy package."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol

from inference_server.observability.component_status import Reason

if TYPE_CHECKING:
    import torch


class DetectorLoadError(Exception):
    """The detector cannot be loaded; the message names the remedy."""

    reason: ClassVar[Reason] = Reason.LOAD_FAILED


class DetectorBrokenError(DetectorLoadError):
    """The detector fails in a way that is not foreseen; its cause belongs in the log."""


class GpuLostError(DetectorLoadError):
    """The GPU is lost to this process; a new process could use it."""

    reason = Reason.GPU_LOST


class RuntimeUnavailableError(Exception):
    """A runtime or precision is not available on this machine; the message names the remedy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parity:
    """Differences between a runtime and the reference; the limits are in parity.py."""

    pictures: int
    objects: int  # that both detect with high confidence
    score_difference: float  # maximum, 0-1
    least_iou: float  # minimum over boxes of the same candidate


def join_sentences(*sentences: str | None) -> str | None:
    """Join sentences with spaces; None if there are none."""
    return " ".join(filter(None, sentences)) or None


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorInfo:
    """The loaded detector with the device, runtime and precision in use."""

    model: str
    device: str
    runtime: str
    precision: str  # fp32, fp16 or bf16
    labels: tuple[str, ...]
    test_model: bool  # trained on synthetic scenes only
    parity: Parity | None = None  # None for the reference itself
    best_batch: int = 1  # images; larger batches are no faster
    fallback: str | None = None  # why a requested or faster runtime is not used


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """One object; the box is x1, y1, x2, y2 as shares (0-1) of the upright image."""

    label: str
    confidence: float
    box: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedImage:
    """One image as detector input; times are of time.perf_counter."""

    pixels: torch.Tensor  # uint8; (3, height, width) for an RT-DETRv2
    width: int  # of the upright image
    height: int
    started_at: float
    decode_ms: float
    preprocess_ms: float
    damage: str | None = None  # what is wrong with the file, although it can be shown
    content: tuple[float, float] = (1.0, 1.0)  # shares of the input's width and height


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageResult:
    """Detections in one image; times are those of its batch."""

    detections: tuple[Detection, ...]
    started_at: float
    batch: int  # images
    infer_ms: float
    postprocess_ms: float


class Detector(Protocol):
    """A loaded detector; its methods block and are called from threads."""

    @property
    def info(self) -> DetectorInfo:
        """Description of the loaded detector."""
        ...

    def prepare(self, data: bytes) -> PreparedImage:
        """Decode and resize one image; raises the ProblemErrors of detection.decode."""
        ...

    def detect(
        self, images: Sequence[PreparedImage], thresholds: Sequence[float]
    ) -> list[ImageResult]:
        """Detect objects in a batch of images, each with its own confidence threshold."""
        ...
